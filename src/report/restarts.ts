/** What restarts did to the order of updates. */
import type { Table } from "./table.js";

/** For each segment the first update that a later segment trained again; infinite where none did. */
export function resumedAt(training: Table): ReadonlyMap<number, number> {
  const resumed = new Map<number, number>();
  let least = Number.POSITIVE_INFINITY;
  for (const [segment, up] of [...firstUpdates(training)].sort(([one], [other]) => other - one)) {
    resumed.set(segment, least);
    least = Math.min(least, up);
  }
  return resumed;
}

/** The least update of each segment that has training rows. */
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
