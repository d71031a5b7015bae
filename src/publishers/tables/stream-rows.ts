/** Rows of all tables as lines of a stream, whose columns are the same whatever comes. */
import type { Batch } from "../../core/batch.js";
import { MAIN_METRICS } from "../../evaluation/scores.js";
import {
  type Cell,
  type Column,
  EVALUATION_COLUMNS,
  LABEL_COLUMNS,
  RUN_COLUMNS,
  RUNS_COLUMNS,
  type RunName,
  SEGMENT,
  TABLES,
  type TableName,
  TRAINING_COLUMNS,
  VALIDATION_COLUMNS,
} from "./columns.js";
import { csvNumber, jsonHead, jsonNumber, jsonRows, tabCell } from "./row-text.js";
import { trainingJson } from "./training-rows.js";

/** Metrics that have no column of their own, as an object of JSON. */
const FURTHER: Column = { name: "further", type: "text", optional: true };

/** Which table a row belongs to, if the rows of all tables go the same way. */
const TABLE: Column = { name: "table", type: "text", optional: false };

const SCORES = MAIN_METRICS.map((name): Column => ({ name, type: "float", optional: true }));

/** The columns of each table in a stream. */
export const STREAM_COLUMNS: Readonly<Record<TableName, readonly Column[]>> = {
  training: [...TRAINING_COLUMNS, ...LABEL_COLUMNS, SEGMENT],
  validation: [...VALIDATION_COLUMNS, SEGMENT, FURTHER],
  evaluations: [...EVALUATION_COLUMNS, ...SCORES, FURTHER],
  runs: RUNS_COLUMNS,
};

/** The columns of a stream that carries all tables: the name of the table, then those of each, once. */
export const ALL_COLUMNS: readonly Column[] = [
  TABLE,
  ...RUN_COLUMNS,
  ...TABLES.flatMap((table) => STREAM_COLUMNS[table]),
].filter(({ name }, index, all) => all.findIndex((column) => column.name === name) === index);

/** Makes lines of rows. */
export interface RowLines {
  /** Training rows; the batch holds until the next is read. */
  training(run: RunName, batch: Batch): string;
  /** Any other rows, by columns that need not be those of the stream. The first three name the run. */
  rows(table: TableName, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string;
}

const ASCII = new TextDecoder("latin1");
const NOTHING = new Uint8Array(0);

/** Lines of JSON, each with what its row has. */
export class JsonLines implements RowLines {
  readonly #named: boolean;

  /** @param only Whether the lines of one table alone are printed: then its name is left out. */
  constructor(only: boolean) {
    this.#named = !only;
  }

  training(run: RunName, batch: Batch): string {
    return trainingJson(batch, this.#head("training", jsonHead(run)), true);
  }

  rows(table: TableName, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
    return jsonRows(columns, rows, this.#head(table, "{"));
  }

  #head(table: TableName, fields: string): string {
    return this.#named ? `{"table":"${table}",${fields.slice(1)}` : fields;
  }
}

/** Cells between tabs: always the same columns, in the same order. What has no column is in `further`, as JSON. */
export class TabLines implements RowLines {
  readonly #columns: readonly Column[];
  readonly #only: TableName | undefined;

  constructor(only: TableName | undefined) {
    this.#only = only;
    this.#columns = only === undefined ? ALL_COLUMNS : STREAM_COLUMNS[only];
  }

  training({ project, group, run }: RunName, batch: Batch): string {
    const named = this.#only === undefined ? ["training", project, group, run] : [project, group, run];
    const head = `${named.map(tabCell).join("\t")}\t`;
    const columns = STREAM_COLUMNS.training;
    const tail = "\t".repeat(this.#columns.length - named.length - columns.length + 3);
    // Cells of numbers hold neither commas nor quotation marks.
    const rows = ASCII.decode(batch.trainingCsv({ labels: true, segment: true }, NOTHING));
    const lines = rows.replaceAll(",", "\t").replaceAll("\r\n", `${tail}\n${head}`);
    return head + lines.slice(0, lines.length - head.length);
  }

  rows(table: TableName, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
    const indices = new Map(columns.map(({ name }, index) => [name, index]));
    const known = new Set(STREAM_COLUMNS[table].map(({ name }) => name));
    const further = columns.flatMap(({ name }, index) => (known.has(name) ? [] : [{ name, index }]));
    let text = "";
    for (const row of rows) {
      const rest = further.flatMap(({ name, index }) => {
        const cell = row[index];
        return cell === undefined ? [] : [`${JSON.stringify(name)}:${jsonNumber(Number(cell))}`];
      });
      const cells = this.#columns.map(({ name, type }) => {
        if (name === "table") return table;
        if (name === FURTHER.name) return rest.length === 0 ? "" : tabCell(`{${rest.join(",")}}`);
        const at = known.has(name) ? indices.get(name) : undefined;
        const cell = at === undefined ? undefined : row[at];
        return typeof cell === "number" ? csvNumber(cell, type) : tabCell(cell ?? "");
      });
      text += `${cells.join("\t")}\n`;
    }
    return text;
  }
}
