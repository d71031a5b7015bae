/** Validation points as rows of the table of many runs, whose columns are the same whatever the metrics. */
import { instant } from "../../core/timestamp.js";
import { ColumnNames, stalledColumn } from "../../run/metric-columns.js";
import type { RunUpdate } from "../../run/run-reader.js";
import type { ValidationPoint } from "../../run/validation-point.js";
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

/** Turns the points of one run into rows. */
export class ValidationRows {
  readonly #columns = metricColumns();
  readonly #places = new Map<string, Place>();

  take({ points, metricNames }: RunUpdate): ValidationRow[] {
    // In the order of their first records, whatever closes first: names must not depend on the chunks of a log.
    if (points.length > 0 && metricNames.size > this.#places.size) {
      for (const metric of metricNames) {
        const column = this.#columns.add(metric);
        const stalled = stalledColumn(column);
        this.#places.set(metric, [INDICES.get(column) ?? column, INDICES.get(stalled) ?? stalled]);
      }
    }
    return points.map((point) => this.#row(point));
  }

  #row({ segment, line, timestamp, epoch, up, metrics }: ValidationPoint): ValidationRow {
    const cells: Cell[] = [segment, line, instant(timestamp), epoch, up];
    while (cells.length < COLUMNS.length) cells.push(undefined);
    let further: Map<string, number> | undefined;
    const put = (place: number | string, value: number | undefined) => {
      if (value === undefined) return;
      if (typeof place === "number") cells[place] = value;
      else {
        further ??= new Map();
        further.set(place, value);
      }
    };
    for (const [metric, { value, stalled }] of metrics) {
      const place = this.#places.get(metric);
      if (place === undefined) continue;
      put(place[0], value);
      put(place[1], stalled);
    }
    cells[FURTHER] = further;
    return cells;
  }
}

/** Puts the rows into columns. */
export function putValidation(rows: readonly ValidationRow[], filler: ColumnFiller): void {
  for (const [index, { name }] of COLUMNS.entries()) {
    if (index === FURTHER) {
      const column = filler.metrics(name);
      for (const row of rows) column?.push(row[index] as Metrics | undefined);
    } else {
      const column = filler.number(name);
      for (const row of rows) column?.push(row[index] as number | undefined);
    }
  }
}

/** The rows as CSV, each starting with `head`. */
export function validationCsv(rows: readonly ValidationRow[], head: string): string {
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
