/** Numbers and times as people read them. */
import type { AxisName } from "./charts/axis.js";

/** A number with every digit that the log printed, thousands apart. */
export function formatExact(value: number): string {
  if (!Number.isFinite(value)) return formatNonFinite(value);
  const text = String(value);
  if (text.includes("e")) return text.replace("-", "\u2212");
  const [whole = "", ...rest] = text.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".").replace("-", "\u2212");
}

/** NaN or infinity, as Marian prints it. */
function formatNonFinite(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "inf" : "\u2212inf";
}

/** Decimals that the numbers of a column need, four at most. */
export function commonPlaces(values: readonly number[]): number {
  const places = values.map((value) => (/\.(\d+)$/.exec(String(Number(value.toFixed(4))))?.[1] ?? "").length);
  return Math.max(0, ...places);
}

/** A number with so many decimals. */
export function formatPlaces(value: number, places: number): string {
  if (!Number.isFinite(value)) return formatNonFinite(value);
  const [whole = "", ...rest] = Math.abs(value).toFixed(places).split(".");
  return `${value < 0 ? "\u2212" : ""}${[formatExact(Number(whole)), ...rest].join(".")}`;
}

/** Labels of an axis whose marks are `step` apart. */
export function formatMark(value: number, step: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e9) return exponential(value);
  if (size >= 1e6 && step >= 1e4) return `${formatExact(Number((value / 1e6).toPrecision(6)))}M`;
  if (size >= 1e3 && step >= 1e3) return `${formatExact(Number((value / 1e3).toPrecision(6)))}k`;
  return formatExact(Number(value.toPrecision(8)));
}

/** `4e10`, `1.5e-4`. */
function exponential(value: number): string {
  const [digits = "", power = ""] = value.toExponential(3).split("e");
  return `${Number(digits)}e${Number(power)}`.replaceAll("-", "\u2212");
}

const UNITS = [
  { name: "d", length: 86_400_000 },
  { name: "h", length: 3_600_000 },
  { name: "min", length: 60_000 },
  { name: "s", length: 1000 },
] as const;

/** A duration in its two largest units. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "\u2013";
  if (milliseconds < 0) return `\u2212${formatDuration(-milliseconds)}`;
  const rounded = Math.round(milliseconds / 1000) * 1000;
  const first = UNITS.findIndex(({ length }) => rounded >= length);
  if (first === -1) return "0 s";
  const parts: string[] = [];
  let left = rounded;
  for (const { name, length } of UNITS.slice(first, first + 2)) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(" ");
}

/** An instant; a clock of an unknown zone is shown as it was printed. */
export function formatTime(milliseconds: number, clock: "utc" | "local" | undefined): string {
  if (!Number.isFinite(milliseconds)) return "\u2013";
  const text = new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
  return clock === "utc" ? `${text} UTC` : text;
}

/** A place on an axis as text. */
export function formatPlace(axis: AxisName, value: number, clock: "utc" | "local" | undefined): string {
  switch (axis) {
    case "up":
      return `update ${formatExact(value)}`;
    case "epoch":
      return `epoch ${formatExact(Number(value.toFixed(4)))}`;
    case "sentences":
      return `${formatExact(Math.round(value))} sentences`;
    case "elapsed":
      return `${formatDuration(value)} after the start`;
    case "clock":
      return formatTime(value, clock);
  }
}

/** A number of things: `1 row`, `2 rows`. */
export function count(value: number, one: string, several = `${one}s`): string {
  return `${formatExact(value)} ${value === 1 ? one : several}`;
}
