/** The files of one table of a part. */
import { join } from "node:path";
import { ColumnBuffer } from "./column-buffer.js";
import type { TableFormat } from "./columns.js";
import type { Compressor } from "./compression.js";
import type { RowGroup } from "./parquet.js";
import { PartFile } from "./part-file.js";
import { fileSchema, type PartitionColumn } from "./schema.js";

/** The tables whose rows come from logs, and so in parts. */
export const PART_TABLES = ["training", "validation"] as const;
export type PartTableName = (typeof PART_TABLES)[number];

/** How the tables of a part are written. */
export interface PartOptions {
  readonly formats: readonly TableFormat[];
  /** Of Parquet. */
  readonly compressor: Compressor;
  readonly partitionBy: PartitionColumn;
}

/** Where the rows of a run start in a part's table, and what the files had before them in bytes. */
export interface RunStart {
  readonly rows: number;
  readonly csv: number;
  readonly ndjson: number;
}

/** One table of a part, as its JSON tells it. */
export interface TablePart {
  readonly parquet: readonly RowGroup[];
  /** Bytes of each file. */
  readonly bytes: Readonly<Record<TableFormat, number>>;
  /** Where each run starts, then where the last one ends. */
  readonly starts: readonly RunStart[];
}

/** The tables of a part. */
export type PartTablesSummary = Readonly<Record<PartTableName, TablePart>>;

/** The path of a table's file in the folder of a part; the file is missing if the table has no rows. */
export function partFile(folder: string, table: PartTableName, format: TableFormat): string {
  return join(folder, `${table}.${format}`);
}

/** The files of one table in all formats that are asked for. */
export class PartFiles {
  readonly csv: PartFile | undefined;
  readonly ndjson: PartFile | undefined;
  readonly columns: ColumnBuffer | undefined;
  /** Rows up to now; who adds them counts them. */
  rows = 0;
  readonly #parquet: PartFile | undefined;
  readonly #starts: RunStart[] = [];

  constructor(folder: string, table: PartTableName, { formats, compressor, partitionBy }: PartOptions) {
    const path = (format: TableFormat) => partFile(folder, table, format);
    if (formats.includes("csv")) this.csv = new PartFile(path("csv"));
    if (formats.includes("ndjson")) this.ndjson = new PartFile(path("ndjson"));
    if (!formats.includes("parquet")) return;
    const { columns, order } = fileSchema(table, partitionBy);
    this.#parquet = new PartFile(path("parquet"));
    this.columns = new ColumnBuffer(this.#parquet, columns, { compressor, order, whole: true });
  }

  /** Notes that a run starts, or that the last one has ended. */
  startRun(): void {
    this.#starts.push({ rows: this.rows, csv: this.csv?.size ?? 0, ndjson: this.ndjson?.size ?? 0 });
  }

  /**
   * Ends the files.
   *
   * @throws Error of Node's when the disk does not take the rest.
   */
  close(): void {
    try {
      this.columns?.close();
    } finally {
      for (const file of [this.csv, this.ndjson, this.#parquet]) file?.close();
    }
  }

  get summary(): TablePart {
    return {
      parquet: this.columns?.groups ?? [],
      bytes: {
        csv: this.csv?.size ?? 0,
        ndjson: this.ndjson?.size ?? 0,
        parquet: this.#parquet?.size ?? 0,
      },
      starts: this.#starts,
    };
  }
}
