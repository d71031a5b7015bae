/** Numbers in the sentences of findings. */

/** A value with up to six digits, as Marian prints metrics. */
export function formatValue(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);
}

/** Seconds in the unit that fits. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} days`;
}

/** `1 row`, `2 rows`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

/** A range of updates; `open` says that it reaches the end of the log. */
export function updates(from: number | undefined, to: number | undefined, open: boolean): string {
  if (from === undefined) return "";
  const span = to === undefined || from === to ? `at update ${from}` : `from update ${from} to ${to}`;
  return open ? `${span}, where the log ends` : span;
}
