/** The logs that a training task has left, or has printed so far. */
import type { Problem } from "../archive/group.js";
import { parseTaskLabel } from "../evaluation/naming/label.js";
import type { Source } from "../io/source.js";
import { type ArtifactStore, artifactName } from "./artifact-store.js";
import { type GroupTask, hasCode, isRefused, TaskclusterError, type TaskRun } from "./client/index.js";
import { finishedLog, TRAINING_LOGS } from "./finished-log.js";
import { labelOf, lastRun, nameOf, unfinishedText } from "./group-task.js";
import { type LastUpdate, lastUpdate } from "./last-update.js";
import { isOver } from "./status-poll.js";

const VALIDATION_LOG = "public/build/valid.log";
/** What the pipeline keeps with the logs. */
const CONFIG_FILES = ["public/build/config.opustrainer.yml"];

/** What came of looking at a training task. */
export interface TrainingRead {
  readonly task: GroupTask;
  /** The label itself where that names no known model. */
  readonly model: string;
  /** Absent if the task has left none. */
  readonly log?: Source;
  readonly validationLog?: Source;
  readonly configFiles?: readonly string[];
  /** Absent for a completed training. */
  readonly unfinished?: "failed" | "running";
  readonly problems: readonly Problem[];
}

/** A training whose logs are not read. */
export function unreadTraining(task: GroupTask): TrainingRead {
  const label = parseTaskLabel(labelOf(task));
  return { task, model: label?.stage === "train" ? label.model : labelOf(task), problems: [] };
}

/** Downloads the logs of a completed training. Nothing is thrown for its faults. */
export async function readTraining(store: ArtifactStore, task: GroupTask): Promise<TrainingRead> {
  const about = unreadTraining(task);
  const run = lastRun(task);
  if (run === undefined) return { ...about, problems: namingProblems(task) };
  try {
    const { problems, ...logs } = await logsLeft(store, task, run);
    return { ...about, ...logs, problems: [...namingProblems(task), ...problems] };
  } catch (error) {
    const failure = { ...problemOf(task, "failure", messageOf(error)), cause: causeOf(error) };
    return { ...about, problems: [...namingProblems(task), failure] };
  }
}

/**
 * Reads the log of a training that failed, was cancelled, or goes on: that of its newest run with an update. Nothing is
 * thrown for its faults, and they are warnings: nobody can expect more of it.
 */
export async function readUnfinishedTraining(store: ArtifactStore, task: GroupTask): Promise<TrainingRead> {
  const about = unreadTraining(task);
  const { taskId, state, runs } = task.status;
  const reasons: string[] = [];
  for (const run of runs.toReversed()) {
    if (run.state === "pending") continue;
    const { runId } = run;
    try {
      const { problems, ...logs } = isOver(run.state)
        ? await logsLeft(store, task, run)
        : { log: await store.snapshot(taskId, runId), problems: [] };
      const last = logs.log && (await lastUpdate(logs.log));
      if (last === undefined) {
        reasons.push(
          logs.log === undefined
            ? (problems[0]?.reason ?? `run ${runId} has left no log`)
            : `the log of run ${runId} holds no update`,
        );
        continue;
      }
      const partial = problemOf(task, "warning", unfinishedText(task, `: ${partText(run, last, runs)}`));
      const warnings = problems.map((problem): Problem => ({ ...problem, severity: "warning" }));
      return {
        ...about,
        ...logs,
        unfinished: state === "failed" || state === "exception" ? "failed" : "running",
        problems: [partial, ...namingProblems(task), ...warnings],
      };
    } catch (error) {
      const isEarly = !isOver(run.state) && hasCode(error, "not-found");
      reasons.push(isEarly ? "it has no log yet" : messageOf(error));
    }
  }
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  return { ...about, problems: [problemOf(task, "warning", unfinishedText(task, "left out", why))] };
}

function partText({ runId }: TaskRun, { up }: LastUpdate, runs: readonly TaskRun[]): string {
  const isNewest = runs.at(-1)?.runId === runId;
  return `its curves end at update ${up}${isNewest ? "" : `, with run ${runId}: no later run has an update`}`;
}

/** @throws TaskclusterError if its artifacts can't be listed, or the command is stopped. */
async function logsLeft(
  store: ArtifactStore,
  task: GroupTask,
  { runId }: TaskRun,
): Promise<Omit<TrainingRead, "task" | "model">> {
  const { taskId } = task.status;
  const artifacts = await store.list(taskId, runId);
  const listed = (names: readonly string[]) =>
    names
      .flatMap((name) => [name, name.replace(/^public/, "private")])
      .filter((name) => artifacts.some((artifact) => artifact.name === name));
  const [training, validation] = await Promise.all([
    finishedLog(store, { taskId, runId }, listed(TRAINING_LOGS)),
    finishedLog(store, { taskId, runId }, listed([VALIDATION_LOG])),
  ]);
  const { log, reason } = training;
  if (log === undefined) {
    const missing = reason ?? `it has left no log (${TRAINING_LOGS.slice(0, 2).join(", ")})`;
    const cause =
      training.errors.length === 0 ? undefined : [...new Set(training.errors.map(causeOf))].join("; ");
    return { problems: [{ ...problemOf(task, "failure", missing), cause }] };
  }
  const problems: Problem[] = [];
  if (reason !== undefined) problems.push(problemOf(task, "warning", reason));
  const [fault] = validation.errors;
  if (fault !== undefined) {
    const alone = `${validation.reason}: validations are read from ${log.name} alone`;
    // What arrived incomplete this time may do so the next.
    problems.push(problemOf(task, isRefused(fault) ? "warning" : "failure", alone));
  }
  const configFiles = listed(CONFIG_FILES).map((name) => artifactName({ taskId, runId, name }));
  return {
    log,
    ...(validation.log === undefined ? {} : { validationLog: validation.log }),
    ...(configFiles.length === 0 ? {} : { configFiles }),
    problems,
  };
}

function namingProblems(task: GroupTask): Problem[] {
  if (parseTaskLabel(labelOf(task))?.stage === "train") return [];
  const reason = "its label names no known model, so its run is called by the label";
  return [problemOf(task, "warning", reason)];
}

function problemOf(task: GroupTask, severity: Problem["severity"], reason: string): Problem {
  return { source: nameOf(task), reason, severity };
}

function causeOf(error: unknown): string {
  return error instanceof TaskclusterError ? error.why : messageOf(error);
}

/** @throws The error, if it says that the command is stopped. */
function messageOf(error: unknown): string {
  if (hasCode(error, "stopped")) throw error;
  return error instanceof Error ? error.message : String(error);
}
