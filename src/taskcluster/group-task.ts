/** Tasks of a group: which of them are trainings and evaluations, and how they stand. */
import type { Problem } from "../archive/group.js";
import { parseTaskLabel } from "../evaluation/naming/label.js";
import type { GroupTask, TaskRun } from "./client/index.js";

/** What a task is for, as far as it concerns us. */
export type Stage = "training" | "evaluation";

const TRAINING = /(?:^|-)(?:train|finetune)(?:-|$)/;
const EVALUATION = /^eval(?:uate)?(?:-|$)/;
/** Vocabularies are trained too, but not by Marian. */
const OTHER = /vocab/;

/** What a task is for: by its kind, and by its label if it has no kind. */
export function stageOf({ task }: Pick<GroupTask, "task">): Stage | undefined {
  const { kind } = task.tags;
  if (kind === undefined) {
    const stage = parseTaskLabel(labelOf({ task }))?.stage;
    return stage && (stage === "train" ? "training" : "evaluation");
  }
  if (EVALUATION.test(kind)) return "evaluation";
  return TRAINING.test(kind) && !OTHER.test(kind) ? "training" : undefined;
}

/** The label of a task, which is also its name. */
export function labelOf({ task }: Pick<GroupTask, "task">): string {
  return task.tags.label ?? task.metadata.name;
}

/** What messages call a task. */
export function nameOf(task: GroupTask): string {
  return `${labelOf(task)} (${task.status.taskId})`;
}

/** The last run, which is the one that counts; undefined for a task that has not been scheduled. */
export function lastRun({ status }: GroupTask): TaskRun | undefined {
  return status.runs.at(-1);
}

/** By label, then by the time at which they were done: what is stable when tasks are added to a group. */
export function byLabel(one: GroupTask, other: GroupTask): number {
  return compare(orderOf(one), orderOf(other));
}

/** A text by which tasks are ordered, different for each. */
export function orderOf(task: GroupTask): string {
  return `${labelOf(task)} ${lastRun(task)?.resolved ?? ""} (${task.status.taskId})`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Warnings for trainings and evaluations that are not completed, and of which nothing is read. */
export function leftOut(tasks: readonly GroupTask[]): Problem[] {
  const problems: Problem[] = [];
  const waiting: string[] = [];
  for (const task of tasks) {
    const { state } = task.status;
    if (state === "completed") continue;
    if (state === "unscheduled" || state === "pending") waiting.push(labelOf(task));
    else
      problems.push({
        source: nameOf(task),
        reason: unfinishedText(task, "left out"),
        severity: "warning",
      });
  }
  if (waiting.length === 0) return problems;
  const shown = waiting.slice(0, 5).join(", ");
  const more = waiting.length > 5 ? ` and ${waiting.length - 5} more` : "";
  const reason = `not begun yet, of its trainings and evaluations: ${shown}${more}`;
  const [
    {
      status: { taskGroupId },
    } = { status: { taskGroupId: "" } },
  ] = tasks;
  return [...problems, { source: `group ${taskGroupId}`, reason, severity: "warning" }];
}

/** Whether a run of a task that is not completed may have printed a log. */
export function isBegun({ status: { state, runs } }: GroupTask): boolean {
  return state !== "completed" && runs.some((run) => run.state !== "pending");
}

/** A message about a task that is not completed: how it stands, and what follows. */
export function unfinishedText(task: GroupTask, consequence: "left out" | `: ${string}`, why = ""): string {
  const { state, taskId } = task.status;
  const run = lastRun(task);
  const isOver = state === "failed" || state === "exception";
  const reason =
    run?.reasonResolved === undefined || run.reasonResolved === state ? "" : ` (${run.reasonResolved})`;
  const since = run?.started === undefined ? "" : ` since ${run.started}`;
  const standing = {
    failed: "the task failed",
    exception: `the task ended with an exception${reason}`,
    running: `still running${since}`,
  };
  const how =
    isOver || stageOf(task) !== "training"
      ? ""
      : `: follow it with \`marian-tracking task ${taskId} --follow\``;
  const follows = consequence === "left out" ? `, and ${isOver ? "is " : ""}left out${why}` : consequence;
  return `${(standing as Record<string, string>)[state] ?? "waiting for its next run"}${follows}${how}`;
}
