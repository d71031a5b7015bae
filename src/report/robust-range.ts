/** Which values a chart is scaled to: without the few that lie far from all others. */

/** Values from the least to the greatest. */
export interface ValueRange {
  readonly from: number;
  readonly to: number;
}

/** The percentiles between which the bulk of the values lies, as in TensorBoard's charts. */
const [LOW, HIGH] = [0.05, 0.95];
/** What lies farther from the bulk than so many of its widths is an outlier. */
const FAR = 2;
/** What lies so many widths away would leave less than a line of the bulk. */
const REACH = 1000;
/** A series with fewer values may lie outside with all of them. */
const FEWEST = 5;

/**
 * The range without outliers: from the 5th to the 95th percentile of all values, and twice as far again on both sides, but no
 * farther than there are values. A series as a whole is no outlier: what lies between its own percentiles is inside,
 * unless the bulk would be nothing but a line beside it, as beside a training that diverged.
 *
 * @param series The values of each, or an even choice of them; what is no number is left out.
 * @param whole The least and the greatest of all values.
 * @param logarithmic Whether what is far is told by factors; values of 0 and below are left out then.
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

/** What lies between the percentiles of sorted values; absent where there are less than three. */
function bulk(sorted: Float64Array): ValueRange | undefined {
  const last = sorted.length - 1;
  const [low, high] = [Math.ceil(last * LOW), Math.floor(last * HIGH)];
  return low > high ? undefined : { from: sorted[low] ?? 0, to: sorted[high] ?? 0 };
}
