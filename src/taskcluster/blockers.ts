/** What keeps tasks from starting. */
import type { GroupTask, Queue, TaskStatus } from "./client/index.js";
import { labelOf } from "./group-task.js";

/** A task that others depend on and that is not completed. */
export interface Blocker {
  readonly taskId: string;
  readonly label: string;
  readonly state: Exclude<TaskStatus["state"], "completed">;
}

/** The gravest first. */
const ORDER: readonly TaskStatus["state"][] = ["failed", "exception", "running", "pending", "unscheduled"];

/**
 * What tasks that never started wait for: the tasks upstream, however far, that failed, run or wait themselves. Tasks
 * of other groups are asked for; those that have expired are left out.
 *
 * @param tasks All tasks of the group.
 * @param wanted Those of them whose blockers are looked for.
 * @returns Blockers by the id of the task; nothing for tasks that have started or have no blocker.
 * @throws TaskclusterError if the queue can't be asked.
 */
export async function blockersOf(
  queue: Queue,
  tasks: readonly GroupTask[],
  wanted: readonly GroupTask[],
): Promise<ReadonlyMap<string, readonly Blocker[]>> {
  const known = new Map(tasks.map((task) => [task.status.taskId, task]));
  const waiting = wanted.filter(neverStarted);
  const foreign = new Set(waiting.flatMap((task) => upstream(task, known).unknown));
  const statuses = foreign.size === 0 ? [] : [...(await queue.statuses([...foreign].sort())).values()];
  const unmet = statuses.filter(({ state }) => state !== "completed");
  const definitions = await Promise.all(unmet.map(({ taskId }) => queue.task(taskId)));
  for (const [index, task] of definitions.entries()) {
    const status = unmet[index] as TaskStatus;
    known.set(status.taskId, { task, status });
  }
  const found = waiting.map(
    (task) => [task.status.taskId, upstream(task, known).blockers.sort(byGravity)] as const,
  );
  return new Map(found.filter(([, blockers]) => blockers.length > 0));
}

/** Whether a task waits for others, or did so until its deadline. */
function neverStarted({ status: { state, runs } }: GroupTask): boolean {
  return (
    (state === "unscheduled" || state === "exception") && runs.every(({ started }) => started === undefined)
  );
}

interface Upstream {
  readonly blockers: Blocker[];
  /** Ids of tasks whose state is not known. */
  readonly unknown: string[];
}

/** Follows the dependencies through tasks that wait, down to those that are the cause. */
function upstream(from: GroupTask, known: ReadonlyMap<string, GroupTask>): Upstream {
  const found: Upstream = { blockers: [], unknown: [] };
  const seen = new Set([from]);
  // A set is walked through while it grows.
  for (const task of seen) {
    const { dependencies, requires } = task.task;
    const isUnmet = ({ status: { state } }: GroupTask) =>
      state !== "completed" &&
      !(requires === "all-resolved" && (state === "failed" || state === "exception"));
    const unmet = neverStarted(task) ? dependencies.flatMap((id) => known.get(id) ?? []).filter(isUnmet) : [];
    for (const next of unmet) seen.add(next);
    if (neverStarted(task)) found.unknown.push(...dependencies.filter((id) => !known.has(id)));
    if (unmet.length === 0 && task !== from) found.blockers.push(blockerOf(task));
  }
  return found;
}

function blockerOf(task: GroupTask): Blocker {
  const { taskId, state } = task.status;
  return { taskId, label: labelOf(task), state: state as Blocker["state"] };
}

function byGravity(one: Blocker, other: Blocker): number {
  return ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || (one.label < other.label ? -1 : 1);
}
