/** The horizontal axes, and the places of rows on them. */
import type { ReportRun } from "../../report/report-data.js";
import { type Column, isPresent, type Table, valueAt } from "../../report/table.js";

/** What a chart is drawn over. */
export type AxisName = "up" | "epoch" | "sentences" | "elapsed" | "clock";

/** The axes in the order of their choice. `elapsed` and `clock` are milliseconds. */
export const AXES: readonly { readonly name: AxisName; readonly label: string }[] = [
  { name: "up", label: "Updates" },
  { name: "epoch", label: "Epochs" },
  { name: "sentences", label: "Sentences" },
  { name: "elapsed", label: "Time since start" },
  { name: "clock", label: "Clock" },
];

/** The places of the rows of one run. Each axis is computed once. */
export class RunAxes {
  readonly #run: ReportRun;
  readonly #training = new Map<AxisName, Float64Array>();
  readonly #started: number | undefined;
  #rises: ReadonlyMap<number, readonly number[]> | undefined;

  constructor(run: ReportRun) {
    this.#run = run;
    this.#started = startOf(run);
  }

  /** A place for each training row; NaN if unknown. */
  training(axis: AxisName): Float64Array {
    let places = this.#training.get(axis);
    if (places === undefined) {
      places = this.#placeTraining(axis);
      this.#training.set(axis, places);
    }
    return places;
  }

  /** A place for each row of a table with updates and segments: its own, or interpolated between two training rows. */
  other(table: Table, axis: AxisName): Float64Array {
    if (axis === "up") return valuesOf(table, "up");
    const own = axis === "elapsed" || axis === "clock" ? valuesOf(table, "timestamp") : undefined;
    const segments = valuesOf(table, "segment");
    const ups = valuesOf(table, "up");
    return Float64Array.from({ length: table.length }, (_, row) => {
      const time = own?.[row] ?? Number.NaN;
      if (!Number.isNaN(time)) return axis === "clock" ? time : time - (this.#started ?? time);
      const between = this.#between(axis, segments[row] ?? 0, ups[row] ?? Number.NaN);
      if (!Number.isNaN(between) || axis !== "epoch") return between;
      // A log with validations only: only the current epoch is known.
      return (valueAt(table.columns.get("epoch"), row) ?? Number.NaN) - 1;
    });
  }

  #placeTraining(axis: AxisName): Float64Array {
    const { training } = this.#run;
    if (axis === "up") return valuesOf(training, "up");
    if (axis === "epoch") return epochs(training);
    if (axis === "sentences") return sentences(training);
    const stamps = valuesOf(training, "timestamp");
    if (axis === "clock") return stamps;
    return this.#started === undefined ? timers(training) : stamps.map((time) => time - (this.#started ?? 0));
  }

  /** The place of an update of a segment, on the line between the training rows around it. */
  #between(axis: AxisName, segment: number, up: number): number {
    const ups = this.#run.training.columns.get("up")?.values ?? new Float64Array(0);
    this.#rises ??= risingRows(this.#run.training);
    const rows = this.#rises.get(segment) ?? [];
    const places = this.training(axis);
    const after = lowerBound(rows.length, (index) => (ups[rows[index] ?? 0] ?? 0) >= up);
    const high = rows[Math.min(after, rows.length - 1)];
    const low = rows[Math.max(0, after - 1)];
    if (high === undefined || low === undefined || Number.isNaN(up)) return Number.NaN;
    const [up0 = 0, up1 = 0] = [ups[low], ups[high]];
    const [place0 = Number.NaN, place1 = Number.NaN] = [places[low], places[high]];
    if (up0 === up1) return place1;
    return place0 + ((up - up0) / (up1 - up0)) * (place1 - place0);
  }
}

