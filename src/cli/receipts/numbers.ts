/** Numbers in what commands print. */

/** A number and its noun. */
export function count(value: number, one: string, several = `${one}s`): string {
  return `${grouped(value)} ${value === 1 ? one : several}`;
}

/** A number with its thousands apart. */
export function grouped(value: number): string {
  // The tables of languages that Node loads for toLocaleString take as long as reading a small log.
  return Number.isSafeInteger(value)
    ? String(value).replace(/\B(?=(?:\d{3})+$)/g, ",")
    : value.toLocaleString("en-US");
}

/** Bytes in the unit that fits. */
export function size(bytes: number): string {
  const unit = [
    { name: "GB", bytes: 1e9 },
    { name: "MB", bytes: 1e6 },
    { name: "kB", bytes: 1e3 },
  ].find((candidate) => bytes >= candidate.bytes);
  return unit === undefined ? `${Math.round(bytes)} B` : `${(bytes / unit.bytes).toFixed(1)} ${unit.name}`;
}

/** To the millesimal. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** A log rarely has more metrics; of one that has thousands, a list of all is no help. */
const LISTED = 30;

/** The first texts of a list, and how many more there are. */
export function firstOf(texts: readonly string[]): string[] {
  const more = texts.length - LISTED;
  return more > 0 ? [...texts.slice(0, LISTED), `${grouped(more)} more`] : [...texts];
}
