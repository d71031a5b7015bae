/** From runs to what one chart draws at one zoom. */
import { robustRange } from "../../report/robust-range.js";
import type { Table } from "../../report/table.js";
import type { RunView } from "../run-view.js";
import type { Range } from "../state.js";
import { type AxisName, lowerBound } from "./axis.js";
import type { ChartKind } from "./chart-kinds.js";
import { type DrawnLine, downsample } from "./downsample.js";
import type { TraceLine } from "./trace.js";

/** One line of a trace, ready to be drawn. */
export interface ChartLine extends DrawnLine {
  readonly traceLine: TraceLine;
  /** The values as they were printed, if `y` is smoothed. */
  readonly raw?: DrawnLine;
  /** All smoothed values of the trace line, if `y` is smoothed. */
  readonly smooth?: Float64Array;
}

/** The lines of one run. */
export interface ChartRun {
  readonly view: RunView;
  readonly table: Table;
  readonly lines: readonly ChartLine[];
  /** Rows whose place on this axis is unknown. */
  readonly unplaced: number;
}

/** A chart to draw. */
export interface ChartRequest {
  readonly kind: ChartKind;
  readonly views: readonly RunView[];
  readonly axis: AxisName;
  readonly range: Range;
  readonly smoothing: number;
  readonly log: boolean;
  /** Whether the values' axis reaches to outliers. */
  readonly outliers: boolean;
  /** Width of the plot in pixels. */
  readonly width: number;
}

/** The content of one chart at one zoom. */
export interface ChartContent {
  readonly runs: readonly ChartRun[];
  /**
   * The range of the visible values that the scale can show, smoothed if the lines are; undefined without any.
   */
  readonly values: Range | undefined;
  /** The range of the chart's scale: without outliers, unless the user wants them. */
  readonly scaled: Range | undefined;
  /** Points of all lines together. */
  readonly points: number;
}

/** With more runs than this, three pixels share a column, because lines hide each other anyway. */
const CROWD = 20;

/** So many values of a run, evenly spaced, decide what is an outlier. */
const SAMPLE = 512;

/** The content of a chart. */
export function chartContent(request: ChartRequest): ChartContent {
  const { kind, axis, range, smoothing, width, log } = request;
  // Validations are few, and each is a result: they are not smoothed.
  const weight = kind.part === "validation" ? 0 : smoothing;
  const columns = request.views.length > CROWD ? Math.ceil(width / 3) : width;
  const runs: ChartRun[] = [];
  const extent = new Extent(log);
  const samples: Float64Array[] = [];
  let points = 0;
  for (const view of request.views) {
    const table = kind.table(view.run);
    if (table === undefined) continue;
    const { traceLines, unplaced } = view.trace(table, kind.column, kind.id, axis);
    const lines: ChartLine[] = [];
    const shown: { readonly x: Float64Array; readonly y: Float64Array }[] = [];
    for (const traceLine of traceLines) {
      const [first = Number.NaN, last = Number.NaN] = [traceLine.x[0], traceLine.x.at(-1)];
      if (last < range.from || first > range.to) continue;
      const cut = (y: Float64Array) => downsample(traceLine.x, y, range.from, range.to, columns);
      const raw = cut(traceLine.y);
      points += raw.x.length;
      const y = weight > 0 ? view.smoothed(kind, table, traceLine, weight) : traceLine.y;
      const line = weight > 0 ? { ...cut(y), raw, smooth: y, traceLine } : { ...raw, traceLine };
      extent.add(line, range);
      shown.push({ x: traceLine.x, y });
      lines.push(line);
    }
    runs.push({ view, table, lines, unplaced });
    if (!request.outliers) samples.push(sampleOf(shown, range));
  }
  const values = extent.range;
  return {
    runs,
    values,
    scaled: request.outliers ? values : values && robustRange(samples, values, log),
    points,
  };
}

/** Evenly spaced values of one run. */
function sampleOf(
  lines: readonly { readonly x: Float64Array; readonly y: Float64Array }[],
  { from, to }: Range,
): Float64Array {
  const parts = lines.map(({ x, y }) => ({
    y,
    start: lowerBound(x.length, (index) => (x[index] ?? 0) >= from),
    end: lowerBound(x.length, (index) => (x[index] ?? 0) > to),
  }));
  const total = parts.reduce((sum, { start, end }) => sum + end - start, 0);
  const step = Math.max(1, Math.ceil(total / SAMPLE));
  const sample = new Float64Array(SAMPLE + parts.length);
  let count = 0;
  for (const { y, start, end } of parts) {
    for (let index = start; index < end; index += step) sample[count++] = y[index] ?? Number.NaN;
  }
  return sample.slice(0, count);
}

/** Minimum and maximum of the visible values that the scale can show. */
class Extent {
  readonly #lowest: number;
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;

  constructor(log: boolean) {
    this.#lowest = log ? Number.MIN_VALUE : Number.NEGATIVE_INFINITY;
  }

  add({ x, y }: DrawnLine, { from, to }: Range): void {
    for (let index = 0; index < y.length; index += 1) {
      const [place = 0, value = 0] = [x[index], y[index]];
      if (!Number.isFinite(value) || value < this.#lowest || place < from || place > to) continue;
      if (value < this.#from) this.#from = value;
      if (value > this.#to) this.#to = value;
    }
  }

  get range(): Range | undefined {
    return this.#from <= this.#to ? { from: this.#from, to: this.#to } : undefined;
  }
}
