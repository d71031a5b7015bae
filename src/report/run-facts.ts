/** The key facts of a training. */
import type { Better } from "../run/better.js";
import { type MetricFacts, MetricReader, type ValidationFact } from "../run/metric-reader.js";
import type { ReportRun } from "./report-data.js";
import { type Table, valueAt } from "./table.js";

/** A NaN or an infinity. */
export interface NonFiniteValue {
  readonly column: string;
  readonly value: number;
  readonly up: number;
  readonly line: number;
}

/** One run. */
export interface RunFacts {
  /** Absent if the log has no record. */
  readonly lastUpdate?: number;
  readonly lastEpoch?: number;
  /** Milliseconds since 1970, see the run's `clock`. */
  readonly started?: number;
  readonly ended?: number;
  /** Starts of Marian after the first. */
  readonly restarts: number;
  /** By Marian's name, in the order of the log. */
  readonly metrics: ReadonlyMap<string, MetricFacts>;
  /** NaN and infinite costs, gradient norms and validations, in the order of the log. */
  readonly nonFinite: readonly NonFiniteValue[];
}

export function factsOf(run: ReportRun): RunFacts {
  const metrics = new Map<string, MetricFacts>();
  const nonFinite: NonFiniteValue[] = [];
  for (const column of ["cost", "gnorm"]) nonFinite.push(...nonFiniteValues(run.training, column, column));
  for (const [metric, table] of run.validation) {
    nonFinite.push(...nonFiniteValues(table, "value", metric));
    const known = metricOf(metric, table);
    if (known !== undefined) metrics.set(metric, known);
  }
  const tables = [run.training, ...run.validation.values()];
  const lasts = <Key extends string>(key: Key, name: string, choose: (...values: number[]) => number) => {
    let known: number | undefined;
    for (const { columns } of tables) {
      for (const value of columns.get(name)?.values ?? []) {
        if (Number.isFinite(value)) known = known === undefined ? value : choose(known, value);
      }
    }
    return known === undefined ? {} : { [key]: known };
  };
  return {
    ...lasts("lastUpdate", "up", Math.max),
    ...lasts("lastEpoch", "epoch", Math.max),
    ...lasts("started", "timestamp", Math.min),
    ...lasts("ended", "timestamp", Math.max),
    restarts: Math.max(0, run.counts.starts - 1),
    metrics,
    nonFinite: nonFinite.sort((one, other) => one.line - other.line),
  };
}

/** Which values of a metric are better; undefined if no run's log says so. */
export function betterInRuns(runs: readonly RunFacts[], metric: string): Better | undefined {
  return runs.map(({ metrics }) => metrics.get(metric)?.better).find((better) => better !== undefined);
}

function metricOf(name: string, table: Table): MetricFacts | undefined {
  const reader = new MetricReader(name);
  const at = (column: string, row: number) => valueAt(table.columns.get(column), row);
  for (let row = 0; row < table.length; row += 1) {
    const { value, up, line } = factAt(table, row);
    reader.add(value, up, line, at("stalled", row), at("best", row));
  }
  return reader.facts;
}

function nonFiniteValues(table: Table, column: string, name: string): NonFiniteValue[] {
  const found: NonFiniteValue[] = [];
  const values = table.columns.get(column);
  for (let row = 0; row < table.length; row += 1) {
    const value = valueAt(values, row);
    if (value === undefined || Number.isFinite(value)) continue;
    const { up, line } = factAt(table, row);
    found.push({ column: name, value, up, line });
  }
  return found;
}

function factAt({ columns }: Table, row: number): ValidationFact {
  const of = (name: string) => valueAt(columns.get(name), row) ?? Number.NaN;
  return { value: of("value"), up: of("up"), line: of("line") };
}
