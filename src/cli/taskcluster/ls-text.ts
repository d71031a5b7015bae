/** The listing of a group, for people and as JSON. */

import { evaluationTitle } from "../../evaluation/naming/dataset.js";
import { escapeLine, jsonText, linesText } from "../../io/escape.js";
import { type ListedTask, type Listing, STATES } from "./ls.js";

/** The listing as JSON: one object. */
export function listingJson({ groupId, experiment, models, problems }: Listing): string {
  const { project = null, name = null, suffix } = experiment ?? {};
  const plain = ({ taskId, dataset, last, ...rest }: ListedTask) => ({
    task_id: taskId,
    ...rest,
    ...(dataset === undefined
      ? {}
      : { importer: dataset.importer, dataset: dataset.dataset, augmentation: dataset.augmentation }),
    ...(last === undefined ? {} : { epoch: last.epoch, up: last.up }),
  });
  const listed = models.map(({ model, training, evaluations }) => ({
    model,
    run: suffix === undefined ? null : model + suffix,
    training: training === undefined ? null : plain(training),
    evaluations: evaluations.map(plain),
  }));
  return jsonText({ group: groupId, project, name, models: listed, problems });
}

/** The listing as a tree for people. */
export function listingText({ groupId, experiment, models }: Listing): string {
  const tasks = models.flatMap(({ training, evaluations }) => [
    ...(training ? [training] : []),
    ...evaluations,
  ]);
  const counts = STATES.map((state) => [tasks.filter((task) => task.state === state).length, state] as const)
    .filter(([count]) => count > 0)
    .map((pair) => pair.join(" "))
    .join(", ");
  const title = experiment === undefined ? groupId : `${experiment.project}/${experiment.name}`;
  const rows: string[][] = [];
  for (const { model, training, evaluations } of models) {
    rows.push(training === undefined ? [model] : [model, ...cells(training)]);
    for (const [index, evaluation] of evaluations.entries()) {
      const branch = index === evaluations.length - 1 ? "└─" : "├─";
      rows.push([`${branch} ${titleOf(evaluation)}`, ...cells(evaluation)]);
    }
  }
  return linesText([`${title}: ${counts || "no trainings and no evaluations"}`, ...aligned(rows)]);
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
function aligned(raw: readonly (readonly string[])[]): string[] {
  const rows = raw.map((row) => row.map(escapeLine));
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