/** The first index below `length` for which `holds` is true, or `length`; from there on it must stay true. */
export function lowerBound(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Rows by segment whose updates rise. */
function risingRows(table: Table): ReadonlyMap<number, readonly number[]> {
  const rows = new Map<number, number[]>();
  const ups = valuesOf(table, "up");
  const segments = valuesOf(table, "segment");
  for (let row = 0; row < table.length; row += 1) {
    const known = rows.get(segments[row] ?? 0) ?? [];
    if (known.length === 0) rows.set(segments[row] ?? 0, known);
    const last = known.at(-1);
    if (last === undefined || (ups[row] ?? 0) > (ups[last] ?? 0)) known.push(row);
  }
  return rows;
}

/**
 * Finished epochs, with a fraction. Marian's logical epochs have one; plain ones get it from the sentences, and an
 * unfinished epoch counts as long as the longest.
 */
function epochs(table: Table): Float64Array {
  const epoch = valuesOf(table, "epoch");
  if (epoch.some((value) => !Number.isInteger(value) && !Number.isNaN(value))) return epoch.slice();
  const { last, lengths, longest } = epochLengths(table);
  const sen = valuesOf(table, "sen");
  return epoch.map((value, row) => {
    const length = value === last ? longest : (lengths.get(value) ?? 0);
    return value - 1 + (length > 0 ? (sen[row] ?? 0) / length : 0);
  });
}

/**
 * Sentences since the start of the log. Marian counts them from 0 in each epoch: if the count falls while updates rise,
 * an epoch has started. After a restart the count continues from the row before its first update.
 */
function sentences(table: Table): Float64Array {
  const sen = valuesOf(table, "sen");
  const ups = valuesOf(table, "up");
  const before = new Float64Array(table.length);
  const chain: number[] = [];
  for (let row = 0; row < table.length; row += 1) {
    while (chain.length > 0 && (ups[chain.at(-1) ?? 0] ?? 0) >= (ups[row] ?? 0)) chain.pop();
    const previous = chain.at(-1);
    if (previous !== undefined) {
      const counted = sen[previous] ?? 0;
      before[row] = (before[previous] ?? 0) + ((sen[row] ?? 0) < counted ? counted : 0);
    }
    chain.push(row);
  }
  return sen.map((count, row) => (before[row] ?? 0) + count);
}

function epochLengths(table: Table): { last: number; lengths: Map<number, number>; longest: number } {
  const epoch = valuesOf(table, "epoch");
  const sen = valuesOf(table, "sen");
  const lengths = new Map<number, number>();
  for (let row = 0; row < table.length; row += 1) {
    const key = Math.floor(epoch[row] ?? 0);
    lengths.set(key, Math.max(lengths.get(key) ?? 0, sen[row] ?? 0));
  }
  let last = 0;
  let longest = 0;
  for (const [key, length] of lengths) {
    last = Math.max(last, key);
    longest = Math.max(longest, length);
  }
  return { last, lengths, longest };
}

/** Milliseconds by Marian's own timer, for logs without times. */
function timers(table: Table): Float64Array {
  const time = table.columns.get("time");
  let sum = 0;
  return Float64Array.from({ length: table.length }, (_, row) => {
    if (time === undefined) return Number.NaN;
    const seconds = valueAt(time, row) ?? 0;
    sum += Number.isFinite(seconds) ? seconds * 1000 : 0;
    return sum;
  });
}

/** Milliseconds of the earliest record. */
function startOf({ training, validation }: ReportRun): number | undefined {
  let start = Number.POSITIVE_INFINITY;
  for (const table of [training, ...validation.values()]) {
    const column = table.columns.get("timestamp");
    for (let row = 0; row < table.length; row += 1) {
      if (isPresent(column, row)) start = Math.min(start, column?.values[row] ?? start);
    }
  }
  return start === Number.POSITIVE_INFINITY ? undefined : start;
}

/** A column's values; NaN if absent. */
function valuesOf(table: Table, name: string): Float64Array {
  const column: Column | undefined = table.columns.get(name);
  return column?.values ?? new Float64Array(table.length).fill(Number.NaN);
}
