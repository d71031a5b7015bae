/** What a reader asks of a training first. */
import { isBetter } from "../../run/better.js";
import { bestIndex, bestRow, betterOf } from "./metric-order.js";
import type { ReportRun } from "./report-data.js";
import { type Table, valueAt } from "./table.js";

/** A validation worth telling. */
export interface ValidationFact {
  readonly value: number;
  readonly up: number;
  readonly line: number;
}

/** One metric of a run. */
export interface MetricFacts {
  readonly points: number;
  /** Absent where nobody knows which values are better. Without its place where it was reached before this log. */
  readonly best?: Pick<ValidationFact, "value"> & Partial<ValidationFact>;
  readonly last: ValidationFact;
  /** How often it has not improved up to the end; 0 after a new best. */
  readonly stalled: number;
}

/** A value that is no number. */
export interface OddValue {
  readonly column: string;
  readonly value: number;
  readonly up: number;
  readonly line: number;
}

/** One run. */
export interface RunFacts {
  /** Absent where the log has no training record, or no validation. */
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
  readonly odd: readonly OddValue[];
}

export function factsOf(run: ReportRun): RunFacts {
  const metrics = new Map<string, MetricFacts>();
  const odd: OddValue[] = [];
  for (const column of ["cost", "gnorm"]) odd.push(...oddValues(run.training, column, column));
  for (const [metric, table] of run.validation) {
    odd.push(...oddValues(table, "value", metric));
    const last = factAt(table, table.length - 1);
    const row = bestRow(table, betterOf(metric));
    const best = earlierBest(metric, table) ?? (row === undefined ? undefined : factAt(table, row));
    const stalled = valueAt(table.columns.get("stalled"), table.length - 1) ?? 0;
    metrics.set(metric, { points: table.length, ...(best === undefined ? {} : { best }), last, stalled });
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
    odd: odd.sort((one, other) => one.line - other.line),
  };
}

/** Marian's `last best`, where it is better than all that the log holds. */
function earlierBest(metric: string, table: Table): Pick<ValidationFact, "value"> | undefined {
  const better = betterOf(metric);
  const told = table.columns.get("best");
  const rows = Array.from({ length: table.length }, (_, row) => valueAt(told, row));
  const index = bestIndex(rows, better);
  const value = index === undefined ? undefined : rows[index];
  const held = bestRow(table, better);
  if (better === undefined || value === undefined || held === undefined) return undefined;
  return isBetter(value, factAt(table, held).value, better) ? { value } : undefined;
}

function oddValues(table: Table, column: string, name: string): OddValue[] {
  const found: OddValue[] = [];
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
