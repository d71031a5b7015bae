/** Rows of all tables as lines of a stream. */
import { type Batch, JSON_FIELDS, ROW_END, TABS } from "../../core/batch.js";
import { stalledColumn } from "../../run/metric-columns.js";
import type { RunUpdate } from "../../run/run-reader.js";
import { pointTimes } from "../../run/validation-point.js";
import { type Cell, type Column, type RunName, TABLES, type TableName } from "./columns.js";
import { cellText, jsonHead, jsonRows, tabCell } from "./row-text.js";
import { columnsOf } from "./schema.js";
import { metricColumns } from "./validation-rows.js";

/** Which table a row belongs to, if the rows of all tables go the same way. */
const TABLE: Column = { name: "table", type: "text", optional: false };

/** The columns of a stream that carries all tables: the name of the table, then those of each, once. */
export const ALL_COLUMNS: readonly Column[] = [TABLE, ...TABLES.flatMap(columnsOf)].filter(
  ({ name }, index, all) => all.findIndex((column) => column.name === name) === index,
);

/** Makes lines of rows. */
export interface RowLines {
  /** Training rows; the lines hold until the core is called again. */
  training(run: RunName, batch: Batch): Uint8Array;
  /** What makes lines of the validation points of one log. */
  points(run: RunName): PointLines;
  /** Any other rows, with the columns of their table. */
  rows(table: TableName, rows: readonly (readonly Cell[])[]): string;
}

/** Lines of JSON, each with what its row has. */
export class JsonLines implements RowLines {
  readonly #named: boolean;

  /** @param only Whether the lines of one table alone are printed: then its name is left out. */
  constructor(only: boolean) {
    this.#named = !only;
  }

  training(run: RunName, batch: Batch): Uint8Array {
    return viewTraining(batch, this.#frame("training", run));
  }

  points(run: RunName): PointLines {
    return new PointLines(columnsOf("validation"), this.#frame("validation", run));
  }

  rows(table: TableName, rows: readonly (readonly Cell[])[]): string {
    return jsonRows(columnsOf(table), rows, this.#head(table, "{"));
  }

  #frame(table: TableName, run: RunName): RowFrame {
    return frame(JSON_FIELDS, this.#head(table, jsonHead(run)), "}\n");
  }

  #head(table: TableName, fields: string): string {
    return this.#named ? `{"table":"${table}",${fields.slice(1)}` : fields;
  }
}

/** Cells between tabs: those of one table, or of all. */
export class TabLines implements RowLines {
  readonly #columns: readonly Column[];
  readonly #only: TableName | undefined;

  constructor(only: TableName | undefined) {
    this.#only = only;
    this.#columns = only === undefined ? ALL_COLUMNS : columnsOf(only);
  }

  training(run: RunName, batch: Batch): Uint8Array {
    return viewTraining(batch, this.#frame("training", run));
  }

  points(run: RunName): PointLines {
    return new PointLines(this.#columns, this.#frame("validation", run));
  }

  rows(table: TableName, rows: readonly (readonly Cell[])[]): string {
    const places = new Map(columnsOf(table).map(({ name }, index) => [name, index]));
    let text = "";
    for (const row of rows) {
      const cells = this.#columns.map(({ name, type }) => {
        if (name === TABLE.name) return table;
        const at = places.get(name);
        return at === undefined ? "" : tabCell(cellText(row[at], type));
      });
      text += `${cells.join("\t")}\n`;
    }
    return text;
  }

  /** What stands before the first cell of a log's rows, and after the last one of their table. */
  #frame(table: TableName, { project, group, run }: RunName): RowFrame {
    const named = this.#only === undefined ? [table, project, group, run] : [project, group, run];
    const last = columnsOf(table).at(-1)?.name;
    const after = this.#columns.length - 1 - this.#columns.findIndex(({ name }) => name === last);
    return frame(TABS, `${named.map(tabCell).join("\t")}\t`, `${"\t".repeat(after)}\n`);
  }
}

/** Makes lines of the validation points of one log. */
export class PointLines {
  readonly #metrics = metricColumns();
  /** The columns of metrics that every log has, then the names of those in `further`. */
  readonly #names: string[];
  /** How many columns stand between the update and `further`. */
  readonly #width: number;
  readonly #cells: number[] = [];
  readonly #frame: RowFrame;

  /** @param columns All of the lines. */
  constructor(columns: readonly Column[], frame: RowFrame) {
    const names = columns.map(({ name }) => name);
    const own = new Set(columnsOf("validation").map(({ name }) => name));
    // Other tables' columns between them stay empty, whatever a metric is called.
    this.#names = names
      .slice(names.indexOf("up") + 1, names.indexOf("further"))
      .map((name) => (own.has(name) ? name : ""));
    this.#width = this.#names.length;
    this.#frame = frame;
  }

  /** The lines of the points that an update closes; they hold until the core is called again. */
  lines({ closed, metricNames }: RunUpdate): Uint8Array {
    // In the order of their first records, whatever closes first: names must not depend on the chunks of a log.
    for (const metric of [...metricNames].slice(this.#cells.length / 2)) {
      const column = this.#metrics.add(metric);
      this.#cells.push(this.#placeOf(column), this.#placeOf(stalledColumn(column)));
    }
    const columns = {
      cells: Float64Array.from(this.#cells),
      width: this.#width,
      names: this.#names.join("\n"),
      position: true,
      ...this.#frame,
    };
    return closed.viewCsv(columns, pointTimes(closed));
  }

  #placeOf(column: string): number {
    const at = this.#names.indexOf(column);
    return at === -1 ? this.#names.push(column) - 1 : at;
  }
}

/** The form of rows, and what they start and end with. */
type RowFrame = Readonly<{ form: number; prefix: Uint8Array }>;

function frame(form: number, start: string, end: string): RowFrame {
  return { form: form + ROW_END * end.length, prefix: new TextEncoder().encode(start + end) };
}

function viewTraining(batch: Batch, { form, prefix }: RowFrame): Uint8Array {
  return batch.viewTrainingCsv({ position: true, labels: true, form }, prefix);
}
