/** Rows as text: CSV and NDJSON. */
import { csvLines, csvStart } from "../csv/csv-text.js";
import { formatCount, formatFloat } from "../csv/float.js";
import type { Cell, Column, ColumnType, RunName } from "./columns.js";

/** A row's first cells as CSV, with the comma that follows. */
export function csvHead({ project, group, run }: RunName): string {
  return csvStart([project, group, run]);
}

/** A row's first fields as JSON, without the end of the object. */
export function jsonHead({ project, group, run }: RunName): string {
  return JSON.stringify({ project, group, run }).slice(0, -1);
}

/** A number as the CSV files print it. */
export function csvNumber(value: number, type: ColumnType | undefined): string {
  return type === "float" ? formatFloat(value) : formatCount(value);
}

/** A number as JSON: one that is not finite is a string. */
export function jsonNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

/** The header of a CSV table. */
export function csvHeader(columns: readonly Column[]): string {
  return csvLines([columns.map(({ name }) => name)]);
}

/** Whole rows as CSV. */
export function csvRows(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) =>
    columns.map(({ type }, index) => {
      const cell = row[index];
      return typeof cell === "number" ? csvNumber(cell, type) : (cell ?? "");
    }),
  );
  return csvLines(texts);
}

/** Whole rows as NDJSON, each starting with `head`; absent cells are left out. */
export function jsonRows(columns: readonly Column[], rows: readonly (readonly Cell[])[], head = "{"): string {
  const keys = columns.map(({ name }) => JSON.stringify(name));
  let text = "";
  for (const row of rows) {
    const fields: string[] = [];
    for (const [index, cell] of row.entries()) {
      if (cell === undefined) continue;
      fields.push(`${keys[index]}:${typeof cell === "string" ? JSON.stringify(cell) : jsonNumber(cell)}`);
    }
    text += `${head}${fields.join(",")}}\n`;
  }
  return text;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A text without tabs and ends of lines: these are `\t`, `\n`, `\r`, and `\` is `\\`. */
export function tabCell(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
