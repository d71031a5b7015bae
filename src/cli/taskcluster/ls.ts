/** What `ls` does: the trainings and evaluations of a group, and how they stand. */
import type { Problem } from "../../archive/group.js";
import { parseTaskLabel, type TaskLabel } from "../../evaluation/naming/label.js";
import { type Blocker, blockersOf } from "../../taskcluster/blockers.js";
import {
  type GroupAddress,
  type GroupTask,
  hasCode,
  type Queue,
  TaskclusterError,
} from "../../taskcluster/client/index.js";
import { CurrentLogSource } from "../../taskcluster/current-log.js";
import { finishedLog, TRAINING_LOGS } from "../../taskcluster/finished-log.js";
import { byLabel, labelOf, lastRun, type Stage, stageOf } from "../../taskcluster/group-task.js";
import { type LastUpdate, lastUpdate } from "../../taskcluster/last-update.js";
import { type Experiment, groupIdOf, listTasks, readExperiment } from "../../taskcluster/listed-group.js";
import { isOver } from "../../taskcluster/status-poll.js";
import type { TaskclusterAccess } from "./client.js";

/** States of tasks, in the order of their counts. */
export const STATES = ["completed", "running", "pending", "unscheduled", "failed", "exception"] as const;

/** A training or an evaluation. */
export interface ListedTask {
  readonly taskId: string;
  readonly label: string;
  /** Taskcluster's kind of the task; absent for tasks of 2022 and before. */
  readonly kind?: string;
  /** The label itself if it names no known model. */
  readonly model: string;
  /** Absent for a training. */
  readonly dataset?: Pick<TaskLabel, "importer" | "dataset" | "augmentation">;
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
  /** What keeps the task from starting; absent if it has started, or nothing is known to. */
  readonly blockedBy?: readonly Blocker[];
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
  /** How many trainings and evaluations are in each state, before a selection; empty if the group could not be listed. */
  readonly counts: ReadonlyMap<ListedTask["state"], number>;
  /** The kinds of the trainings and evaluations, before a selection. */
  readonly kinds: readonly string[];
  readonly models: readonly ListedModel[];
  readonly problems: readonly Problem[];
}

/** What is listed of a group. */
export interface ListRequest {
  /** Reads the logs of the trainings for their last update. */
  readonly withUpdates: boolean;
  /** Only tasks in one of these states; empty: all. */
  readonly states: readonly ListedTask["state"][];
  /** Only tasks of these kinds, see {@link isOfKind}; empty: all. */
  readonly kinds: readonly string[];
}

/** The kinds that stand for all trainings and all evaluations, by whatever name a pipeline calls them. */
export const STAGE_KINDS: Readonly<Record<string, Stage>> = { train: "training", evaluate: "evaluation" };

/** Whether a task is of a kind that the user named: `train`, `evaluate`, Taskcluster's kind, or how that begins. */
export function isOfKind(task: GroupTask, kind: string): boolean {
  const name = kindOf(task);
  return STAGE_KINDS[kind] === stageOf(task) || name === kind || name.startsWith(`${kind}-`);
}

function kindOf(task: GroupTask): string {
  return task.task.tags.kind ?? labelOf(task);
}

/**
 * Lists groups, each once. Of several, one that can't be fetched has no counts and its error as a problem.
 *
 * @throws TaskclusterError if the only group can't be listed, or the command is stopped.
 */
export async function listGroups(
  addresses: readonly GroupAddress[],
  access: TaskclusterAccess,
  request: ListRequest,
): Promise<Listing[]> {
  const listings = new Map<string, Listing>();
  for (const address of addresses) {
    let { groupId } = address;
    try {
      groupId = await groupIdOf(access.queue, address);
      if (!listings.has(groupId)) listings.set(groupId, await listGroup(groupId, access, request));
    } catch (error) {
      if (addresses.length === 1 || !(error instanceof TaskclusterError) || error.code === "stopped")
        throw error;
      const problem = { source: groupId, reason: error.message, severity: "failure" } as const;
      listings.set(groupId, { groupId, counts: new Map(), kinds: [], models: [], problems: [problem] });
    }
  }
  return [...listings.values()];
}

/** @throws TaskclusterError if the group can't be listed. */
async function listGroup(
  groupId: string,
  access: TaskclusterAccess,
  { withUpdates, states, kinds }: ListRequest,
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
  const selected = ours.filter(
    (task) =>
      (states.length === 0 || states.includes(task.status.state)) &&
      (kinds.length === 0 || kinds.some((kind) => isOfKind(task, kind))),
  );
  const problems: Problem[] = "reason" in found ? [found] : [];
  const blockers = await blockersOf(queue, tasks, selected).catch((error: unknown) => {
    if (!(error instanceof TaskclusterError) || error.code === "stopped") throw error;
    const reason = `what blocks its tasks is not known: ${error.message}`;
    problems.push({ source: `group ${groupId}`, reason, severity: "warning" });
    return undefined;
  });
  const listed = await Promise.all(
    selected.map(async (task) => {
      const isTraining = stageOf(task) === "training";
      const last = isTraining && withUpdates ? await updateOf(task, access, problems) : undefined;
      const blockedBy = blockers?.get(task.status.taskId);
      return {
        task,
        isTraining,
        listed: {
          ...listedTask(task, queue.clock.now()),
          ...(last === undefined ? {} : { last }),
          ...(blockedBy === undefined ? {} : { blockedBy }),
        },
      };
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
  return {
    groupId,
    ...("reason" in found ? {} : { experiment: found }),
    counts: new Map(
      STATES.map((state) => [state, ours.filter(({ status }) => status.state === state).length] as const),
    ),
    kinds: [...new Set(ours.map(kindOf))],
    models,
    problems,
  };
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

function listedTask(task: GroupTask, now: number): ListedTask {
  const label = parseTaskLabel(labelOf(task));
  const run = lastRun(task);
  const { state, runs, taskId } = task.status;
  const { kind } = task.task.tags;
  const seconds = runs.reduce((sum, { started, resolved }) => {
    if (started === undefined) return sum;
    return (
      sum + Math.max(0, (resolved === undefined ? now : Date.parse(resolved)) - Date.parse(started)) / 1000
    );
  }, 0);
  return {
    taskId,
    label: labelOf(task),
    ...(kind === undefined ? {} : { kind }),
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
