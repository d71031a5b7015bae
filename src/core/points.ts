/** Validation points as the core gathers them from the records of its batches. */
import { columnBits, type RowColumns } from "./batch.js";
import type { Core, CoreModule } from "./core.js";
import { PRESENT, viewCsv } from "./layout.js";
import { POINT_NUMBERS, VALUE_NUMBERS } from "./table.js";
import type { TimestampFormat } from "./timestamp.js";

/** Where the numbers of a point, and of a metric of a point, stand among those of its row. */
export const POINT = places(POINT_NUMBERS);
export const VALUE = places(VALUE_NUMBERS);

/** How many numbers a row has. */
export const POINT_WIDTH = POINT_NUMBERS.length;
export const VALUE_WIDTH = VALUE_NUMBERS.length;

/** The columns of points: `epoch,up`, `width` cells of metrics, and those that are asked for. */
export interface PointCsv extends RowColumns {
  /** For each metric, by its index: in which cell its value stands, and in which how often it stalled. */
  readonly cells: Float64Array;
  /** What stands in a cell from there on is in one more, `further`, which CSV lacks. */
  readonly width: number;
  /** The names of all cells, one a line, for JSON and for `further`; they need no escapes. None for CSV. */
  readonly names: string;
  /** Finished text that every row starts with. */
  readonly prefix: Uint8Array;
}

/** Where points come from: the parser that has met their metrics. */
export interface PointOrigin {
  readonly time: TimestampFormat;
  /** The names of the metrics, by their indices. */
  readonly names: readonly string[];
}

/** Points that closed, as numbers, in the order of their closing. */
export class ClosedPoints {
  readonly length: number;
  /** How many lack an expected metric. */
  readonly partial: number;
  /** A row a point; see {@link POINT}. */
  readonly points: Float64Array;
  /** A row a metric; see {@link VALUE}. The metrics of a point end where it says. */
  readonly values: Float64Array;
  /** Writes and converts the log's times. */
  readonly time: TimestampFormat;
  readonly #names: readonly string[];
  readonly #csv: (columns: PointCsv, times: Float64Array) => Uint8Array;

  constructor(
    points: Float64Array,
    values: Float64Array,
    { time, names }: PointOrigin,
    csv: (columns: PointCsv, times: Float64Array) => Uint8Array,
  ) {
    this.points = points;
    this.values = values;
    this.length = points.length / POINT_WIDTH;
    let partial = 0;
    for (let at = POINT.present; at < points.length; at += POINT_WIDTH)
      if ((points[at] ?? 0) & PRESENT.partial) partial += 1;
    this.partial = partial;
    this.time = time;
    this.#names = names;
    this.#csv = csv;
  }

  /** A number of a point. */
  number(point: number, name: keyof typeof POINT): number {
    return this.points[point * POINT_WIDTH + POINT[name]] ?? 0;
  }

  /** A number of a metric, whose index is that of `values`. */
  value(index: number, name: keyof typeof VALUE): number {
    return this.values[index * VALUE_WIDTH + VALUE[name]] ?? 0;
  }

  /** The index of the first metric of a point. */
  first(point: number): number {
    return point === 0 ? 0 : this.number(point - 1, "end");
  }

  metricName(index: number): string {
    return this.#names[index] ?? "";
  }

  /** The time of a point as the log has it; undefined if its first record has none. */
  timestamp(point: number): string | undefined {
    const present = this.number(point, "present");
    if ((present & PRESENT.timestamp) === 0) return undefined;
    const utc = (present & PRESENT.utc) !== 0;
    return this.time.format(this.number(point, "timestamp"), utc, this.number(point, "segment"));
  }

  /**
   * The points as CSV, in the core's memory: the text holds until the core is called again, by any parser of the thread.
   *
   * @param times Milliseconds since 1970, UTC, of each point; none if those of the log are in UTC.
   * @throws Error when the points of a later batch have been asked for: the core formats those that it gathered last.
   */
  viewCsv(columns: PointCsv, times: Float64Array): Uint8Array {
    return this.#csv(columns, times);
  }
}

/** Asks a core for its points. */
export class PointReader {
  readonly #module: CoreModule;
  readonly #core: Core;
  #calls = 0;

  constructor(module: CoreModule, core: Core) {
    this.#module = module;
    this.#core = core;
  }

  /**
   * Gathers the points that the core's batch closes.
   *
   * @param starts For each start of Marian in the batch, the metrics that it is configured to validate, if it says so.
   * @param last Whether the log ends here: every open point closes.
   */
  read(starts: readonly (readonly string[] | undefined)[], last: boolean, origin: PointOrigin): ClosedPoints {
    const core = this.#core;
    for (const metrics of starts) {
      core.startPoints();
      for (const metric of metrics ?? []) core.expectMetric(metric);
    }
    const table = core.points(last);
    const { buffer } = this.#module.memory;
    const [points = 0, pointCount = 0, values = 0, valueCount = 0] = new Uint32Array(buffer, table, 4);
    // An address without rows need not be one of numbers.
    const rows = (at: number, count: number, width: number) =>
      new Float64Array(buffer, count === 0 ? 0 : at, count * width).slice();
    this.#calls += 1;
    const call = this.#calls;
    return new ClosedPoints(
      rows(points, pointCount, POINT_WIDTH),
      rows(values, valueCount, VALUE_WIDTH),
      origin,
      (columns, times) => {
        if (call !== this.#calls)
          throw new Error("The parser has been called again: take the CSV of a batch first.");
        const bits = columnBits(columns);
        return viewCsv(
          this.#module,
          core.pointsCsv(bits, columns.cells, columns.width, columns.names, times, columns.prefix),
        );
      },
    );
  }
}

function places<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, at) => [name, at])) as Record<Name, number>;
}
