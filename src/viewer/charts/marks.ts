/** Round numbers for the ticks of axes. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps of an axis of times, in milliseconds, from a second to years. */
export function* timeSteps(): Generator<number> {
  for (const count of [1, 2, 5, 10, 15, 30]) yield count * SECOND;
  for (const count of [1, 2, 5, 10, 15, 30]) yield count * MINUTE;
  for (const count of [1, 2, 3, 6, 12]) yield count * HOUR;
  for (let count = 1; count < 1e4; count *= 10) for (const times of [1, 2, 5]) yield count * times * DAY;
}

/** Marks of a logarithmic axis: 1, 2 and 5 of each power of ten, or of a short axis round steps. */
export function logarithmicMarks(from: number, to: number): number[] {
  if (!(from > 0 && to > from)) return [];
  if (to / from < 12) {
    const step = roundStep((to - from) / 5);
    const marks: number[] = [];
    for (let mark = Math.ceil(from / step); mark * step <= to; mark += 1) marks.push(tidy(mark * step));
    return marks;
  }
  const [first, last] = [Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))];
  const decades = Math.log10(to / from);
  const digits = decades > 6 ? [1] : decades > 3 ? [1, 3] : [1, 2, 5];
  const every = Math.max(1, Math.ceil(decades / 10));
  const marks: number[] = [];
  for (let power = first; power <= last; power += every) {
    for (const digit of digits) {
      const mark = tidy(digit * 10 ** power);
      if (mark >= from && mark <= to) marks.push(mark);
    }
  }
  return marks;
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below `step`. */
export function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const digit = [1, 2, 5].find((candidate) => candidate * power >= step) ?? 10;
  return digit * power;
}

function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
