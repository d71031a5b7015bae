/** What `ls` does: the trainings and evaluations of a group, and how they stand. */
import type { Problem } from "../../archive/group.js";
import { type Label, readLabel } from "../../evaluation/naming/label.js";
import { type GroupTask, hasCode, type Queue, TaskclusterError } from "../../taskcluster/client/index.js";
import { CurrentLogSource } from "../../taskcluster/current-log.js";
import { finishedLog, TRAINING_LOGS } from "../../taskcluster/finished-log.js";
import { byLabel, labelOf, lastRun, stageOf } from "../../taskcluster/group-task.js";
import { type LastUpdate, lastUpdate } from "../../taskcluster/last-update.js";
import { type Experiment, listTasks, readExperiment } from "../../taskcluster/listed-group.js";
import { isOver } from "../../taskcluster/status-poll.js";
import type { TaskclusterAccess } from "./client.js";

/** States of tasks, in the order of the counts. */
export const STATES = ["completed", "running", "pending", "unscheduled", "failed", "exception"] as const;

/** A training or an evaluation. */
export interface ListedTask {
  readonly taskId: string;
  readonly label: string;
  /** The label itself if it names no known model. */
  readonly model: string;
  /** Absent for a training. */
  readonly dataset?: Pick<Label, "importer" | "dataset" | "augmentation">;
  readonly state: (typeof STATES)[number];
  /** Why it ended, if its state does not say so: `worker-shutdown` … */
  readonly reason?: string;
  readonly runs: number;
  /** Of the last run; ISO 8601. */
  readonly started?: string;
  readonly resolved?: string;
  /** Of all runs together, so far. */
  readonly seconds: number;
  /** The last update of the training; absent if its log has none. */
  readonly last?: LastUpdate;
}

/** A training with the evaluations of its model, or a model with evaluations only. */
export interface ListedModel {
  readonly model: string;
  readonly training?: ListedTask;
  readonly evaluations: readonly ListedTask[];
}

/** A group. */
export interface Listing {
  readonly groupId: string;
  /** Absent for a group without an action. */
  readonly experiment?: Experiment;
  readonly models: readonly ListedModel[];
  readonly problems: readonly Problem[];
}

/**
 * Lists a group.
 *
 * @param withUpdates Reads the logs of the trainings for their last update.
 * @throws TaskclusterError when the group can't be listed.
 */
export async function listGroup(
  groupId: string,
  access: TaskclusterAccess,
  withUpdates: boolean,
): Promise<Listing> {
  const { queue } = access;
  const found = await experimentOf(queue, groupId);
  const tasks = await listTasks(queue, groupId).catch((error: unknown) => {
    // If the id of a task was given, the reason names its group.
    if (!hasCode(error, "not-found") || !("reason" in found)) throw error;
    throw new TaskclusterError("not-found", `${error.message}; ${found.source}: ${found.reason}`, {
      status: error.status,
    });
  });
  const ours = tasks.filter((task) => stageOf(task) !== undefined).sort(byLabel);
  const problems: Problem[] = "reason" in found ? [found] : [];
  const listed = await Promise.all(
    ours.map(async (task) => {
      const isTraining = stageOf(task) === "training";
      const last = isTraining && withUpdates ? await updateOf(task, access, problems) : undefined;
      return { task, isTraining, listed: listedTask(task, queue.clock.now(), last) };
    }),
  );
  const trainings = listed.filter(({ isTraining }) => isTraining);
  const models: { model: string; taskId?: string; training?: ListedTask; evaluations: ListedTask[] }[] =
    trainings.map(({ listed: training }) => ({ model: training.model, training, evaluations: [] }));
  for (const { task, isTraining, listed: evaluation } of listed) {
    if (isTraining) continue;
    const same = models.filter(({ model }) => model === evaluation.model);
    const direct = same.find(({ training }) => task.task.dependencies.includes(training?.taskId ?? ""));
    const owner = direct ?? same[0] ?? { model: evaluation.model, evaluations: [] };
    if (!models.includes(owner)) models.push(owner);
    owner.evaluations.push(evaluation);
  }
  return { groupId, ...("reason" in found ? {} : { experiment: found }), models, problems };
}

/** A group whose action has expired can still be listed. */
async function experimentOf(queue: Queue, groupId: string): Promise<Experiment | Problem> {
  try {
    return await readExperiment(queue, groupId);
  } catch (error) {
    if (!hasCode(error, "not-found")) throw error;
    return { source: `group ${groupId}`, reason: error.message, severity: "warning" };
  }
}

function listedTask(task: GroupTask, now: number, last: LastUpdate | undefined): ListedTask {
  const label = readLabel(labelOf(task));
  const run = lastRun(task);
  const { state, runs, taskId } = task.status;
  const seconds = runs.reduce((sum, { started, resolved }) => {
    if (started === undefined) return sum;
    return (
      sum + Math.max(0, (resolved === undefined ? now : Date.parse(resolved)) - Date.parse(started)) / 1000
    );
  }, 0);
  return {
    taskId,
    label: labelOf(task),
    model: label?.model ?? labelOf(task),
    ...(label?.stage === "evaluate" ? { dataset: label } : {}),
    state,
    ...(run?.reasonResolved === undefined || run.reasonResolved === state
      ? {}
      : { reason: run.reasonResolved }),
    runs: runs.length,
    ...(run?.started === undefined ? {} : { started: run.started }),
    ...(run?.resolved === undefined ? {} : { resolved: run.resolved }),
    seconds: Math.round(seconds),
    ...(last === undefined ? {} : { last }),
  };
}

/** A log that can't be read costs the update, not the list. */
async function updateOf(
  task: GroupTask,
  { queue, store }: TaskclusterAccess,
  problems: Problem[],
): Promise<LastUpdate | undefined> {
  const run = lastRun(task);
  if (run === undefined || run.state === "pending") return undefined;
  const { taskId } = task.status;
  try {
    const { runId } = run;
    if (!isOver(run.state)) return await lastUpdate(new CurrentLogSource(queue, taskId, runId));
    const names = (await store.list(taskId, runId)).map(({ name }) => name);
    const logs = TRAINING_LOGS.filter((name) => names.includes(name));
    const { log, reason } = await finishedLog(store, { taskId, runId }, logs);
    if (reason !== undefined) problems.push({ source: labelOf(task), reason, severity: "warning" });
    return log && (await lastUpdate(log));
  } catch (error) {
    if (hasCode(error, "stopped")) throw error;
    const reason = `its last update is not known: ${error instanceof Error ? error.message : String(error)}`;
    problems.push({ source: labelOf(task), reason, severity: "warning" });
    return undefined;
  }
}
