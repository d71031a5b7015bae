/** The validations of several runs side by side. */
import { type Better, betterOf } from "../run/better.js";
import { sharedMetrics, winner } from "./metric-order.js";
import type { ReportRun } from "./report-data.js";
import { betterInRuns, factsOf, type RunFacts } from "./run-facts.js";
import { type Table, valueAt } from "./table.js";

/**
 * Where runs are compared: each at its best value, at its last record, all at the last update that they have in common,
 * or at a given update.
 */
export type Moment = "best" | "last" | "common" | number;

/** A value of one run. */
export interface ComparedValue {
  readonly value: number;
  /** Absent if the best was reached before this log, and for values that belong to no update. */
  readonly up?: number;
  /** This value minus that of the first run, with as many decimals as they have; absent if one is missing or not finite. */
  readonly difference?: number;
  /** Whether it is the best of several that are not all the same. */
  readonly isBest: boolean;
}

/** One metric of all runs. */
export interface ComparedMetric {
  readonly metric: string;
  /** Absent if it is unknown which values are better. */
  readonly better?: Better;
  /** By run; undefined if it has no value there. */
  readonly values: readonly (ComparedValue | undefined)[];
}

/** All metrics at one moment. */
export interface MomentTable {
  readonly moment: Moment;
  /** The update of `common`; absent if the runs have none in common. */
  readonly up?: number;
  /** Validations, then the training cost as `cost`. Without the cost at `best`. */
  readonly metrics: readonly ComparedMetric[];
}

/** Compares runs at each of the moments. Differences are to the first run. */
export function compareRuns(runs: readonly ReportRun[], moments: readonly Moment[]): MomentTable[] {
  const facts = runs.map(factsOf);
  const metrics = sharedMetrics(runs.map(({ validation }) => validation.keys()));
  return moments.map((moment): MomentTable => {
    const up = moment === "common" ? commonUpdate(runs) : moment;
    if (up === undefined) return { moment, metrics: [] };
    const rows = metrics.map((metric) => {
      const better = betterInRuns(facts, metric);
      const values = runs.map((run, index) =>
        validationAt(run.validation.get(metric), facts[index] as RunFacts, metric, up),
      );
      // A run whose log does not tell which values are better shows its last.
      const ranked = up === "best" ? facts.map((run) => run.metrics.get(metric)?.best?.value) : undefined;
      return comparedMetric(metric, values, better, ranked);
    });
    const costs = runs.map(({ training }, index) => costAt(training, facts[index] as RunFacts, up));
    const cost = comparedMetric("cost", costs, betterOf("cost"));
    const all = [...rows, ...(up === "best" ? [] : [cost])].filter(({ values }) => values.some(Boolean));
    return { moment, ...(moment === "common" && typeof up === "number" ? { up } : {}), metrics: all };
  });
}

/** Puts values side by side: which is the best, and the differences to the first. @param ranked Which of them may be the best; default all. */
export function compareValues(
  values: readonly (Pick<ComparedValue, "value" | "up"> | undefined)[],
  better: Better | undefined,
  ranked: readonly (number | undefined)[] = values.map((one) => one?.value),
): (ComparedValue | undefined)[] {
  const isEven = new Set(ranked.filter((value) => value !== undefined)).size < 2;
  const best = isEven ? undefined : winner(ranked, better);
  const [first] = values;
  return values.map((one, index) => {
    if (one === undefined) return undefined;
    const { value, up } = one;
    const difference =
      index === 0 || first === undefined || !Number.isFinite(value - first.value)
        ? undefined
        : Number((value - first.value).toFixed(Math.max(decimals(value), decimals(first.value))));
    return {
      value,
      ...(up === undefined ? {} : { up }),
      ...(difference === undefined ? {} : { difference }),
      isBest: best !== undefined && value === best && ranked[index] !== undefined,
    };
  });
}

function comparedMetric(
  metric: string,
  values: readonly (Pick<ComparedValue, "value" | "up"> | undefined)[],
  better: Better | undefined,
  ranked?: readonly (number | undefined)[],
): ComparedMetric {
  return {
    metric,
    ...(better === undefined ? {} : { better }),
    values: compareValues(values, better, ranked),
  };
}

/**
 * The greatest update at which every run that was validated has a validation; if none was validated, the greatest of
 * which all have a training record.
 */
function commonUpdate(runs: readonly ReportRun[]): number | undefined {
  const validated = runs.filter(({ validation }) => validation.size > 0);
  const tables =
    validated.length > 0
      ? validated.map(({ validation }) => [...validation.values()])
      : runs.map(({ training }) => [training]);
  const [first = new Set<number>(), ...others] = tables.map(
    (own) => new Set(own.flatMap(({ columns }) => [...(columns.get("up")?.values ?? [])])),
  );
  const common = [...first].filter((up) => others.every((updates) => updates.has(up)));
  return common.length === 0 ? undefined : common.reduce((one, other) => Math.max(one, other));
}

function validationAt(
  table: Table | undefined,
  { metrics, lastUpdate }: RunFacts,
  metric: string,
  moment: Exclude<Moment, "common">,
): Pick<ComparedValue, "value" | "up"> | undefined {
  const known = metrics.get(metric);
  if (moment === "best") return known?.best ?? known?.last;
  if (moment === "last") return known?.last;
  const row = rowAt(table, lastUpdate, moment);
  const value = valueAt(table?.columns.get("value"), row ?? -1);
  return value === undefined ? undefined : { value, ...updateAt(table, row) };
}

function costAt(
  training: Table,
  { lastUpdate }: RunFacts,
  moment: Exclude<Moment, "common">,
): Pick<ComparedValue, "value" | "up"> | undefined {
  if (moment === "best") return undefined;
  const row = moment === "last" ? training.length - 1 : rowAt(training, lastUpdate, moment);
  const value = valueAt(training.columns.get("cost"), row ?? -1);
  return value === undefined ? undefined : { value, ...updateAt(training, row) };
}

/**
 * The row of the last record up to an update; of updates that were trained again, the later one. Undefined if there is
 * none, or the run did not get that far.
 */
function rowAt(table: Table | undefined, lastUpdate: number | undefined, up: number): number | undefined {
  if (lastUpdate === undefined || lastUpdate < up) return undefined;
  let found: number | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [row, value] of (table?.columns.get("up")?.values ?? []).entries()) {
    if (value > up || value < highest) continue;
    highest = value;
    found = row;
  }
  return found;
}

function updateAt(table: Table | undefined, row: number | undefined): { readonly up?: number } {
  const up = valueAt(table?.columns.get("up"), row ?? -1);
  return up === undefined ? {} : { up };
}

/** The decimals that a number is written with. */
function decimals(value: number): number {
  const [, fraction = "", power = "0"] = /^-?\d+(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  return Math.min(100, Math.max(0, fraction.length - Number(power)));
}
