/** Validation points as rows of a table whose columns grow with the metrics. */
import { ColumnNames, stalledColumn } from "../../run/metric-columns.js";
import type { RunUpdate } from "../../run/run-reader.js";
import { metricRule } from "../csv/columns.js";
import type { NumberColumn } from "./column-buffer.js";
import { type Column, metricColumns, RUN_COLUMNS, SEGMENT, VALIDATION_COLUMNS } from "./columns.js";
import { csvNumber, jsonNumber } from "./row-text.js";

/** A row without the name of its run. */
export interface ValidationRow {
  readonly segment: number;
  /** Of its first record, as the log has it. */
  readonly timestamp: string | undefined;
  /** As many as there were columns when the row was made, or less: the rest is absent. */
  readonly cells: readonly (number | undefined)[];
}

const FIXED = VALIDATION_COLUMNS.slice(RUN_COLUMNS.length);

/** Turns the points of any number of runs into rows of one table. */
export class ValidationRows {
  readonly #metrics: ColumnNames;
  readonly #columns: Column[] = [...FIXED];
  /** Where the value and the stalls of each metric stand in a row. */
  readonly #indices = new Map<string, { readonly value: number; readonly stalled: number }>();

  /** @param others Columns of the table that are neither metrics nor segments. */
  constructor(others: readonly string[] = VALIDATION_COLUMNS.map(({ name }) => name)) {
    this.#metrics = new ColumnNames(metricRule(others));
  }

  /** Columns up to now, but for those of the run's name. */
  get columns(): readonly Column[] {
    return this.#columns;
  }

  /** The columns of the metrics, by Marian's names, in the order of their first point. */
  get metrics(): ReadonlyMap<string, string> {
    return this.#metrics.columns;
  }

  /** Names of columns that don't depend on the order of metrics, by those up to now, if they differ. */
  get renamed(): ReadonlyMap<string, string> {
    return this.#metrics.renamed;
  }

  /** The columns when all rows are there, by their names then. */
  get settled(): readonly Column[] {
    const { renamed } = this;
    return this.#columns.map((column) => ({ ...column, name: renamed.get(column.name) ?? column.name }));
  }

  /** The rows of the points of an update, and the columns that they are the first to have. */
  take({ points, metricNames }: RunUpdate): { rows: ValidationRow[]; added: readonly Column[] } {
    const known = this.#columns.length;
    if (metricNames.size > 0 && points.some(({ metrics }) => this.#isNew(metrics.keys()))) {
      const met = new Set(points.flatMap(({ metrics }) => [...metrics.keys()]));
      for (const metric of metricNames) if (met.has(metric)) this.#add(metric);
    }
    const rows = points.map(({ segment, timestamp, epoch, up, metrics }): ValidationRow => {
      const cells = new Array<number | undefined>(this.#columns.length).fill(undefined);
      cells[0] = epoch;
      cells[1] = up;
      for (const [metric, { value, stalled }] of metrics) {
        const index = this.#indices.get(metric);
        if (index === undefined) continue;
        cells[index.value] = value;
        cells[index.stalled] = stalled;
      }
      return { segment, timestamp, cells };
    });
    return { rows, added: this.#columns.slice(known) };
  }

  #isNew(metrics: Iterable<string>): boolean {
    for (const metric of metrics) if (!this.#indices.has(metric)) return true;
    return false;
  }

  #add(metric: string): void {
    if (this.#indices.has(metric)) return;
    const column = this.#metrics.add(metric);
    if (this.#indexOf(column) === -1) this.#columns.push(...metricColumns(column));
    this.#indices.set(metric, {
      value: this.#indexOf(column),
      stalled: this.#indexOf(stalledColumn(column)),
    });
  }

  #indexOf(column: string): number {
    return this.#columns.findIndex(({ name }) => name === column);
  }
}

/** Puts the rows into columns. */
export function putValidation(
  columns: readonly Column[],
  rows: readonly ValidationRow[],
  put: (name: string) => NumberColumn | undefined,
): void {
  for (const [index, { name }] of columns.entries()) {
    const values = put(name);
    for (const { cells } of rows) values?.push(cells[index]);
  }
  put(SEGMENT.name)?.pushAll(Float64Array.from(rows, ({ segment }) => segment));
}

/** The rows as CSV, each starting with `head`. */
export function validationCsv(
  columns: readonly Column[],
  rows: readonly ValidationRow[],
  head: string,
): string {
  let text = "";
  for (const { cells } of rows) {
    text += head;
    for (let index = 0; index < columns.length; index += 1) {
      const cell = cells[index];
      if (index > 0) text += ",";
      if (cell !== undefined) text += csvNumber(cell, columns[index]?.type);
    }
    text += "\r\n";
  }
  return text;
}

/** The rows as NDJSON, each starting with `head`. */
export function validationJson(
  columns: readonly Column[],
  rows: readonly ValidationRow[],
  head: string,
): string {
  const keys = columns.map(({ name }) => `,${JSON.stringify(name)}:`);
  let text = "";
  for (const { cells } of rows) {
    text += head;
    for (const [index, key] of keys.entries()) {
      const cell = cells[index];
      if (cell !== undefined) text += key + jsonNumber(cell);
    }
    text += "}\n";
  }
  return text;
}
