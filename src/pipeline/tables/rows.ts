/** Rows of the tables that have one row a run, or one an evaluation. */
import type { GroupRun } from "../../archive/group.js";
import { instant } from "../../core/timestamp.js";
import type { Evaluation } from "../../evaluation/evaluation.js";
import { inTableOrder, MAIN_METRICS } from "../../evaluation/scores.js";
import type { Cell, Metrics, RunName } from "../../publishers/tables/columns.js";
import { problem } from "../input-receipt.js";
import type { PartLog } from "./part.js";

/** An evaluation of a run. */
export interface EvaluationRow extends RunName {
  readonly evaluation: Evaluation;
}

/** A row of the table of evaluations. */
export function evaluationRow({ project, group, run, evaluation }: EvaluationRow): Cell[] {
  const { run: model, importer, dataset, augmentation, metrics } = evaluation;
  const further = new Map(inTableOrder(metrics));
  const main = MAIN_METRICS.map((metric) => {
    further.delete(metric);
    return metrics.get(metric);
  });
  const name = [project, group, run, model, importer];
  return [...name, dataset ?? undefined, augmentation ?? undefined, ...main, someMetrics(further)];
}

/** A run of the table of runs. */
export type RunRow = RunName &
  Pick<GroupRun, "unfinished"> & {
    readonly log?: unknown;
    /** What is wrong with its files besides its log. */
    readonly errors?: readonly string[];
  };

/** The rows of the table of runs; `logs` are those of the runs that have one, in their order. */
export function* runRows(runs: Iterable<RunRow>, logs: Iterable<PartLog>): Generator<Cell[]> {
  const left = logs[Symbol.iterator]();
  for (const run of runs) yield runRow(run, run.log === undefined ? undefined : left.next().value);
}

/** A row of the table of runs. */
export function runRow(
  { project, group, run, log, unfinished, errors = [] }: RunRow,
  read: PartLog | undefined,
): Cell[] {
  const wrong = [...(read === undefined ? [] : problemsOf(read, unfinished)), ...errors];
  return [
    project,
    group,
    run,
    run,
    log === undefined ? "evaluation" : "training",
    ...(read === undefined ? NO_LOG : logCells(read)),
    wrong.length === 0 ? undefined : wrong.join("; "),
    read?.outcome.finished,
    someMetrics(new Map(read?.outcome.best)),
  ];
}

const STANDING = { failed: "failed", running: "still runs" } as const;

function problemsOf({ receipt }: PartLog, unfinished: GroupRun["unfinished"]): string[] {
  const reason =
    problem(receipt, false) ?? (unfinished && `unfinished: the training ${STANDING[unfinished]}`);
  return reason === undefined ? [] : [reason];
}

function logCells({ facts, receipt }: Pick<PartLog, "facts" | "receipt">): Cell[] {
  const { counts } = receipt;
  return [
    receipt.source,
    facts.marianVersion,
    receipt.segments,
    instant(facts.started),
    instant(facts.ended),
    facts.lastEpoch,
    facts.lastUpdate,
    counts.training,
    receipt.points,
    receipt.partialPoints,
    counts.unmatched,
  ];
}

const NO_LOG: readonly Cell[] = new Array(11).fill(undefined);

function someMetrics(metrics: Metrics): Metrics | undefined {
  return metrics.size === 0 ? undefined : metrics;
}
