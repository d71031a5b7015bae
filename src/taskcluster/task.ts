/** One task, as a group of its own. */
import type { Group, Problem } from "../archive/group.js";
import { CI_PROJECT, groupNameOf, projectOf, suffixOf } from "../evaluation/naming/group-name.js";
import { parseTaskLabel } from "../evaluation/naming/label.js";
import { assignRunIds } from "../evaluation/naming/run-ids.js";
import type { ArtifactStore } from "./artifact-store.js";
import { type GroupTask, type Queue, TaskclusterError, type TaskStatus } from "./client/index.js";
import { groupOf, namesOf, readTasks } from "./group.js";
import { labelOf, type Stage, stageOf } from "./group-task.js";
import { type Experiment, readExperiment } from "./listed-group.js";

/** A task with the names that its run gets. */
export interface SingleTask {
  readonly task: GroupTask;
  /** Absent for a task that is neither a training nor an evaluation. */
  readonly stage: Stage | undefined;
  readonly experiment: Experiment;
  /** The model of the label; the label itself if it names none. */
  readonly model: string;
  /** Id and name of the run: the model and the group's suffix. */
  readonly id: string;
  /** Why the names are not those of an experiment. */
  readonly problems: readonly Problem[];
}

/**
 * Asks for a task and its group's configuration. Without one, as in pull requests, its project is `ci`.
 *
 * @param runId The run that counts; default the last one.
 * @throws TaskclusterError (`not-found`) when the task, or this run of it, is unknown or has expired.
 */
export async function readTask(queue: Queue, taskId: string, runId?: number): Promise<SingleTask> {
  const [definition, status] = await Promise.all([queue.task(taskId), queue.status(taskId)]);
  const runs = status.runs.filter((run) => runId === undefined || run.runId <= runId);
  if (runId !== undefined && runs.at(-1)?.runId !== runId) throw noSuchRun(runId, status);
  // Of a run that was named, its own state counts, whatever became of the task.
  const state = (runId === undefined ? undefined : runs.at(-1)?.state) ?? status.state;
  const task: GroupTask = { task: definition, status: { ...status, state, runs } };
  const { taskGroupId } = status;
  const found = await readExperiment(queue, taskGroupId);
  const experiment = "reason" in found ? trial(taskGroupId) : found;
  const model = parseTaskLabel(labelOf(task))?.model ?? labelOf(task);
  const path = labelOf(task);
  const [named] = assignRunIds([{ ...experiment, models: [{ model, path }] }]);
  return {
    task,
    stage: stageOf(task),
    experiment,
    model,
    id: named?.ids[0] ?? model + experiment.suffix,
    problems: "reason" in found ? [found] : [],
  };
}

/** The error for a run that a task does not have; it lists those that there are. */
export function noSuchRun(runId: number, { taskId, state, runs }: TaskStatus): TaskclusterError {
  const listed = runs.map((run) => {
    const { reasonResolved: reason } = run;
    return `${run.runId} (${run.state}${reason === undefined || reason === run.state ? "" : `, ${reason}`})`;
  });
  const there =
    listed.length === 0 ? `the task is ${state}, and has no run yet` : `there is ${listed.join(", ")}`;
  return new TaskclusterError("not-found", `task ${taskId} has no run ${runId}: ${there}`, { status: 404 });
}

/** What a completed task has left, as the one run of its group. */
export async function taskAsGroup(
  { task, experiment, problems }: SingleTask,
  store: ArtifactStore,
): Promise<Group> {
  const read = await readTasks({ ...experiment, tasks: [task] }, { store });
  const [names] = assignRunIds([namesOf(read)]);
  const group = groupOf(read, names ?? { suffix: read.suffix, ids: [], notes: [] });
  return { ...group, problems: [...problems, ...group.problems] };
}

function trial(groupId: string): Experiment {
  return {
    groupId,
    project: projectOf("", "", CI_PROJECT),
    name: groupNameOf(CI_PROJECT, groupId),
    suffix: suffixOf(CI_PROJECT, groupId),
  };
}
