/** The tables of a run: evaluations and the sizes of datasets, each with its bar chart. */
import type { Evaluation } from "../evaluation/evaluation.js";
import { evaluationTitle } from "../evaluation/naming/dataset.js";
import { inTableOrder } from "../evaluation/scores.js";
import type { ExistingRun } from "./client/existing-run.js";
import { type RowTable, rowKey } from "./client/format/row-table.js";
import { tableFiles } from "./client/format/table.js";
import { objectAt } from "./client/reply.js";
import type { TablePreview } from "./publication.js";

/** Name of the chart of dataset sizes. */
export const DATASETS = "Datasets";

/** A table and a bar chart for each evaluation. Two of the same title and different scores get different names. */
export function evaluationTables(evaluations: readonly Evaluation[]): RowTable[] {
  const tables = new Map<string, RowTable>();
  for (const evaluation of evaluations) {
    const title = evaluationTitle(evaluation);
    for (let number = 1; ; number += 1) {
      const table = evaluationTable(number === 1 ? title : `${title}-${number}`, evaluation);
      const known = tables.get(table.name);
      if (known === undefined) tables.set(table.name, table);
      else if (sha256Of(known) !== sha256Of(table)) continue;
      break;
    }
  }
  return [...tables.values()];
}

function evaluationTable(name: string, { metrics }: Evaluation): RowTable {
  const table = { columns: ["Metric", "Value"], data: [...inTableOrder(metrics)] };
  return { name, table, chart: { label: "Metric", value: "Value", title: name } };
}

/** The chart of dataset sizes. */
export function datasetsTable(lines: ReadonlyMap<string, number>): RowTable {
  const table = { columns: ["Name", "Count"], data: [...lines] };
  return { name: DATASETS, table, chart: { label: "Name", value: "Count", title: DATASETS } };
}

/** How a table relates to the server's run (null: there is no run), by the checksum that the run keeps. */
export function tableState(existing: ExistingRun | null, table: RowTable): TablePreview["state"] {
  const known = objectAt(existing?.summary, rowKey(table));
  if (known === undefined) return "new";
  const drawn = table.chart === undefined || chartsOf(existing)[table.name] !== undefined;
  return drawn && known["sha256"] === sha256Of(table) ? "unchanged" : "changed";
}

/** The charts of a run. */
export function chartsOf(existing: ExistingRun | null): Readonly<Record<string, unknown>> {
  return objectAt(existing?.config, "_wandb", "value", "visualize") ?? {};
}

function sha256Of(table: RowTable): string {
  return tableFiles(rowKey(table), 0, table.table).sha256;
}
