/** Joins the parts of a table to the whole, in one file. */
import { type FileHandle, open } from "node:fs/promises";
import { named } from "../../io/output-file.js";
import type { TableFormat } from "./columns.js";
import { type FileFacts, HEAD, ParquetFrame } from "./parquet.js";
import { type PartTableName, partFile, type TablePart } from "./part-files.js";
import { csvHeader } from "./row-text.js";
import { columnsOf } from "./schema.js";

/** One part of a table, and the folder with its files. */
export interface JoinedPart {
  readonly folder: string;
  readonly table: TablePart;
}

/** Bytes that are copied at once. */
const CHUNK = 1 << 20;

/**
 * Writes the whole table: what its format starts with, the bytes of all parts, and what it ends with.
 *
 * @param facts What a Parquet file says of itself.
 * @throws Error of Node's when a file can't be read or written.
 */
export async function joinTable(
  path: string,
  table: PartTableName,
  format: TableFormat,
  parts: readonly JoinedPart[],
  facts: FileFacts,
): Promise<void> {
  const columns = columnsOf(table);
  const frame = new ParquetFrame(columns, facts);
  const target = await open(path, "w");
  let offset = 0;
  const append = async (bytes: Uint8Array | string) => {
    await target.appendFile(bytes);
    offset += bytes.length;
  };
  try {
    if (format === "parquet") await append(HEAD);
    if (format === "csv") await append(csvHeader(columns));
    for (const { folder, table: part } of parts) {
      const bytes = part.bytes[format];
      if (bytes === 0) continue;
      if (format === "parquet") for (const group of part.parquet) frame.add(group, offset);
      const source = await open(partFile(folder, table, format), "r");
      try {
        await copy(source, bytes, append);
      } finally {
        await source.close();
      }
    }
    if (format === "parquet") await append(frame.foot(offset));
  } catch (error) {
    throw named(error, path);
  } finally {
    await target.close();
  }
}

async function copy(
  source: FileHandle,
  bytes: number,
  append: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(CHUNK, bytes));
  for (let left = bytes; left > 0; ) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, left));
    if (bytesRead === 0) throw new Error("a part of a table is shorter than it was written: run this again");
    left -= bytesRead;
    await append(buffer.subarray(0, bytesRead));
  }
}
