/** Parts of an axis. */
import type { Range } from "../state.js";

/** The smallest range that contains all of these; undefined without any. */
export function union(ranges: Iterable<Range | undefined>): Range | undefined {
  let whole: Range | undefined;
  for (const range of ranges) {
    if (range === undefined) continue;
    whole = {
      from: Math.min(whole?.from ?? range.from, range.from),
      to: Math.max(whole?.to ?? range.to, range.to),
    };
  }
  return whole;
}

/** A range with some room at its ends, for points and marks there. */
export function roomy({ from, to }: Range): Range {
  const room = (to - from) * 0.02 || Math.abs(from) * 0.05 || 1;
  return { from: from - room, to: to + room };
}

/** Zooms around a place: in by a factor below 1, out above 1. Returns undefined if that shows everything. */
export function zoomed(range: Range, factor: number, around: number, full: Range): Range | undefined {
  return within(
    { from: around - (around - range.from) * factor, to: around + (range.to - around) * factor },
    full,
  );
}

/** Moves by a share of what is shown. */
export function panned(range: Range, share: number, full: Range): Range | undefined {
  const step = (range.to - range.from) * share;
  const min = full.from - range.from;
  const max = full.to - range.to;
  const move = Math.max(Math.min(min, 0), Math.min(Math.max(max, 0), step));
  return within({ from: range.from + move, to: range.to + move }, full);
}

/** The part of a range inside the whole, not smaller than a millionth; undefined if it is the whole. */
export function within(range: Range, full: Range): Range | undefined {
  const from = Math.max(range.from, full.from);
  const to = Math.min(range.to, full.to);
  if (from <= full.from && to >= full.to) return undefined;
  const min = (full.to - full.from) * 1e-6;
  if (to - from >= min) return { from, to };
  const middle = Math.min(full.to - min / 2, Math.max(full.from + min / 2, (range.from + range.to) / 2));
  return { from: middle - min / 2, to: middle + min / 2 };
}

/** Changes ranges, on a logarithmic scale if `log` is set. */
export function onScale<Result extends Range | undefined>(
  log: boolean,
  ranges: readonly Range[],
  change: (...ranges: readonly Range[]) => Result,
): Result | Range {
  if (!log) return change(...ranges);
  const changed = change(...ranges.map(({ from, to }) => ({ from: Math.log10(from), to: Math.log10(to) })));
  return changed === undefined ? changed : { from: 10 ** changed.from, to: 10 ** changed.to };
}
