/** Rows of a part that is in earlier tables: they are copied, not read from the log again. */
import { closeSync, openSync, readSync } from "node:fs";
import { type FileMetaData, parquetMetadata, parquetRead } from "hyparquet";
import type { Column, Metrics, TableFormat } from "./columns.js";
import { type Compression, type Decompressor, loadDecompressors } from "./compression.js";
import { ParquetFrame } from "./parquet.js";
import type { PartFiles, PartTableName, PartTablesSummary } from "./part-files.js";
import { fileSchema, type PartitionColumn, RUN_COLUMNS } from "./schema.js";

/** Where the bytes of a part's table start. */
export interface PartPlace {
  readonly path: string;
  readonly offset: number;
}

/** Where those of a part's tables start, in each format that they have. */
export type PartPlaces = Readonly<Record<PartTableName, Readonly<Partial<Record<TableFormat, PartPlace>>>>>;

/** A part of earlier tables. It is plain data, for other threads. */
export interface EarlierPart {
  readonly tables: PartTablesSummary;
  readonly places: PartPlaces;
}

/** How the earlier tables are written, which is how the new ones are. */
export interface EarlierOptions {
  readonly compression: Compression;
  readonly partitionBy: PartitionColumn;
}

/** Bytes that are copied at once. */
const CHUNK = 1 << 20;

/** The rows of one part. */
export class EarlierRows {
  readonly #part: EarlierPart;
  readonly #options: EarlierOptions;
  readonly #files = new Map<string, number>();
  readonly #parquet = new Map<PartTableName, EarlierColumns>();

  constructor(part: EarlierPart, options: EarlierOptions) {
    this.#part = part;
    this.#options = options;
  }

  /**
   * Adds the rows of the run at `index` to the files of another part.
   *
   * @param texts What the rows start with.
   * @throws Error of Node's when a file can't be read or written; any other if the tables are not as they were written.
   */
  async copy(table: PartTableName, index: number, texts: readonly string[], files: PartFiles): Promise<void> {
    const { starts } = this.#part.tables[table];
    const places = this.#part.places[table];
    const [from, to] = [starts[index], starts[index + 1]];
    if (from === undefined || to === undefined) throw new Error(`the earlier ${table} has no run ${index}`);
    for (const format of ["csv", "ndjson"] as const) {
      const file = files[format];
      const place = places[format];
      if (file === undefined || place === undefined) continue;
      for (let at = from[format]; at < to[format]; at += CHUNK)
        file.push(this.#bytes(place, at, Math.min(to[format], at + CHUNK)));
    }
    files.rows += to.rows - from.rows;
    const { columns } = files;
    const place = places.parquet;
    if (columns === undefined || place === undefined) return;
    const earlier = this.#parquet.get(table) ?? (await this.#openParquet(table, place));
    this.#parquet.set(table, earlier);
    for (let row = from.rows; row < to.rows; ) {
      const group = await earlier.groupOf(row);
      const end = Math.min(to.rows, group.end);
      const start = row - group.start;
      columns.add(texts, end - row, (first, last, filler) => {
        for (const [name, values] of group.columns) {
          const metrics = filler.metrics(name);
          const numbers = filler.number(name);
          for (let at = start + first; at < start + last; at += 1) {
            const value = values[at] ?? undefined;
            if (metrics !== undefined) metrics.push(metricsOf(value));
            else numbers?.push(numberOf(value));
          }
        }
      });
      row = end;
    }
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  async #openParquet(table: PartTableName, place: PartPlace): Promise<EarlierColumns> {
    const { columns } = fileSchema(table, this.#options.partitionBy);
    const { parquet, bytes } = this.#part.tables[table];
    const frame = new ParquetFrame(columns, { program: "" });
    // Their bytes are where they were written, counted from the start of the part.
    for (const group of parquet) frame.add(group);
    const read = (start: number, end: number) => this.#bytes(place, start, Math.min(end, bytes.parquet));
    const decompressors = await loadDecompressors(this.#options.compression);
    return new EarlierColumns(frame.foot(bytes.parquet), columns, bytes.parquet, read, decompressors);
  }

  #bytes({ path, offset }: PartPlace, from: number, to: number): Uint8Array {
    const file = this.#files.get(path) ?? openSync(path, "r");
    this.#files.set(path, file);
    const bytes = new Uint8Array(to - from);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(file, bytes, done, bytes.length - done, offset + from + done);
      if (count === 0) throw new Error(`${path} is shorter than it was written: run this again`);
      done += count;
    }
    return bytes;
  }
}

/** A row group by its columns. */
interface EarlierGroup {
  /** Its rows in the part. */
  readonly start: number;
  readonly end: number;
  readonly columns: ReadonlyMap<string, ArrayLike<unknown>>;
}

/** The row groups of a part, one in memory at a time. */
class EarlierColumns {
  readonly #metadata: FileMetaData;
  readonly #columns: readonly string[];
  readonly #file: { readonly byteLength: number; slice(start: number, end?: number): ArrayBuffer };
  readonly #compressors: Partial<Record<string, Decompressor>>;
  #last: EarlierGroup | undefined;

  constructor(
    foot: Uint8Array,
    columns: readonly Column[],
    bytes: number,
    read: (start: number, end: number) => Uint8Array,
    compressors: Partial<Record<string, Decompressor>>,
  ) {
    this.#metadata = parquetMetadata(foot.slice().buffer);
    // Entries of metrics keep their order as a list; a map of the reader's has that of its keys.
    for (const element of this.#metadata.schema) {
      if (element.converted_type !== "MAP") continue;
      delete element.converted_type;
      delete element.logical_type;
    }
    const texts = RUN_COLUMNS.map(({ name }) => name);
    this.#columns = columns.map(({ name }) => name).filter((name) => !texts.includes(name));
    this.#file = {
      byteLength: bytes,
      slice: (start, end = bytes) => read(start, end).buffer as ArrayBuffer,
    };
    this.#compressors = compressors;
  }

  /** The row group that has a row of the part. */
  async groupOf(row: number): Promise<EarlierGroup> {
    if (this.#last !== undefined && row >= this.#last.start && row < this.#last.end) return this.#last;
    let start = 0;
    for (const { num_rows } of this.#metadata.row_groups) {
      const end = start + Number(num_rows);
      if (row < end) {
        this.#last = await this.#read(start, end);
        return this.#last;
      }
      start = end;
    }
    throw new Error(`the earlier table has no row ${row}`);
  }

  async #read(rowStart: number, rowEnd: number): Promise<EarlierGroup> {
    const columns = new Map<string, unknown[]>();
    await parquetRead({
      file: this.#file,
      metadata: this.#metadata,
      columns: [...this.#columns],
      rowStart,
      rowEnd,
      compressors: this.#compressors,
      parsers: { timestampFromMicroseconds: (micros) => Number(micros) / 1000 },
      onChunk({ columnName, columnData, rowStart: from }) {
        const values = columns.get(columnName) ?? [];
        columns.set(columnName, values);
        for (let at = 0; at < columnData.length; at += 1) values[from - rowStart + at] = columnData[at];
      },
    });
    for (const [name, values] of columns)
      if (values.length !== rowEnd - rowStart) throw new Error(`the earlier table lacks rows of ${name}`);
    return { start: rowStart, end: rowEnd, columns };
  }
}

function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function metricsOf(value: unknown): Metrics | undefined {
  const { key_value: entries = [] } = (value ?? {}) as {
    readonly key_value?: readonly { readonly key: string; readonly value: number }[];
  };
  return entries.length === 0 ? undefined : new Map(entries.map((entry) => [entry.key, entry.value]));
}
