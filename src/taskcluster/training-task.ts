/** The logs that a training task has left. */
import type { Problem } from "../archive/group.js";
import { readLabel } from "../evaluation/naming/label.js";
import type { Source } from "../io/source.js";
import type { ArtifactStore } from "./artifact-store.js";
import { type Artifact, type GroupTask, hasCode, isRefused } from "./client/index.js";
import { finishedLog, TRAINING_LOGS } from "./finished-log.js";
import { labelOf, lastRun, nameOf } from "./group-task.js";

const VALIDATION_LOG = "public/build/valid.log";

/** What came of looking at a training task. */
export interface TrainingRead {
  readonly task: GroupTask;
  /** The label itself where that names no known model. */
  readonly model: string;
  /** Absent if the task has left none. */
  readonly log?: Source;
  readonly validationLog?: Source;
  readonly problems: readonly Problem[];
}

/** A training whose logs are not read. */
export function unreadTraining(task: GroupTask): TrainingRead {
  const label = readLabel(labelOf(task));
  return { task, model: label?.stage === "train" ? label.model : labelOf(task), problems: [] };
}

/** Downloads the logs of a completed training. Nothing is thrown for its faults. */
export async function readTraining(store: ArtifactStore, task: GroupTask): Promise<TrainingRead> {
  const problems: Problem[] = [];
  const say = (severity: Problem["severity"], reason: string) =>
    problems.push({ source: nameOf(task), reason, severity });
  if (readLabel(labelOf(task))?.stage !== "train")
    say("warning", "its label names no known model, so its run is called by the label");
  const run = lastRun(task);
  const about = { ...unreadTraining(task), problems };
  if (run === undefined) return about;
  const { taskId } = task.status;
  let artifacts: readonly Artifact[];
  try {
    artifacts = await store.list(taskId, run.runId);
  } catch (error) {
    if (hasCode(error, "stopped")) throw error;
    say("failure", error instanceof Error ? error.message : String(error));
    return about;
  }
  const { runId } = run;
  const listed = (names: readonly string[]) =>
    names
      .flatMap((name) => [name, name.replace(/^public/, "private")])
      .filter((name) => artifacts.some((artifact) => artifact.name === name));
  const [training, validation] = await Promise.all([
    finishedLog(store, { taskId, runId }, listed(TRAINING_LOGS)),
    finishedLog(store, { taskId, runId }, listed([VALIDATION_LOG])),
  ]);
  const { log } = training;
  if (log === undefined)
    say("failure", training.reason ?? `it has left no log (${TRAINING_LOGS.slice(0, 2).join(", ")})`);
  else if (training.reason !== undefined) say("warning", training.reason);
  if (log === undefined) return about;
  const [fault] = validation.errors;
  if (fault !== undefined)
    // What arrived incomplete this time may do so the next.
    say(
      isRefused(fault) ? "warning" : "failure",
      `${validation.reason}: validations are read from ${log.name} alone`,
    );
  return { ...about, log, ...(validation.log === undefined ? {} : { validationLog: validation.log }) };
}
