/** A group as the queue lists it. */

import type { Config, Problem } from "../archive/group.js";
import { groupNameOf, projectOf, suffixOf } from "../evaluation/naming/group-name.js";
import { isObject } from "../json.js";
import type { GroupAddress, GroupTask, Queue } from "./client/index.js";

/** What the names of a group's runs are made of. */
export interface Experiment {
  readonly groupId: string;
  readonly project: string;
  /** `<experiment>_<group id>` */
  readonly name: string;
  readonly suffix: string;
  /** Input of the action; absent for a group that no action has started. */
  readonly config?: Config;
}

/** A group with its tasks. */
export interface ListedGroup extends Experiment {
  readonly tasks: readonly GroupTask[];
}

/**
 * The experiment that a group is, from the input of the action that made it. A group of another origin, such as a
 * push, has none: the problem says so.
 *
 * @throws TaskclusterError if the group is unknown or has expired (`not-found`), or the queue can't be asked.
 */
export async function readExperiment(queue: Queue, groupId: string): Promise<Experiment | Problem> {
  const without = (reason: string): Problem => ({
    source: `group ${groupId}`,
    reason,
    severity: "warning",
  });
  const action = await queue.task(groupId);
  const config = objectAt(action.extra, "action", "context", "input");
  if (config === undefined) {
    const { taskGroupId } = action;
    const mistaken = taskGroupId === groupId ? "" : `; the task of this id belongs to group ${taskGroupId}`;
    return without(
      `it has no configuration (extra.action.context.input of task ${groupId}), so no action "train" has started it${mistaken}`,
    );
  }
  const experiment = objectAt(config, "experiment");
  const [name, source, target] = ["name", "src", "trg"].map((key) => experiment?.[key]);
  if (typeof name !== "string" || typeof source !== "string" || typeof target !== "string")
    return without("its configuration lacks experiment.name, experiment.src and experiment.trg");
  return {
    groupId,
    project: projectOf(source, target, name),
    name: groupNameOf(name, groupId),
    suffix: suffixOf(name, groupId),
    // It came as JSON.
    config: config as Config,
  };
}

/**
 * The id of the group that the user named, by one of its tasks or by the action that started it.
 *
 * @throws TaskclusterError if the task is unknown or has expired (`not-found`), or the queue can't be asked.
 */
export async function groupIdOf(queue: Queue, { groupId, isTask, isRoute }: GroupAddress): Promise<string> {
  if (isTask !== true && isRoute !== true) return groupId;
  const taskId = isRoute === true ? await queue.indexedTask(groupId) : groupId;
  const task = await queue.task(taskId);
  // The action's own task belongs to the group of the push.
  return objectAt(task.extra, "action", "context", "input") === undefined ? task.taskGroupId : taskId;
}

/** Every task of a group. */
export async function listTasks(queue: Queue, groupId: string): Promise<GroupTask[]> {
  const tasks: GroupTask[] = [];
  for await (const page of queue.groupPages(groupId)) tasks.push(...page);
  return tasks;
}

function objectAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  let node = value;
  for (const key of path) node = isObject(node) ? node[key] : undefined;
  return isObject(node) ? node : undefined;
}
