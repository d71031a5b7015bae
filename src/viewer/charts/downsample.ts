/** A line with as many points as the screen can show. */
import { lowerBound } from "./axis.js";

/** Points to draw, in order. NaN or infinity breaks the line. */
export interface DrawnLine {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** The index of each point in the whole line. */
  readonly index: Uint32Array;
}

/** First, minimum, maximum and last number; NaN and both infinities. */
const MAX_PER_COLUMN = 7;

/**
 * The part of a line between two places, reduced to its first, minimum, maximum and last value in each pixel column.
 * Each column also keeps its first NaN and its first infinity of each sign. One more point on each side lets the line
 * run to the edges.
 *
 * @param x Places, never falling.
 */
export function downsample(
  x: Float64Array,
  y: Float64Array,
  from: number,
  to: number,
  columns: number,
): DrawnLine {
  const start = Math.max(0, lowerBound(x.length, (index) => (x[index] ?? 0) >= from) - 1);
  const end = Math.min(x.length, lowerBound(x.length, (index) => (x[index] ?? 0) > to) + 1);
  if (end - start <= 4 * columns || !(to > from)) {
    const index = Uint32Array.from({ length: end - start }, (_, offset) => start + offset);
    return { x: x.slice(start, end), y: y.slice(start, end), index };
  }
  const kept = new Uint32Array(MAX_PER_COLUMN * (columns + 3));
  let count = 0;
  const scale = columns / (to - from);
  let index = start;
  while (index < end) {
    const column = Math.floor(((x[index] ?? 0) - from) * scale);
    const first = index;
    let last = -1;
    let [min, max] = [first, first];
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    let [nan, above, below] = [-1, -1, -1];
    for (; index < end && Math.floor(((x[index] ?? 0) - from) * scale) === column; index += 1) {
      const value = y[index] ?? Number.NaN;
      if (value - value === 0) {
        if (value < low) {
          low = value;
          min = index;
        }
        if (value > high) {
          high = value;
          max = index;
        }
        last = index;
      } else if (value === Number.POSITIVE_INFINITY) above = above === -1 ? index : above;
      else if (value === Number.NEGATIVE_INFINITY) below = below === -1 ? index : below;
      else nan = nan === -1 ? index : nan;
    }
    const begin = count;
    // In their order, each once. In a column without a number, `first` is not a number, either.
    for (const point of nan + above + below === -3 ? [] : [nan, above, below])
      if (point !== -1) kept[count++] = point;
    kept[count++] = first;
    if (last !== -1) {
      kept[count++] = min;
      kept[count++] = max;
      kept[count++] = last;
    }
    count = sortedOnce(kept, begin, count);
  }
  const points = kept.slice(0, count);
  const pick = (values: Float64Array) => Float64Array.from(points, (point) => values[point] ?? Number.NaN);
  return { x: pick(x), y: pick(y), index: points };
}

/** Sorts a few numbers in place and drops duplicates. Returns their new end. */
function sortedOnce(numbers: Uint32Array, begin: number, end: number): number {
  for (let at = begin + 1; at < end; at += 1) {
    const number = numbers[at] ?? 0;
    let before = at - 1;
    for (; before >= begin && (numbers[before] ?? 0) > number; before -= 1)
      numbers[before + 1] = numbers[before] ?? 0;
    numbers[before + 1] = number;
  }
  let count = begin;
  for (let at = begin; at < end; at += 1) {
    if (at === begin || numbers[at] !== numbers[count - 1]) numbers[count++] = numbers[at] ?? 0;
  }
  return count;
}
