/** The key facts of a training. */
import { type Better, betterOf, betterTold, isBetter } from "../run/better.js";
import { bestIndex, bestRow } from "./metric-order.js";
import type { ReportRun } from "./report-data.js";
import { type Table, valueAt } from "./table.js";

/** One validation. */
export interface ValidationFact {
  readonly value: number;
  readonly up: number;
  readonly line: number;
}

/** One metric of a run. */
export interface MetricFacts {
  readonly points: number;
  /** Which values are better; absent if unknown. */
  readonly better?: Better;
  /** Absent if it is unknown which values are better. Has only a value if it was reached before this log. */
  readonly best?: Pick<ValidationFact, "value"> & Partial<ValidationFact>;
  readonly last: ValidationFact;
  /** The number of validations without an improvement at the end; 0 after a new best. */
  readonly stalled: number;
}

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
    const last = factAt(table, table.length - 1);
    const better = betterOf(metric) ?? betterInLog(table);
    const best = better && bestOf(table, better);
    const stalled = valueAt(table.columns.get("stalled"), table.length - 1) ?? 0;
    metrics.set(metric, {
      points: table.length,
      ...(better === undefined ? {} : { better }),
      ...(best === undefined ? {} : { best }),
      last,
      stalled,
    });
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

/** Which values of a metric are better, by Marian's own judgement. */
function betterInLog({ length, columns }: Table): Better | undefined {
  for (let row = 0; row < length; row += 1) {
    const at = (name: string) => valueAt(columns.get(name), row);
    const better = betterTold({ value: at("value") ?? Number.NaN, stalled: at("stalled"), best: at("best") });
    if (better !== undefined) return better;
  }
  return undefined;
}

/** The best value of the log; Marian's `last best` if that is better than every value in the log. */
function bestOf(table: Table, better: Better): MetricFacts["best"] {
  const row = bestRow(table, better);
  const held = row === undefined ? undefined : factAt(table, row);
  const told = Array.from({ length: table.length }, (_, index) => valueAt(table.columns.get("best"), index));
  const value = told[bestIndex(told, better) ?? -1];
  const earlier = value !== undefined && (held === undefined || isBetter(value, held.value, better));
  return earlier ? { value } : held;
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
