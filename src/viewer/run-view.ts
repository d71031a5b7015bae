/** A run as the page shows it: its colour, its places, its lines. */
import type { Finding } from "../check/finding.js";
import type { ReportRun } from "../report/report-data.js";
import { resumedAt } from "../report/restarts.js";
import type { Table } from "../report/table.js";
import { type AxisName, lowerBound, RunAxes } from "./charts/axis.js";
import { type ChartKind, concerns } from "./charts/chart-kinds.js";
import { smoothed, type Trace, type TraceLine, traceOf } from "./charts/trace.js";
import type { Range } from "./state.js";

/** A start of Marian that is not the first, on an axis. */
export interface Restart {
  readonly segment: number;
  readonly place: number;
  /** The first update that was reported after it. */
  readonly up: number;
}

/** What the log says between its records, on an axis. */
export interface PlacedMark {
  readonly kind: "save" | "load" | "decay";
  readonly place: number;
  /** The first line of those that say it there. */
  readonly text: string;
}

/** A finding, on an axis. */
export interface PlacedFinding {
  readonly finding: Finding;
  readonly place: number;
}

interface Smooth {
  readonly weight: number;
  readonly y: Float64Array;
}

/** One run of the page. Lines are worked out when they are asked for, once for each axis. */
export class RunView {
  readonly run: ReportRun;
  /** Its index among the runs, which decides its colour. */
  readonly index: number;
  readonly #axes: RunAxes;
  readonly #resumed: ReadonlyMap<number, number>;
  readonly #traces = new Map<string, Trace>();
  readonly #smoothRows = new Map<string, Smooth>();
  readonly #smoothLines = new WeakMap<TraceLine, Smooth>();
  readonly #extents = new Map<AxisName, Range>();
  readonly #restarts = new Map<AxisName, readonly Restart[]>();
  readonly #marks = new Map<AxisName, readonly PlacedMark[]>();

  constructor(run: ReportRun, index: number) {
    this.run = run;
    this.index = index;
    this.#axes = new RunAxes(run);
    this.#resumed = resumedAt(run.training);
  }

  /** The lines of a column of one of this run's tables. */
  trace(table: Table, column: string, key: string, axis: AxisName): Trace {
    return remembered(this.#traces, `${axis} ${column} ${key}`, () => {
      const joined = axis !== "clock" && axis !== "elapsed";
      return traceOf(table, column, this.#placesOf(table, axis), this.#resumed, joined);
    });
  }

  /** The values of a line of a chart, smoothed; only the latest weight is kept. */
  smoothed(kind: ChartKind, table: Table, traceLine: TraceLine, weight: number): Float64Array {
    const known = this.#smoothLines.get(traceLine);
    if (known?.weight === weight) return known.y;
    let rows = this.#smoothRows.get(kind.id);
    if (rows?.weight !== weight) {
      rows = { weight, y: smoothed(table, kind.column, weight) };
      this.#smoothRows.set(kind.id, rows);
    }
    const { y } = rows;
    const line = { weight, y: Float64Array.from(traceLine.row, (row) => y[row] ?? Number.NaN) };
    this.#smoothLines.set(traceLine, line);
    return line.y;
  }

  /** From its first place to its last; undefined if the log has no places on this axis. */
  extent(axis: AxisName): Range | undefined {
    const known = this.#extents.get(axis);
    if (known !== undefined) return known;
    const { training, validation } = this.run;
    let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const tables = [...validation.values()].map((table) => this.#axes.other(table, axis));
    for (const places of [training.length > 0 ? this.#axes.training(axis) : [], ...tables]) {
      for (const place of places) {
        if (place < from) from = place;
        if (place > to) to = place;
      }
    }
    if (from > to) return undefined;
    this.#extents.set(axis, { from, to });
    return { from, to };
  }

  /** Where training went on after a restart. */
  restarts(axis: AxisName): readonly Restart[] {
    return remembered(this.#restarts, axis, () => this.#findRestarts(axis));
  }

  /** Where models were saved and loaded, and learning rates lowered: several files that are saved at once are one mark. */
  marks(axis: AxisName): readonly PlacedMark[] {
    return remembered(this.#marks, axis, () => this.#placeMarks(axis));
  }

  /** The findings that a chart marks, at the training row of their line. */
  findings(kind: ChartKind, axis: AxisName): readonly PlacedFinding[] {
    const concerned = this.run.findings.filter((finding) => concerns(kind, finding));
    const lines = this.run.training.columns.get("line")?.values;
    if (lines === undefined || concerned.length === 0) return [];
    const places = this.#axes.training(axis);
    return concerned.flatMap((finding) => {
      const row = lowerBound(lines.length, (index) => (lines[index] ?? 0) >= finding.line);
      const place = places[Math.min(row, lines.length - 1)] ?? Number.NaN;
      return Number.isNaN(place) ? [] : [{ finding, place }];
    });
  }

  #placesOf(table: Table, axis: AxisName): Float64Array {
    return table === this.run.training ? this.#axes.training(axis) : this.#axes.other(table, axis);
  }

  #placeMarks(axis: AxisName): readonly PlacedMark[] {
    const lines = this.run.training.columns.get("line")?.values;
    if (lines === undefined) return [];
    const places = this.#axes.training(axis);
    const marks = new Map<string, PlacedMark>();
    for (const { kind, line, up, text } of this.run.marks) {
      if (kind !== "save" && kind !== "load" && kind !== "decay") continue;
      // After the record before it; before the first record, at that one.
      const after = lowerBound(lines.length, (index) => (lines[index] ?? 0) >= line);
      const place = axis === "up" && up !== undefined ? up : (places[Math.max(0, after - 1)] ?? Number.NaN);
      const key = `${kind} ${place}`;
      if (!Number.isNaN(place) && !marks.has(key)) marks.set(key, { kind, place, text });
    }
    return [...marks.values()];
  }

  #findRestarts(axis: AxisName): readonly Restart[] {
    const { training } = this.run;
    const table = training.length > 0 ? training : [...this.run.validation.values()][0];
    if (table === undefined) return [];
    const places = this.#placesOf(table, axis);
    const segments = table.columns.get("segment")?.values ?? new Float64Array(0);
    const ups = table.columns.get("up")?.values ?? new Float64Array(0);
    const restarts: Restart[] = [];
    for (let row = 0; row < table.length; row += 1) {
      // Segments before the first row have no row.
      if (segments[row] === (row === 0 ? 0 : segments[row - 1]) || Number.isNaN(places[row])) continue;
      restarts.push({ segment: segments[row] ?? 0, place: places[row] ?? 0, up: ups[row] ?? 0 });
    }
    return restarts;
  }
}

/** The value of a key; worked out when it is asked for first. */
function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
