/** Joins the parts of a table to the whole, in one file. */
import { type FileHandle, open } from "node:fs/promises";
import { named } from "../../io/output-file.js";
import type { TableFormat } from "./columns.js";
import type { PartPlace } from "./earlier-rows.js";
import { type FileFacts, HEAD, ParquetFrame } from "./parquet.js";
import type { PartTableName, TablePart } from "./part-files.js";
import { csvHeader } from "./row-text.js";
import { fileSchema, type PartitionColumn } from "./schema.js";

/** One part of a table, and where its bytes are. */
export interface JoinedPart {
  readonly table: TablePart;
  readonly place: PartPlace | undefined;
}

/** Bytes that are copied at once. */
const CHUNK = 1 << 20;

/**
 * Writes the whole table: what its format starts with, the bytes of all parts, and what it ends with.
 *
 * @param facts What a Parquet file says of itself.
 * @returns Where the bytes of the first part start.
 * @throws Error of Node's when a file can't be read or written.
 */
export async function joinTable(
  path: string,
  table: PartTableName,
  format: TableFormat,
  parts: readonly JoinedPart[],
  facts: FileFacts,
  partitionBy: PartitionColumn,
): Promise<number> {
  const { columns } = fileSchema(table, partitionBy);
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
    const start = offset;
    for (const { place, table: part } of parts) {
      const bytes = part.bytes[format];
      if (bytes === 0) continue;
      if (place === undefined) throw new Error(`a part of ${table} has no ${format}`);
      if (format === "parquet") for (const group of part.parquet) frame.add(group, offset);
      const source = await open(place.path, "r");
      try {
        await copy(source, place.offset, bytes, append);
      } finally {
        await source.close();
      }
    }
    if (format === "parquet") await append(frame.foot(offset));
    return start;
  } catch (error) {
    throw named(error, path);
  } finally {
    await target.close();
  }
}

async function copy(
  source: FileHandle,
  offset: number,
  bytes: number,
  append: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(CHUNK, bytes));
  for (let left = bytes; left > 0; ) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, left), offset + bytes - left);
    if (bytesRead === 0) throw new Error("a part of a table is shorter than it was written: run this again");
    left -= bytesRead;
    await append(buffer.subarray(0, bytesRead));
  }
}
