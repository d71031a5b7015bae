/** The charts of runs. */
import type { Finding } from "../../check/finding.js";
import { sharedMetrics } from "../../report/metric-order.js";
import type { ReportRun } from "../../report/report-data.js";
import type { Table } from "../../report/table.js";
import { type Better, betterOf } from "../../run/better.js";

/** One chart: a column of a table that runs have. */
export interface ChartKind {
  readonly id: string;
  readonly title: string;
  readonly part: "validation" | "training" | "patterns" | "throughput";
  readonly column: string;
  /** Which of two values is better; absent if unknown. */
  readonly better?: Better;
  /** The run's table; undefined if it has no such values. */
  table(run: ReportRun): Table | undefined;
}

/** Columns that are places rather than values. */
const PLACES = new Set(["line", "segment", "timestamp", "epoch", "up", "sen"]);
const TITLES: ReadonlyMap<string, string> = new Map([
  ["cost", "cost"],
  ["gnorm", "gNorm"],
  ["learning_rate", "learning rate"],
  ["rate", "words per second"],
  ["time", "seconds between reports"],
  ["labels", "labels"],
  ["batch_labels", "labels in the batch"],
  ["total_labels", "labels since the start"],
]);
const ORDER = [...TITLES.keys()];
const THROUGHPUT = new Set(["rate", "time"]);

/** Charts of everything that any of the runs holds: validation, training, patterns, throughput. */
export function chartKinds(runs: readonly ReportRun[]): ChartKind[] {
  const metrics = sharedMetrics(runs.map(({ validation }) => validation.keys()));
  const columns = new Set(runs.flatMap(({ training }) => [...training.columns.keys()]));
  const patterns = new Set(runs.flatMap(({ patterns }) => [...patterns.keys()]));
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const trained = [...columns]
    .filter((name) => !PLACES.has(name))
    .sort((one, other) => rank(one) - rank(other));
  const training = trained.map((column): ChartKind => {
    const part = THROUGHPUT.has(column) ? "throughput" : "training";
    const title = TITLES.get(column) ?? column;
    return { id: `training ${column}`, title, part, column, table: (run) => holding(run.training, column) };
  });
  return [
    ...metrics.map((metric): ChartKind => {
      const better = betterOf(metric);
      return {
        id: `validation ${metric}`,
        title: metric,
        part: "validation",
        column: "value",
        ...(better === undefined ? {} : { better }),
        table: (run) => run.validation.get(metric),
      };
    }),
    ...training.filter(({ part }) => part === "training"),
    ...[...patterns].map(
      (name): ChartKind => ({
        id: `pattern ${name}`,
        title: name,
        part: "patterns",
        column: "value",
        table: (run) => run.patterns.get(name),
      }),
    ),
    ...training.filter(({ part }) => part === "throughput"),
  ];
}

/**
 * Whether a chart marks a finding. NaN and infinity have their own signs, and infos are only in the summary.
 */
export function concerns({ part, title, column }: ChartKind, { kind, severity, metric }: Finding): boolean {
  if (kind === "nan" || severity === "info") return false;
  if (part === "validation") return metric === title;
  if (part === "patterns") return false;
  if (metric !== undefined) return metric === column;
  return (kind === "divergence" && column === "cost") || (kind === "gap" && column === "rate");
}

function holding(table: Table, column: string): Table | undefined {
  return table.columns.has(column) ? table : undefined;
}
