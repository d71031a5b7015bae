/** The logs that a training task has left. */
import type { Problem } from "../../group/group.js";
import { readLabel } from "../../naming/label.js";
import { type Artifact, type GroupTask, StoppedError } from "../../taskcluster/index.js";
import type { Source } from "../source.js";
import { ArtifactSource } from "./artifact-source.js";
import type { ArtifactStore } from "./artifact-store.js";
import { labelOf, lastRun, nameOf } from "./group-task.js";

/** Marian's own log, and what stands for it where the task did not come to store it: the log of the whole task. */
export const TRAINING_LOGS = ["public/build/train.log", "public/logs/live_backing.log"] as const;
const VALIDATION_LOG = "public/build/valid.log";

/** What came of looking at a training task. */
export interface TrainingRead {
  readonly task: GroupTask;
  /** The label itself where that names no known model. */
  readonly model: string;
  /** Absent where the task has left none. */
  readonly log?: Source;
  readonly validationLog?: Source;
  readonly problems: readonly Problem[];
}

/** Finds the logs of a completed training; they are downloaded when they are read. Nothing is thrown for its faults. */
export async function readTraining(store: ArtifactStore, task: GroupTask): Promise<TrainingRead> {
  const problems: Problem[] = [];
  const say = (severity: Problem["severity"], reason: string) =>
    problems.push({ source: nameOf(task), reason, severity });
  const label = readLabel(labelOf(task));
  const model = label?.stage === "train" ? label.model : labelOf(task);
  if (label?.stage !== "train")
    say("warning", "its label names no known model, so its run is called by the label");
  const run = lastRun(task);
  const about = { task, model, problems };
  if (run === undefined) return about;
  const { taskId } = task.status;
  let artifacts: readonly Artifact[];
  try {
    artifacts = await store.list(taskId, run.runId);
  } catch (error) {
    if (error instanceof StoppedError) throw error;
    say("failure", error instanceof Error ? error.message : String(error));
    return about;
  }
  const source = (name: string) => {
    const found = artifacts.find((artifact) => artifact.name === name && artifact.storageType !== "error");
    return found && new ArtifactSource(store, { taskId, runId: run.runId, name });
  };
  const log = TRAINING_LOGS.map(source).find((found) => found !== undefined);
  if (log === undefined) say("failure", `it has left no log (${TRAINING_LOGS.join(", ")})`);
  const validationLog = source(VALIDATION_LOG);
  return {
    ...about,
    ...(log === undefined ? {} : { log }),
    ...(log === undefined || validationLog === undefined ? {} : { validationLog }),
  };
}
