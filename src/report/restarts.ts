/** Restarts and the updates that were trained again. */
import type { Table } from "./table.js";

/** For each segment, the first update that a later segment trained again; infinite if none did. */
export function resumedAt(training: Table): ReadonlyMap<number, number> {
  const resumed = new Map<number, number>();
  let first = Number.POSITIVE_INFINITY;
  for (const [segment, up] of [...firstUpdates(training)].sort(([one], [other]) => other - one)) {
    resumed.set(segment, first);
    first = Math.min(first, up);
  }
  return resumed;
}

/** The first update of each segment with training rows. */
function firstUpdates(training: Table): ReadonlyMap<number, number> {
  const segments = training.columns.get("segment")?.values ?? new Float64Array(0);
  const ups = training.columns.get("up")?.values ?? new Float64Array(0);
  const first = new Map<number, number>();
  for (let row = 0; row < training.length; row += 1) {
    const segment = segments[row] ?? 0;
    first.set(segment, Math.min(first.get(segment) ?? Number.POSITIVE_INFINITY, ups[row] ?? 0));
  }
  return first;
}
