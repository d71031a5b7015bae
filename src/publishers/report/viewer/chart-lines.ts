/** From runs to what one chart draws at one zoom. */
import type { Table } from "../table.js";
import type { AxisName } from "./axis.js";
import type { ChartKind } from "./chart-kinds.js";
import { type DrawnLine, downsample } from "./downsample.js";
import type { RunView } from "./run-view.js";
import type { Range } from "./state.js";
import type { Piece } from "./trace.js";

/** One piece, ready to be drawn. */
export interface ChartLine extends DrawnLine {
  readonly piece: Piece;
  /** The values as they were printed, where `y` is smoothed. */
  readonly raw?: DrawnLine;
}

/** The lines of one run. */
export interface ChartRun {
  readonly view: RunView;
  readonly table: Table;
  readonly lines: readonly ChartLine[];
  /** Rows whose place on this axis is unknown. */
  readonly unplaced: number;
}

/** What is to be drawn. */
export interface ChartRequest {
  readonly kind: ChartKind;
  readonly views: readonly RunView[];
  readonly axis: AxisName;
  readonly range: Range;
  readonly smoothing: number;
  /** Width of the plot in pixels. */
  readonly width: number;
}

/** Everything of one chart at one zoom. */
export interface ChartContent {
  readonly runs: readonly ChartRun[];
  /** Values of the visible lines that are numbers; absent where there are none. */
  readonly values: Range | undefined;
  /** The least visible value above 0, where a logarithmic scale begins. */
  readonly leastPositive: number | undefined;
  /** Points of all lines together. */
  readonly points: number;
}

/** With more runs than this, three pixels share a column: their lines hide each other long before. */
const CROWD = 20;

/** What of the runs is to be drawn. */
export function chartContent(request: ChartRequest): ChartContent {
  const { kind, axis, range, smoothing, width } = request;
  // Validations are few, and each is a result: they are not smoothed.
  const weight = kind.part === "validation" ? 0 : smoothing;
  const columns = request.views.length > CROWD ? Math.ceil(width / 3) : width;
  const runs: ChartRun[] = [];
  const extent = new Extent();
  let points = 0;
  for (const view of request.views) {
    const table = kind.table(view.run);
    if (table === undefined) continue;
    const { pieces, unplaced } = view.trace(table, kind.column, kind.id, axis);
    const lines: ChartLine[] = [];
    for (const piece of pieces) {
      const [first = Number.NaN, last = Number.NaN] = [piece.x[0], piece.x.at(-1)];
      if (last < range.from || first > range.to) continue;
      const cut = (y: Float64Array) => downsample(piece.x, y, range.from, range.to, columns);
      const raw = cut(piece.y);
      extent.add(raw, range);
      points += raw.x.length;
      lines.push(
        weight > 0 ? { ...cut(view.smoothed(kind, table, piece, weight)), raw, piece } : { ...raw, piece },
      );
    }
    runs.push({ view, table, lines, unplaced });
  }
  return { runs, values: extent.range, leastPositive: extent.leastPositive, points };
}

/** Greatest and least of what is visible. */
class Extent {
  #from = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;
  #positive = Number.POSITIVE_INFINITY;

  add({ x, y }: DrawnLine, { from, to }: Range): void {
    for (let index = 0; index < y.length; index += 1) {
      const [place = 0, value = 0] = [x[index], y[index]];
      if (!Number.isFinite(value) || place < from || place > to) continue;
      if (value < this.#from) this.#from = value;
      if (value > this.#to) this.#to = value;
      if (value > 0 && value < this.#positive) this.#positive = value;
    }
  }

  get range(): Range | undefined {
    return this.#from <= this.#to ? { from: this.#from, to: this.#to } : undefined;
  }

  get leastPositive(): number | undefined {
    return this.#positive === Number.POSITIVE_INFINITY ? undefined : this.#positive;
  }
}
