/** The best of several values of a metric. */
import { type Better, isBetter } from "../run/better.js";
import type { Table } from "./table.js";

/**
 * The metrics of several runs: those that most of them share first, then in the order in which Marian reports them.
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

/** Where the best of the values stands, the first of equals; nothing where there is none, or nobody knows what is better. */
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

/** The best of several values, to be marked among them; nothing where there is one alone. */
export function winner(
  values: readonly (number | undefined)[],
  better: Better | undefined,
): number | undefined {
  const index =
    values.filter((value) => value !== undefined).length > 1 ? bestIndex(values, better) : undefined;
  return index === undefined ? undefined : values[index];
}

/** The row of a table of validations that holds its best value. */
export function bestRow(table: Table, better: Better | undefined): number | undefined {
  return bestIndex(table.columns.get("value")?.values ?? [], better);
}
