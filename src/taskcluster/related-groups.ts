/** The group that the user named, and those that its trainings build on. */

import type { Problem } from "../archive/group.js";
import { type GroupTask, hasCode, type Queue, TaskclusterError } from "./client/index.js";
import { stageOf } from "./group-task.js";
import { type ListedGroup, listTasks, readExperiment } from "./listed-group.js";

/** Groups, and what is to be said of those that are not among them. */
export interface ListedGroups {
  /** The one asked for, then those next to it by id, then those next to them, and so on. */
  readonly groups: readonly ListedGroup[];
  readonly problems: readonly Problem[];
}

/** A group to look at. */
interface Wanted {
  readonly groupId: string;
  /** Its tasks that others depend on. */
  readonly reached: readonly string[];
}

/**
 * Lists a group, and all groups that its trainings depend on, however far.
 *
 * @param depth How many steps from the group asked for; 0 for that group alone.
 * @throws TaskclusterError if the id asked for is no group of trainings (the message says what it is), or can't be
 * listed. What is wrong with another group is a problem.
 */
export async function listGroups(queue: Queue, groupId: string, depth: number): Promise<ListedGroups> {
  const problems: Problem[] = [];
  const groups: ListedGroup[] = [];
  const known = new Set([groupId]);
  let wanted: readonly Wanted[] = [{ groupId, reached: [] }];
  for (let step = 0; wanted.length > 0; step += 1) {
    const read = await Promise.all(
      wanted.map((one) =>
        step === 0 ? listNamed(queue, one) : tolerant(listGroup(queue, one), one.groupId),
      ),
    );
    const next = new Map<string, string[]>();
    for (const result of read) {
      if ("reason" in result) {
        problems.push(result);
        continue;
      }
      groups.push(result.group);
      if (step >= depth) continue;
      for (const [found, ids] of await foreignGroups(queue, result, problems)) {
        if (!known.has(found)) next.set(found, [...(next.get(found) ?? []), ...ids]);
      }
    }
    for (const id of next.keys()) known.add(id);
    wanted = [...next].map(([id, reached]) => ({ groupId: id, reached })).sort(byId);
  }
  return { groups, problems };
}

interface Listed {
  readonly group: ListedGroup;
  readonly reached: readonly string[];
}

/** The group that the user named. A missing one is no warning. */
async function listNamed(queue: Queue, wanted: Wanted): Promise<Listed> {
  const { groupId } = wanted;
  try {
    const listed = await listGroup(queue, wanted);
    if (!("reason" in listed)) return listed;
    throw await groupError(queue, groupId, listed.reason);
  } catch (error) {
    // Its configuration may have expired before it.
    if (!hasCode(error, "not-found") || !(await isThere(queue, groupId))) throw error;
    throw await groupError(
      queue,
      groupId,
      `the task of the same id, which holds its configuration, has expired`,
    );
  }
}

async function isThere(queue: Queue, groupId: string): Promise<boolean> {
  try {
    await queue.group(groupId);
    return true;
  } catch (error) {
    if (hasCode(error, "not-found")) return false;
    throw error;
  }
}

async function listGroup(queue: Queue, { groupId, reached }: Wanted): Promise<Listed | Problem> {
  const experiment = await readExperiment(queue, groupId);
  if ("reason" in experiment) return experiment;
  return { group: { ...experiment, tasks: await listTasks(queue, groupId) }, reached };
}

async function tolerant(listed: Promise<Listed | Problem>, groupId: string): Promise<Listed | Problem> {
  try {
    const read = await listed;
    return "reason" in read ? { ...read, reason: `${read.reason}: the group is skipped` } : read;
  } catch (error) {
    if (!(error instanceof TaskclusterError) || error.code === "stopped") throw error;
    // What has expired can't be read by anybody.
    const severity = hasCode(error, "not-found") ? "warning" : "failure";
    return { source: `group ${groupId}`, reason: `${error.message}: the group is skipped`, severity };
  }
}

