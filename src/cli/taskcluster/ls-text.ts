/** The listing of a group, for people and as JSON. */

import { evaluationTitle } from "../../evaluation/naming/dataset.js";
import { escapeLine, jsonText, linesText } from "../../io/escape.js";
import type { ListedTask, Listing } from "./ls.js";

/** Listings as JSON: the object of one group, or an array of several. */
export function listingsJson(listings: readonly Listing[]): string {
  const objects = listings.map(plainListing);
  return jsonText(objects.length === 1 ? objects[0] : objects);
}

function plainListing({ groupId, experiment, models, problems }: Listing): object {
  const { project = null, name = null, suffix } = experiment ?? {};
  const plain = ({ taskId, dataset, last, blockedBy, ...rest }: ListedTask) => ({
    task_id: taskId,
    ...rest,
    ...(dataset === undefined
      ? {}
      : { importer: dataset.importer, dataset: dataset.dataset, augmentation: dataset.augmentation }),
    ...(last === undefined ? {} : { epoch: last.epoch, up: last.up }),
    ...(blockedBy === undefined
      ? {}
      : { blocked_by: blockedBy.map(({ taskId: id, label, state }) => ({ task_id: id, label, state })) }),
  });
  const listed = models.map(({ model, training, evaluations }) => ({
    model,
    run: suffix === undefined ? null : model + suffix,
    training: training === undefined ? null : plain(training),
    evaluations: evaluations.map(plain),
  }));
  return { group: groupId, project, name, models: listed, problems };
}

/** The listing as a tree for people. */
export function listingText({ groupId, experiment, counts, models }: Listing): string {
  const counted = [...counts]
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
  const title = experiment === undefined ? groupId : `${experiment.project}/${experiment.name}`;
  const rows: Row[] = [];
  for (const { model, training, evaluations } of models) {
    rows.push(training === undefined ? [model] : [model, ...cells(training)]);
    if (training !== undefined) rows.push(...blockerRows(training, evaluations.length > 0 ? "│ " : "  "));
    for (const [index, evaluation] of evaluations.entries()) {
      const isLast = index === evaluations.length - 1;
      rows.push([`${isLast ? "└─" : "├─"} ${titleOf(evaluation)}`, ...cells(evaluation)]);
      rows.push(...blockerRows(evaluation, isLast ? "     " : "│    ", training));
    }
  }
  const none = counted !== "" && rows.length === 0 ? ["none of them is selected"] : [];
  return linesText([`${title}: ${counted || "no trainings and no evaluations"}`, ...none, ...aligned(rows)]);
}

/** Cells of a task, or a line for itself. */
type Row = readonly string[] | string;

/** Blockers that are listed of a task. */
const MAX_BLOCKERS = 3;

/** What keeps a task from starting, unless it is the training in the row above. */
function blockerRows(
  { blockedBy = [] }: ListedTask,
  indent: string,
  above: Pick<ListedTask, "taskId"> | undefined = undefined,
): string[] {
  const others = blockedBy.filter(({ taskId }) => taskId !== above?.taskId);
  const rows = others.slice(0, MAX_BLOCKERS).map(({ taskId, label, state }) => {
    const isOver = state === "failed" || state === "exception";
    const how = state === "exception" ? "ended with an exception" : isOver ? state : `is ${state}`;
    return `${indent}${isOver ? "blocked by" : "waits for"} ${label} (${taskId}), which ${how}`;
  });
  const more = others.length - rows.length;
  return more > 0 ? [...rows, `${indent}and for ${more} more`] : rows;
}

function titleOf({ dataset, label }: ListedTask): string {
  if (dataset === undefined || dataset.importer === null) return label;
  return evaluationTitle({ ...dataset, importer: dataset.importer });
}

function cells({ state, reason, runs, seconds, last, started, resolved, taskId }: ListedTask): string[] {
  const time = resolved ?? started;
  return [
    reason === undefined ? state : `${state} (${reason})`,
    `${runs} ${runs === 1 ? "run" : "runs"}`,
    runs === 0 ? "-" : duration(seconds),
    last === undefined ? "-" : `Ep. ${last.epoch} Up. ${last.up}`,
    time === undefined ? "-" : `${time.slice(0, 16).replace("T", " ")}Z`,
    taskId,
  ];
}

function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours >= 48) return `${Math.floor(hours / 24)}d ${hours % 24}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${Math.round(seconds) % 60}s` : `${Math.round(seconds)}s`;
}

/** Rows with aligned cells. */
function aligned(raw: readonly Row[]): string[] {
  const rows = raw.map((row) => (typeof row === "string" ? row : row.map(escapeLine)));
  const widths: number[] = [];
  for (const row of rows) {
    if (typeof row === "string") continue;
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) =>
    typeof row === "string"
      ? row
      : row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join("  ")
          .trimEnd(),
  );
}
