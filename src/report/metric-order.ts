/** The best of several values of a metric. */
import { type Better, isBetter } from "../run/better.js";
import type { Table } from "./table.js";

/**
 * The metrics of several runs: first those that most runs have, then in Marian's order.
 *
 * @param runs The metrics of each, in the order of its log.
 */
export function sharedMetrics(runs: readonly Iterable<string>[]): string[] {
  const counts = new Map<string, number>();
  for (const metrics of runs) {
    for (const metric of metrics) counts.set(metric, (counts.get(metric) ?? 0) + 1);
  }
  // The sort is stable.
  return [...counts].sort(([, one], [, other]) => other - one).map(([metric]) => metric);
}

/** The index of the best value, the first of equals; undefined if there is none, or it is unknown which is better. */
export function bestIndex(
  values: Iterable<number | undefined>,
  better: Better | undefined,
): number | undefined {
  if (better === undefined) return undefined;
  let best: { readonly index: number; readonly value: number } | undefined;
  let index = -1;
  for (const value of values) {
    index += 1;
    if (value === undefined || !Number.isFinite(value)) continue;
    if (best === undefined || isBetter(value, best.value, better)) best = { index, value };
  }
  return best?.index;
}

/** The best of several values; undefined for a single value. */
export function winner(
  values: readonly (number | undefined)[],
  better: Better | undefined,
): number | undefined {
  const index =
    values.filter((value) => value !== undefined).length > 1 ? bestIndex(values, better) : undefined;
  return index === undefined ? undefined : values[index];
}

/** The row of the best value in a table of validations. */
export function bestRow(table: Table, better: Better | undefined): number | undefined {
  return bestIndex(table.columns.get("value")?.values ?? [], better);
}
