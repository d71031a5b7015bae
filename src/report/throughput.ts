/** How a training spent its time. */
import { instant } from "../core/timestamp.js";
import { UsualRate } from "../run/usual-rate.js";
import type { ReportRun } from "./report-data.js";
import { resumedAt } from "./restarts.js";
import { type Table, valueAt } from "./table.js";

/** Milliseconds by use, and words per second. */
export interface Throughput {
  /** From the first record or start to the last. */
  readonly wall: number;
  /** Training at the usual speed. */
  readonly training: number;
  /** Extra time of intervals with a validation: validating, saving, decoding. */
  readonly validating: number;
  /** Extra time of other intervals that took more than 1.25 times their training. */
  readonly slow: number;
  /** From a start of Marian to its first update's training. */
  readonly starting: number;
  /** From the last record of a segment to the next start. */
  readonly between: number;
  /** Part of the above: time of updates that were trained again after a restart. */
  readonly repeated: number;
  /** The usual speed: the median of intervals without a validation; absent if the lines have no speed. */
  readonly usualRate?: number;
  /** All words by the wall time. */
  readonly overallRate?: number;
}

/** Up to this factor, an interval is not slow. */
const TOLERANCE = 1.25;

/** The times of a run; undefined if its log has no times. */
export function throughputOf(run: ReportRun): Throughput | undefined {
  const { spans, usualRate } = spansOf(run);
  const uses = { training: 0, validating: 0, slow: 0, starting: 0, repeated: 0 };
  let words = 0;
  for (const span of spans) {
    const needed = usualRate === undefined ? span.took : Math.min(span.took, (span.words / usualRate) * 1000);
    const over = span.took - needed;
    words += span.words;
    if (span.repeated) uses.repeated += span.took;
    if (!span.first && !span.validated && span.took <= needed * TOLERANCE) {
      uses.training += span.took;
      continue;
    }
    uses.training += needed;
    uses[span.first ? "starting" : span.validated ? "validating" : "slow"] += over;
  }
  const { wall, between } = wallOf(run);
  if (!(wall > 0)) return undefined;
  return {
    wall,
    ...uses,
    between,
    ...(usualRate === undefined ? {} : { usualRate }),
    ...(words > 0 ? { overallRate: words / (wall / 1000) } : {}),
  };
}

interface Span {
  /** Milliseconds since the record before. */
  readonly took: number;
  /** 0 if the line has no speed. */
  readonly words: number;
  readonly validated: boolean;
  /** Whether it is the first of its segment. */
  readonly first: boolean;
  readonly repeated: boolean;
}

/** The intervals that training records end, and the usual speed. */
function spansOf(run: ReportRun): {
  readonly spans: readonly Span[];
  readonly usualRate: number | undefined;
} {
  const { training } = run;
  const { columns } = training;
  const resumed = resumedAt(training);
  const starts = new Map(run.segments.map(({ segment, timestamp }) => [segment, instant(timestamp)]));
  const validations = [...run.validation.values()]
    .flatMap((table) => [...(table.columns.get("line")?.values ?? [])])
    .sort((one, other) => one - other);
  const spans: Span[] = [];
  const usual = new UsualRate();
  let next = 0;
  for (let row = 0; row < training.length; row += 1) {
    const line = valueAt(columns.get("line"), row) ?? 0;
    const before = next;
    while ((validations[next] ?? Number.POSITIVE_INFINITY) < line) next += 1;
    const segment = valueAt(columns.get("segment"), row) ?? 0;
    const first = row === 0 || valueAt(columns.get("segment"), row - 1) !== segment;
    const stamp = valueAt(columns.get("timestamp"), row);
    const since = first ? starts.get(segment) : valueAt(columns.get("timestamp"), row - 1);
    const took = stamp === undefined || since === undefined ? Number.NaN : stamp - since;
    const rate = valueAt(columns.get("rate"), row) ?? Number.NaN;
    const seconds = valueAt(columns.get("time"), row) ?? Number.NaN;
    const validated = next > before && !first;
    usual.add(rate, seconds, validated);
    if (!(took >= 0)) continue;
    const words = Number.isFinite(rate * seconds) ? rate * seconds : 0;
    const repeated =
      (valueAt(columns.get("up"), row) ?? 0) >= (resumed.get(segment) ?? Number.POSITIVE_INFINITY);
    spans.push({ took, words, validated, first, repeated });
  }
  return { spans, usualRate: usual.value };
}

/** The time from the first record to the last, and the part of it between segments. */
function wallOf(run: ReportRun): { wall: number; between: number } {
  const extents = new Map<number, { first: number; last: number }>();
  const add = (segment: number, time: number | undefined) => {
    if (time === undefined || Number.isNaN(time)) return;
    const extent = extents.get(segment) ?? { first: time, last: time };
    extent.first = Math.min(extent.first, time);
    extent.last = Math.max(extent.last, time);
    extents.set(segment, extent);
  };
  for (const { segment, timestamp } of run.segments) add(segment, instant(timestamp));
  const tables: Table[] = [run.training, ...run.validation.values()];
  for (const { columns, length } of tables) {
    for (let row = 0; row < length; row += 1) {
      add(valueAt(columns.get("segment"), row) ?? 0, valueAt(columns.get("timestamp"), row));
    }
  }
  const sorted = [...extents].sort(([one], [other]) => one - other).map(([, extent]) => extent);
  let between = 0;
  for (const [index, { first }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined) between += Math.max(0, first - before.last);
  }
  const start = Math.min(...sorted.map(({ first }) => first));
  const end = Math.max(...sorted.map(({ last }) => last));
  return { wall: end - start, between };
}
