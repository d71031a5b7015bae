/** A Parquet file that is written row group by row group, while more columns may come. */
import { type OutputFile, openOutputFile } from "../../io/output-file.js";
import type { Column } from "./columns.js";
import { NO_COMPRESSION } from "./compression.js";
import {
  type ColumnChunk,
  encodeRowGroup,
  type FileFacts,
  HEAD,
  ParquetFrame,
  type RowGroup,
} from "./parquet.js";
import { PartFile } from "./part-file.js";

/** One Parquet file. It and its folder are made when it is opened; nobody sees it before `commit`. */
export class ParquetFile {
  readonly path: string;
  readonly #facts: FileFacts;
  #output: OutputFile | undefined;
  #part: PartFile | undefined;

  constructor(path: string, facts: FileFacts) {
    this.path = path;
    this.#facts = facts;
  }

  /**
   * Where row groups go.
   *
   * @throws Error of Node's when the place can't be written.
   */
  async open(): Promise<PartFile> {
    if (this.#part !== undefined) return this.#part;
    this.#output = await openOutputFile(this.path);
    this.#part = new PartFile(this.#output.part);
    this.#part.push(HEAD);
    return this.#part;
  }

  /**
   * Ends the writing; the file is not at its path yet. Row groups that lack a column get one without values after the
   * last row group, as the format allows.
   *
   * @param groups All that the file has.
   * @param renamed What columns are called at last, by their names in the row groups.
   */
  async end(
    columns: readonly Column[],
    groups: readonly RowGroup[],
    renamed: ReadonlyMap<string, string> = new Map(),
  ): Promise<void> {
    const part = await this.open();
    const frame = new ParquetFrame(columns, this.#facts);
    for (const { rows, columns: chunks, sortedBy } of groups) {
      const named = new Map(
        chunks.map((chunk) => {
          const [column = ""] = chunk.path;
          const name = renamed.get(column) ?? column;
          return [name, { ...chunk, path: [name] }];
        }),
      );
      const placed = columns.map((column) => named.get(column.name) ?? absent(column, rows, part));
      frame.add({ rows, columns: placed, sortedBy });
    }
    part.push(frame.foot(part.size));
    part.close();
  }

  /** Moves the file to its path; if that is a file, before any other code runs. */
  commit(): Promise<void> | undefined {
    return this.#output?.commitNow();
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    try {
      this.#part?.close();
    } catch {
      // What the disk did not take is not wanted any more.
    }
    await this.#output?.discard();
  }
}

/** Writes a column that none of the rows has. */
function absent(column: Column, rows: number, part: PartFile): ColumnChunk {
  const none = [{ ...column, values: undefined }];
  const { columns } = encodeRowGroup(none, rows, part.size, { compressor: NO_COMPRESSION }, (bytes) =>
    part.push(bytes),
  );
  return columns[0] as ColumnChunk;
}
