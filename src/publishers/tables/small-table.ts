/** A table whose rows come one by one. */
import { open } from "node:fs/promises";
import { named } from "../../io/output-file.js";
import type { Cell, Column, TableFormat } from "./columns.js";
import {
  type ColumnValues,
  encodeRowGroup,
  type FileFacts,
  HEAD,
  ParquetFrame,
  type RowGroupOptions,
} from "./parquet.js";
import { csvHeader, csvRows, jsonRows } from "./row-text.js";

/** Rows of a row group. */
const ROWS = 1 << 15;
/** Rows of text that are written at once: their cells are in memory until then. */
const TEXT_ROWS = 1 << 10;

/**
 * Writes a table into a file.
 *
 * @param parquet What a Parquet file says of itself, and how it is encoded.
 * @param limit Bytes from which on the file takes no more rows; the rest stay with their source.
 * @throws Error of Node's when the file can't be written.
 */
export async function writeTable(
  path: string,
  format: TableFormat,
  columns: readonly Column[],
  rows: Iterable<readonly Cell[]> | AsyncIterable<readonly Cell[]>,
  parquet: FileFacts & RowGroupOptions,
  limit = Number.POSITIVE_INFINITY,
): Promise<void> {
  const file = await open(path, "w");
  try {
    const frame = new ParquetFrame(columns, parquet);
    let offset = 0;
    const append = async (bytes: Uint8Array | string) => {
      await file.appendFile(bytes);
      offset += bytes.length;
    };
    if (format === "csv") await append(csvHeader(columns));
    if (format === "parquet") await append(HEAD);
    const write = async (some: readonly (readonly Cell[])[]) => {
      if (some.length === 0) return;
      if (format === "csv") await append(csvRows(columns, some));
      else if (format === "ndjson") await append(jsonRows(columns, some));
      else {
        const values = columns.map((column, at) => ({ ...column, values: valuesAt(some, at) }));
        const chunks: Uint8Array[] = [];
        const push = (bytes: Uint8Array) => chunks.push(bytes.slice());
        const group = encodeRowGroup(values, some.length, offset, parquet, push);
        await append(Buffer.concat(chunks));
        frame.add(group);
      }
    };
    const atOnce = format === "parquet" ? ROWS : TEXT_ROWS;
    let some: (readonly Cell[])[] = [];
    for await (const row of rows) {
      some.push(row);
      if (some.length < atOnce) continue;
      await write(some);
      some = [];
      if (offset >= limit) break;
    }
    await write(some);
    if (format === "parquet") await append(frame.foot(offset));
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
  const texts = new Map<string, number>();
  const indexOf = (text: string) => {
    const index = texts.get(text) ?? texts.size;
    texts.set(text, index);
    return index;
  };
  const metrics = cells.map((cell) => (typeof cell === "object" ? [...cell] : []));
  const entries = metrics.flat();
  if (entries.length > 0) {
    const names = Float64Array.from(entries, ([name]) => indexOf(name));
    return {
      values: Float64Array.from(entries, ([, value]) => value),
      dictionary: [...texts.keys()],
      entries: { sizes: Uint32Array.from(metrics, ({ length }) => length), names },
    };
  }
  const present = Uint8Array.from(cells, (cell) => (cell === undefined ? 0 : 1));
  const values = Float64Array.from(there, (cell) =>
    typeof cell === "string" ? indexOf(cell) : Number(cell),
  );
  return { values, present, ...(texts.size > 0 ? { dictionary: [...texts.keys()] } : {}) };
}
