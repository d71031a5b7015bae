/** Validation points as rows of the table of many runs, whose columns are the same whatever the metrics. */
import { PRESENT } from "../../core/layout.js";
import type { ClosedPoints } from "../../core/points.js";
import { ColumnNames, stalledColumn } from "../../run/metric-columns.js";
import type { RunUpdate } from "../../run/run-reader.js";
import { pointTimes } from "../../run/validation-point.js";
import { metricRule } from "../csv/columns.js";
import type { ColumnFiller } from "./column-buffer.js";
import type { Cell, Metrics } from "./columns.js";
import { cellText, jsonRows } from "./row-text.js";
import { columnsOf, RUN_COLUMNS } from "./schema.js";

/** A row's cells after the name of its run. */
export type ValidationRow = readonly Cell[];

const COLUMNS = columnsOf("validation").slice(RUN_COLUMNS.length);
const INDICES = new Map(COLUMNS.map(({ name }, index) => [name, index]));
const FURTHER = COLUMNS.length - 1;

/** How the metrics of a run are called: each by its column, or its name in `further`. */
export function metricColumns(): ColumnNames {
  return new ColumnNames(metricRule(columnsOf("validation").map(({ name }) => name)));
}

/** Where a metric is: in a column, or by a name in `further`. */
type Place = readonly [value: number | string, stalled: number | string];

/** The first column of a metric. */
const FIRST = (INDICES.get("up") ?? 0) + 1;

/** Turns the points of one run into rows. */
export class ValidationRows {
  readonly #columns = metricColumns();
  /** By the index of the metric. */
  readonly #places: Place[] = [];
  #hasFurther = false;

  take(update: RunUpdate): ValidationRow[] {
    const { closed } = update;
    this.#meet(update);
    return Array.from({ length: closed.length }, (_, point) => this.#fill(closed, point, []));
  }

  /** Puts the points from `from` to `to` into columns. */
  put(update: RunUpdate, from: number, to: number, filler: ColumnFiller): void {
    this.#meet(update);
    const further = filler.metrics(COLUMNS[FURTHER]?.name ?? "");
    const columns = COLUMNS.slice(0, FURTHER).map(({ name }) => filler.number(name));
    const cells: Cell[] = [];
    for (let point = from; point < to; point += 1) {
      this.#fill(update.closed, point, cells);
      for (let index = 0; index < FURTHER; index += 1)
        columns[index]?.push(cells[index] as number | undefined);
      further?.push(cells[FURTHER] as Metrics | undefined);
    }
  }

  /** The points as CSV, each starting with `head`. Bytes hold until the core is called again, by any parser of the thread. */
  csv(update: RunUpdate, head: Uint8Array): Uint8Array | string {
    this.#meet(update);
    // The core does not write maps.
    if (this.#hasFurther) return validationCsv(this.take(update), new TextDecoder().decode(head));
    const { closed } = update;
    const cells = Float64Array.from(this.#places.flat() as number[], (column) => column - FIRST);
    const columns = { position: true, names: "" };
    const width = FURTHER + 1 - FIRST;
    return closed.viewCsv({ cells, width, ...columns, prefix: head }, pointTimes(closed));
  }

  /** Gives metrics their places, in the order of their first records, whatever closes first: names must not depend on the chunks of a log. */
  #meet({ closed, metricNames }: RunUpdate): void {
    if (closed.length === 0 || metricNames.size === this.#places.length) return;
    for (const metric of [...metricNames].slice(this.#places.length)) {
      const column = this.#columns.add(metric);
      const stalled = stalledColumn(column);
      const place: Place = [INDICES.get(column) ?? column, INDICES.get(stalled) ?? stalled];
      this.#places.push(place);
      this.#hasFurther ||= place.some((one) => typeof one === "string");
    }
  }

  /** The cells of a point, in `cells`. */
  #fill(closed: ClosedPoints, point: number, cells: Cell[]): Cell[] {
    const segment = closed.number(point, "segment");
    const present = closed.number(point, "present");
    const time = closed.number(point, "timestamp");
    const isUtc = (present & PRESENT.utc) !== 0;
    cells[0] = segment;
    cells[1] = closed.number(point, "line");
    cells[2] = present & PRESENT.timestamp ? closed.time.absolute(time, isUtc, segment) : undefined;
    cells[3] = present & PRESENT.epoch ? closed.number(point, "epoch") : undefined;
    cells[4] = closed.number(point, "up");
    for (let index = FIRST; index < COLUMNS.length; index += 1) cells[index] = undefined;
    let further: Map<string, number> | undefined;
    const end = closed.number(point, "end");
    for (let at = closed.first(point); at < end; at += 1) {
      const [value, stalled] = this.#places[closed.value(at, "metric")] ?? [];
      const hasStalled = (closed.value(at, "present") & PRESENT.stalled) !== 0;
      for (const [place, number] of [
        [value, closed.value(at, "value")],
        [stalled, hasStalled ? closed.value(at, "stalled") : undefined],
      ] as const) {
        if (number === undefined) continue;
        if (typeof place === "number") cells[place] = number;
        else if (place !== undefined) {
          further ??= new Map();
          further.set(place, number);
        }
      }
    }
    cells[FURTHER] = further;
    return cells;
  }
}

/** The rows as CSV, each starting with `head`. */
function validationCsv(rows: readonly ValidationRow[], head: string): string {
  let text = "";
  for (const row of rows) {
    text += head;
    for (const [index, { type }] of COLUMNS.entries()) {
      const cell = cellText(row[index], type);
      if (index > 0) text += ",";
      // Only metrics need quotes, and always do.
      text += index === FURTHER && cell !== "" ? `"${cell.replaceAll('"', '""')}"` : cell;
    }
    text += "\r\n";
  }
  return text;
}

/** The rows as NDJSON, each starting with `head`. */
export function validationJson(rows: readonly ValidationRow[], head: string): string {
  return jsonRows(COLUMNS, rows, `${head},`);
}
