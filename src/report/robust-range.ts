/** The values that a chart is scaled to: without outliers. */

/** A minimum and a maximum. */
export interface ValueRange {
  readonly from: number;
  readonly to: number;
}

/** The percentiles between which the bulk of the values lies, as in TensorBoard's charts. */
const [LOW, HIGH] = [0.05, 0.95];
/** A value that is farther from the bulk than this many of its widths is an outlier. */
const FAR = 2;
/** Beside a value that is this many widths away, the bulk would be thinner than a line. */
const REACH = 1000;
/** A series with fewer values may be an outlier as a whole. */
const FEWEST = 5;

/**
 * The range without outliers: from the 5th to the 95th percentile of all values, extended by twice its width on both
 * sides, but not beyond the values. A whole series is not an outlier: the range includes its own percentiles, unless
 * they would make the bulk a mere line, as a training that diverged would.
 *
 * @param series The values of each series, or an even sample; NaN and infinities are ignored.
 * @param whole The minimum and maximum of all values.
 * @param logarithmic Whether distances are factors; then values of 0 and below are ignored.
 */
export function robustRange(
  series: readonly Float64Array[],
  whole: ValueRange,
  logarithmic = false,
): ValueRange {
  const place = logarithmic ? Math.log10 : (value: number) => value;
  const sorted = series.map((values) => values.map(place).filter(Number.isFinite).sort());
  const all = new Float64Array(sorted.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const values of sorted) {
    all.set(values, filled);
    filled += values.length;
  }
  const core = bulk(all.sort());
  if (core === undefined) return whole;
  const width = core.to - core.from;
  const room = FAR * width || Math.abs(core.to);
  const reach = REACH * (width || Math.abs(core.to)) || Number.POSITIVE_INFINITY;
  let [from, to] = [core.from - room, core.to + room];
  for (const values of sorted) {
    const own = values.length < FEWEST ? undefined : bulk(values);
    if (own === undefined) continue;
    if (own.from >= core.from - reach) from = Math.min(from, own.from);
    if (own.to <= core.to + reach) to = Math.max(to, own.to);
  }
  const back = (value: number) => (logarithmic ? 10 ** value : value);
  return {
    from: from > place(whole.from) ? back(from) : whole.from,
    to: to < place(whole.to) ? back(to) : whole.to,
  };
}

/** The range between the percentiles of sorted values; undefined for fewer than three. */
function bulk(sorted: Float64Array): ValueRange | undefined {
  const last = sorted.length - 1;
  const [low, high] = [Math.ceil(last * LOW), Math.floor(last * HIGH)];
  return low > high ? undefined : { from: sorted[low] ?? 0, to: sorted[high] ?? 0 };
}