/** The other groups that trainings of a group depend on, directly or through its own tasks, with the tasks there. */
async function foreignGroups(
  queue: Queue,
  { group, reached }: Listed,
  problems: Problem[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const foreign = foreignDependencies(group, reached);
  const source = `group ${group.groupId}`;
  const groups = new Map<string, string[]>();
  try {
    const statuses = await queue.statuses(foreign);
    for (const { taskId, taskGroupId } of statuses.values())
      groups.set(taskGroupId, [...(groups.get(taskGroupId) ?? []), taskId]);
    const expired = foreign.length - statuses.size;
    if (expired > 0) {
      const tasks = expired === 1 ? "1 task of another group" : `${expired} tasks of other groups`;
      const reason = `${tasks} that its trainings depend on ${expired === 1 ? "has" : "have"} expired: what they belong to is not known`;
      problems.push({ source, reason, severity: "warning" });
    }
  } catch (error) {
    if (!(error instanceof TaskclusterError) || error.code === "stopped") throw error;
    const reason = `related groups could not be looked up: ${error.message}`;
    problems.push({ source, reason, severity: "failure" });
  }
  return groups;
}

function foreignDependencies({ groupId, tasks }: ListedGroup, reached: readonly string[]): string[] {
  const own = new Map(tasks.map((task): [string, GroupTask] => [task.status.taskId, task]));
  const trainings = tasks.filter((task) => stageOf(task) === "training").map(({ status }) => status.taskId);
  const seen = new Set([...trainings, ...reached]);
  const foreign: string[] = [];
  // A set is walked through while it grows.
  for (const id of seen) {
    const task = own.get(id);
    // The task whose id is the group's is the action that made it.
    if (task === undefined && id !== groupId) foreign.push(id);
    for (const dependency of task?.task.dependencies ?? []) seen.add(dependency);
  }
  return foreign.sort();
}

function byId(one: Wanted, other: Wanted): number {
  return one.groupId < other.groupId ? -1 : 1;
}

/**
 * Looks at what an id is whose group has no configuration.
 *
 * @param reason Why it has none.
 * @throws TaskclusterError if the queue can't be asked.
 */
export async function groupError(queue: Queue, groupId: string, reason: string): Promise<TaskclusterError> {
  const tasks = await found(listTasks(queue, groupId));
  const definition = await found(queue.task(groupId));
  if (tasks === undefined) {
    const { name } = definition?.metadata ?? { name: "unknown" };
    const group = definition?.taskGroupId ?? "";
    const what = `${groupId} is not a group but the task ${name} of group ${group}`;
    const publish = `\`marian-tracking group ${group}\` takes its group`;
    return new TaskclusterError(
      "no-group",
      definition !== undefined && isOurs({ task: definition })
        ? `${what}: ${publish}, \`marian-tracking task ${groupId}\` the task alone`
        : `${what}: ${publish}`,
    );
  }
  const ours = tasks.filter(isOurs);
  if (ours.length > 0) {
    const [first] = ours;
    return new TaskclusterError(
      "no-configuration",
      `group ${groupId}: ${reason}. Its project and its runs have no names: \`marian-tracking ls ${groupId}\` lists its ${ours.length} trainings and evaluations, \`marian-tracking task ${first?.status.taskId}\` publishes one`,
    );
  }
  const origin = definition === undefined ? "" : ` (${definition.metadata.name})`;
  const started = tasks.filter(isTrainAction).map(({ status }) => status.taskId);
  const next =
    started.length === 0
      ? `name the group that its action "train" has started`
      : `its action "train" has started ${started.map((id) => `\`marian-tracking group ${id}\``).join(", ")}`;
  return new TaskclusterError(
    "no-trainings",
    `group ${groupId}${origin} holds no training and no evaluation: ${next}`,
  );
}

function isOurs(task: Pick<GroupTask, "task">): boolean {
  return stageOf(task) !== undefined;
}

/** The id of a group of trainings is that of the action's task. */
function isTrainAction({ task }: GroupTask): boolean {
  return task.tags.kind === "action-callback" && /\btrain\b/i.test(task.metadata.name);
}

async function found<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (hasCode(error, "not-found")) return undefined;
    throw error;
  }
}
