/** Rows as text: CSV and NDJSON. */
import { csvLines, csvStart } from "../csv/csv-text.js";
import { formatCount, formatFloat } from "../csv/float.js";
import type { Cell, Column, ColumnType, Metrics, RunName } from "./columns.js";
import type { PartitionColumn } from "./schema.js";

/** The fields of a run's name that its rows start with, in their order; folders have that of the partition. */
function runFields({ project, group, run }: RunName, partitionBy: PartitionColumn): Partial<RunName> {
  return partitionBy === undefined ? { project, group, run } : { group, run };
}

/** A row's first cells. */
export function runCells(name: RunName, partitionBy: PartitionColumn): readonly string[] {
  return Object.values(runFields(name, partitionBy));
}

/** The same as CSV, with the comma that follows. */
export function csvHead(name: RunName, partitionBy: PartitionColumn): string {
  return csvStart(runCells(name, partitionBy));
}

/** A row's first fields as JSON, without the end of the object. */
export function jsonHead(name: RunName, partitionBy?: PartitionColumn): string {
  return JSON.stringify(runFields(name, partitionBy)).slice(0, -1);
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
  return csvLines(rows.map((row) => columns.map(({ type }, index) => cellText(row[index], type))));
}

/** A value as text, before anything is quoted or escaped; empty if it is absent. */
export function cellText(cell: Cell, type: ColumnType): string {
  if (cell === undefined) return "";
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return type === "timestamp" ? timeText(cell) : csvNumber(cell, type);
  return typeof cell === "boolean" ? String(cell) : metricsJson(cell);
}

/** Whole rows as NDJSON, each starting with `head`; absent cells are left out. */
export function jsonRows(columns: readonly Column[], rows: readonly (readonly Cell[])[], head = "{"): string {
  const keys = columns.map(({ name }) => JSON.stringify(name));
  let text = "";
  for (const row of rows) {
    const fields: string[] = [];
    for (const [index, cell] of row.entries()) {
      const type = columns[index]?.type;
      if (cell === undefined || type === undefined) continue;
      fields.push(`${keys[index]}:${jsonCell(cell, type)}`);
    }
    text += `${head}${fields.join(",")}}\n`;
  }
  return text;
}

function jsonCell(cell: Exclude<Cell, undefined>, type: ColumnType): string {
  if (typeof cell === "string") return JSON.stringify(cell);
  if (typeof cell === "number") return type === "timestamp" ? `"${timeText(cell)}"` : jsonNumber(cell);
  return typeof cell === "boolean" ? String(cell) : metricsJson(cell);
}

function metricsJson(metrics: Metrics): string {
  const fields = [...metrics].map(([name, value]) => `${JSON.stringify(name)}:${jsonNumber(value)}`);
  return `{${fields.join(",")}}`;
}

function timeText(millis: number): string {
  return new Date(millis).toISOString();
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A text without tabs and ends of lines: these are `\t`, `\n`, `\r`, and `\` is `\\`. */
export function tabCell(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
