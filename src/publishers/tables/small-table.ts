/** A table whose rows are all in memory. */
import { open } from "node:fs/promises";
import { named } from "../../io/output-file.js";
import type { Cell, Column, TableFormat } from "./columns.js";
import { type ColumnValues, encodeRowGroup, HEAD, ParquetFrame } from "./parquet.js";
import { csvHeader, csvRows, jsonRows } from "./row-text.js";

/** Rows that are written at once. */
const ROWS = 10_000;

/**
 * Writes a table into a file.
 *
 * @param program Name and version of the program, for the file to name.
 * @throws Error of Node's when the file can't be written.
 */
export async function writeTable(
  path: string,
  format: TableFormat,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  program: string,
): Promise<void> {
  const file = await open(path, "w");
  try {
    const frame = new ParquetFrame(columns, program);
    let offset = 0;
    const append = async (bytes: Uint8Array | string) => {
      await file.appendFile(bytes);
      offset += bytes.length;
    };
    if (format === "csv") await append(csvHeader(columns));
    if (format === "parquet") await append(HEAD);
    for (let from = 0; from < rows.length; from += ROWS) {
      const some = rows.slice(from, from + ROWS);
      if (format === "csv") await append(csvRows(columns, some));
      else if (format === "ndjson") await append(jsonRows(columns, some));
      else {
        const values = columns.map((column, at) => ({ ...column, values: valuesAt(some, at) }));
        const chunks: Uint8Array[] = [];
        const group = encodeRowGroup(values, some.length, offset, (bytes) => chunks.push(bytes.slice()));
        await append(Buffer.concat(chunks));
        frame.add(group);
      }
    }
    if (format === "parquet") await append(frame.foot());
  } catch (error) {
    throw named(error, path);
  } finally {
    await file.close();
  }
}

/** The values of a column of rows; undefined if all are absent. */
export function valuesAt(rows: readonly (readonly Cell[])[], at: number): ColumnValues | undefined {
  const cells = rows.map((row) => row[at]);
  const there = cells.filter((cell) => cell !== undefined);
  if (there.length === 0) return undefined;
  const present = Uint8Array.from(cells, (cell) => (cell === undefined ? 0 : 1));
  const texts = new Map<string, number>();
  const values = Float64Array.from(there, (cell) => {
    if (typeof cell === "number") return cell;
    const index = texts.get(cell) ?? texts.size;
    texts.set(cell, index);
    return index;
  });
  return { values, present, ...(texts.size > 0 ? { dictionary: [...texts.keys()] } : {}) };
}
