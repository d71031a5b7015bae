/** The validation points of a log as rows of a table whose columns grow with the metrics. */
import { ColumnNames, stalledColumn } from "../../run/metric-columns.js";
import type { RunUpdate } from "../../run/run-reader.js";
import { metricRule, VALIDATION } from "../csv/columns.js";
import type { ColumnFiller } from "./column-buffer.js";
import type { Column } from "./columns.js";
import { columnsOf } from "./schema.js";

/** A row. */
export interface LogValidation {
  readonly segment: number;
  /** Of its first record, as the log has it. */
  readonly timestamp: string | undefined;
  /** As many as there were columns when the row was made, or less: the rest is absent. */
  readonly cells: readonly (number | undefined)[];
}

/** Turns the points of any number of logs into rows of one table. */
export class LogValidations {
  readonly #metrics: ColumnNames;
  readonly #columns: Column[] = columnsOf("validation").filter(({ name }) => VALIDATION.includes(name));
  /** Where the value and the stalls of each metric stand in a row. */
  readonly #indices = new Map<string, { readonly value: number; readonly stalled: number }>();

  /** @param others Columns of the table that are neither metrics nor segments. */
  constructor(others: readonly string[]) {
    this.#metrics = new ColumnNames(metricRule(others));
  }

  /** Columns up to now: epoch, update, metrics. */
  get columns(): readonly Column[] {
    return this.#columns;
  }

  /** Names of columns that don't depend on the order of metrics, by those up to now, if they differ. */
  get renamed(): ReadonlyMap<string, string> {
    return this.#metrics.renamed;
  }

  /** The rows of the points of an update, and the columns that they are the first to have. */
  take({ points, metricNames }: RunUpdate): { rows: LogValidation[]; added: readonly Column[] } {
    const known = this.#columns.length;
    if (metricNames.size > 0 && points.some(({ metrics }) => this.#isNew(metrics.keys()))) {
      const met = new Set(points.flatMap(({ metrics }) => [...metrics.keys()]));
      for (const metric of metricNames) if (met.has(metric)) this.#add(metric);
    }
    const rows = points.map(({ segment, timestamp, epoch, up, metrics }): LogValidation => {
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

/** A metric's column and that of its stalls. */
function metricColumns(column: string): readonly Column[] {
  return [column, stalledColumn(column)].map((name) => ({ name, type: "float", optional: true }));
}

/** Puts the rows into columns. */
export function putMetrics(
  columns: readonly Column[],
  rows: readonly LogValidation[],
  filler: ColumnFiller,
): void {
  for (const [index, { name }] of columns.entries()) {
    const values = filler.number(name);
    for (const { cells } of rows) values?.push(cells[index]);
  }
}
