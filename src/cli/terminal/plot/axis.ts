/** Scales map values to positions, with ticks at round numbers. */

/** One number on an axis. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Maps values from `low` to `high` to positions from 0 to 1. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  place(value: number): number;
  /** Round numbers within the scale, at most `most` if that can be done. */
  ticks(most: number): readonly Tick[];
}

/** Values that differ by less than this part of their size are drawn as one. */
const SAME = 1e-9;
/** Below and above these, floats have no room left to divide and multiply. */
const [TINY, HUGE] = [1e-290, 1e290];

/** Equal steps. A scale of one value gets room around it. */
export function linearScale(...extent: readonly [min: number, max: number]): Scale {
  const [min, max] = [clamp(extent[0], -HUGE), clamp(extent[1], -HUGE)];
  const size = Math.max(Math.abs(min), Math.abs(max));
  const one = max - min <= Math.max(size * SAME, TINY);
  const room = !one ? 0 : size > TINY ? size / 10 : 1;
  const low = min - room;
  const high = max + room;
  const place = (value: number) => (value - low) / (high - low);
  return { low, high, place, ticks: (most) => linearTicks(low, high, most) };
}

/** Equal factors; both ends are above 0. */
export function logScale(...extent: readonly [min: number, max: number]): Scale {
  const [min, max] = [clamp(extent[0], TINY), clamp(extent[1], TINY)];
  const room = min === max ? 2 : 1;
  const low = min / room;
  const high = max * room;
  const span = Math.log(high) - Math.log(low);
  const place = (value: number) => (Math.log(value) - Math.log(low)) / span;
  return { low, high, place, ticks: (most) => logTicks(low, high, most) };
}

function clamp(value: number, min: number): number {
  return Math.min(Math.max(value, min), HUGE);
}

function linearTicks(low: number, high: number, most: number): readonly Tick[] {
  const step = roundStep((high - low) / most);
  const ticks: Tick[] = [];
  // Counted, not added up, and with a little patience: three times 0.1 is not 0.3.
  for (let index = Math.ceil(low / step - SAME); index * step <= high + step * SAME; index += 1) {
    const value = Number((index * step).toPrecision(12));
    ticks.push({ value, label: formatTick(value, step) });
    if (ticks.length > most) break;
  }
  return ticks;
}

function logTicks(low: number, high: number, most: number): readonly Tick[] {
  for (const multiples of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: Tick[] = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      for (const multiple of multiples) {
        const value = Number(`${multiple}e${power}`);
        if (value >= low && value <= high) ticks.push({ value, label: formatTick(value, value) });
      }
    }
    if (ticks.length > most && multiples.length > 1) continue;
    const every = Math.ceil(ticks.length / most);
    if (ticks.length > 1) return ticks.filter((_, index) => index % every === 0);
  }
  // Less than a decade.
  return linearTicks(low, high, most);
}

/** The smallest of 1, 2, 5, 10, 20 … that is not below `min`. */
function roundStep(min: number): number {
  const power = Math.floor(Math.log10(min));
  const rest = min / 10 ** power;
  const digit = [1, 2, 5].find((candidate) => rest <= candidate * (1 + 1e-9));
  return Number(digit === undefined ? `1e${power + 1}` : `${digit}e${power}`);
}

/** A tick with the digits that its step needs. */
export function formatTick(value: number, step: number): string {
  const size = Math.max(Math.abs(value), Math.abs(step));
  if (value === 0 && size < 1e-4) return "0";
  if (value !== 0 && (size >= 1e15 || size < 1e-4)) return Number(value.toPrecision(12)).toExponential();
  for (const [unit, letter] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    // Only where nothing is lost by it: 1500 with a step of 500 is 1500 or 1.5k, 1234 stays.
    if (size >= 10 * unit || (size >= unit && step >= unit))
      return `${Number((value / unit).toPrecision(12))}${value === 0 ? "" : letter}`;
  }
  const digits = Math.max(0, -Math.floor(Math.log10(Math.abs(step)) + 1e-9));
  return value.toFixed(Math.min(digits, 20));
}
