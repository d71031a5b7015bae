/** Rows of the tables that have one row a run, or one an evaluation. */
import type { GroupRun } from "../../archive/group.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import { metricNames } from "../../evaluation/scores.js";
import { type Cell, type Column, EVALUATION_COLUMNS, type RunName } from "../../publishers/tables/columns.js";
import { problem } from "../input-receipt.js";
import type { PartLog } from "./part.js";

/** An evaluation of a run. */
export interface EvaluationRow extends RunName {
  readonly evaluation: Evaluation;
}

/**
 * The table of evaluations: one row an evaluation, one column a metric.  A metric that is called like another column
 * gets `_metric` after its name.
 */
export function evaluationTable(evaluations: readonly EvaluationRow[]): {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
} {
  const metrics = metricNames(evaluations.map(({ evaluation }) => evaluation));
  const taken = new Set(EVALUATION_COLUMNS.map(({ name }) => name));
  const columns = metrics.map((metric): Column => {
    let name = metric;
    while (taken.has(name)) name += "_metric";
    taken.add(name);
    return { name, type: "float", optional: true };
  });
  const rows = evaluations.map(({ project, group, run, evaluation }): Cell[] => {
    const { run: model, importer, dataset, augmentation } = evaluation;
    const scores = metrics.map((metric) => evaluation.metrics.get(metric));
    return [project, group, run, model, importer, dataset ?? undefined, augmentation ?? undefined, ...scores];
  });
  return { columns: [...EVALUATION_COLUMNS, ...columns], rows };
}

/** The rows of the table of runs; `logs` are those of the runs that have one, in their order. */
export function runRows(
  runs: readonly (RunName & Pick<GroupRun, "unfinished"> & { readonly log?: unknown })[],
  logs: readonly PartLog[],
): Cell[][] {
  const left = logs[Symbol.iterator]();
  return runs.map(({ project, group, run, log, unfinished }): Cell[] => {
    const name = [project, group, run, run];
    if (log === undefined) return [...name, "evaluation"];
    const read: PartLog | undefined = left.next().value;
    return [...name, "training", ...(read === undefined ? [] : logCells(read, unfinished))];
  });
}

const STANDING = { failed: "failed", running: "still runs" } as const;

function logCells({ facts, receipt }: PartLog, unfinished: GroupRun["unfinished"]): Cell[] {
  const { counts } = receipt;
  return [
    receipt.source,
    facts.marianVersion,
    receipt.segments,
    facts.started,
    facts.ended,
    facts.lastEpoch,
    facts.lastUpdate,
    counts.training,
    receipt.points,
    receipt.partialPoints,
    counts.unmatched,
    problem(receipt, false) ?? (unfinished && `unfinished: the training ${STANDING[unfinished]}`),
  ];
}
