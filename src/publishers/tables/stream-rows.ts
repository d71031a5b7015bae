/** Rows of all tables as lines of a stream. */
import type { Batch } from "../../core/batch.js";
import { type Cell, type Column, type RunName, TABLES, type TableName } from "./columns.js";
import { cellText, jsonHead, jsonRows, tabCell } from "./row-text.js";
import { columnsOf } from "./schema.js";
import { trainingJson } from "./training-rows.js";

/** Which table a row belongs to, if the rows of all tables go the same way. */
const TABLE: Column = { name: "table", type: "text", optional: false };

/** The columns of a stream that carries all tables: the name of the table, then those of each, once. */
export const ALL_COLUMNS: readonly Column[] = [TABLE, ...TABLES.flatMap(columnsOf)].filter(
  ({ name }, index, all) => all.findIndex((column) => column.name === name) === index,
);

/** Makes lines of rows. */
export interface RowLines {
  /** Training rows; the batch holds until the next is read. */
  training(run: RunName, batch: Batch): string;
  /** Any other rows, with the columns of their table. */
  rows(table: TableName, rows: readonly (readonly Cell[])[]): string;
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
    return trainingJson(batch, this.#head("training", jsonHead(run)));
  }

  rows(table: TableName, rows: readonly (readonly Cell[])[]): string {
    return jsonRows(columnsOf(table), rows, this.#head(table, "{"));
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

  training({ project, group, run }: RunName, batch: Batch): string {
    const named = this.#only === undefined ? ["training", project, group, run] : [project, group, run];
    const head = `${named.map(tabCell).join("\t")}\t`;
    const columns = columnsOf("training");
    const tail = "\t".repeat(this.#columns.length - named.length - columns.length + 3);
    // The cells hold neither commas nor quotation marks.
    const rows = ASCII.decode(batch.trainingCsv({ position: true, labels: true, segment: false }, NOTHING));
    const lines = rows.replaceAll(",", "\t").replaceAll("\r\n", `${tail}\n${head}`);
    return head + lines.slice(0, lines.length - head.length);
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
}
