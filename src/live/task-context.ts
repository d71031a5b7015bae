/** What the task knows in which a command runs. */
import { CI_PROJECT, groupNameOf, suffixOf } from "../evaluation/naming/group-name.js";
import { parseTaskLabel, type TaskLabel } from "../evaluation/naming/label.js";
import { Queue, TaskclusterError, taskAddress } from "../taskcluster/client/index.js";
import { type Experiment, readExperiment } from "../taskcluster/listed-group.js";

/** Variables of the environment, as in process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A task and its experiment. */
export interface TaskContext {
  /** `<project>`, `<experiment>_<group id>`, the suffix of its runs, and its configuration where an action gave one. */
  readonly experiment: Experiment;
  /** The task's label. */
  readonly label: string;
  /** What the label says; absent if it names no known model. */
  readonly named?: TaskLabel;
  /** The model of the label; the label itself where it names none. */
  readonly model: string;
  /** What deserves a word. */
  readonly notes: readonly string[];
}

/** What a task's group says about the exit code of its commands. */
export interface TaskOrigin {
  readonly groupId: string;
  /** Whether the group is known to be none that an action has started: a push or a pull request. */
  readonly trial: boolean;
}

/** The queue of the task's proxy; undefined outside a task. */
export function taskQueue(environment: Environment, signal?: AbortSignal): Queue | undefined {
  const rootUrl = environment["TASKCLUSTER_PROXY_URL"];
  if (!environment["TASK_ID"] || !rootUrl) return undefined;
  return new Queue({ rootUrl, userAgent: "marian-tracking", signal });
}

/**
 * Asks for the task's experiment.
 *
 * @throws TaskclusterError if the queue can't be asked, or does not know the task.
 */
export async function readTaskContext(queue: Queue, environment: Environment): Promise<TaskContext> {
  const { taskId } = taskAddress(environment["TASK_ID"] ?? "");
  const { taskGroupId, metadata } = await queue.task(taskId);
  const found = await readExperiment(queue, taskGroupId);
  const notes: string[] = [];
  const label = metadata.name;
  const named = parseTaskLabel(label);
  if (named === undefined)
    notes.push(`the label of the task, ${label}, names no known model: the label is the name of the run`);
  let experiment: Experiment;
  if ("project" in found) {
    experiment = found;
  } else {
    notes.push(`${found.source}: ${found.reason}; its runs go to the project ${CI_PROJECT}`);
    experiment = {
      groupId: taskGroupId,
      project: CI_PROJECT,
      name: groupNameOf(CI_PROJECT, taskGroupId),
      suffix: suffixOf(CI_PROJECT, taskGroupId),
    };
  }
  return {
    experiment,
    label,
    ...(named === undefined ? {} : { named }),
    model: named?.model ?? label,
    notes,
  };
}

/**
 * Asks what has started the task's group.
 *
 * @throws TaskclusterError if the queue can't be asked, or does not know the task.
 */
export async function readTaskOrigin(queue: Queue, environment: Environment): Promise<TaskOrigin> {
  const { taskId } = taskAddress(environment["TASK_ID"] ?? "");
  const { taskGroupId: groupId } = await queue.task(taskId);
  const { extra } = await queue.task(groupId);
  const origin = extra["tasks_for"];
  return { groupId, trial: typeof origin === "string" && origin !== "action" };
}

/** Whether faults of a task in automation are to show; false if that question fails. */
export async function isTrial(environment: Environment, signal?: AbortSignal): Promise<boolean> {
  let queue: Queue | undefined;
  try {
    queue = taskQueue(environment, signal);
    return queue !== undefined && (await readTaskOrigin(queue, environment)).trial;
  } catch (error) {
    if (error instanceof TaskclusterError) return false;
    throw error;
  } finally {
    await queue?.close();
  }
}
