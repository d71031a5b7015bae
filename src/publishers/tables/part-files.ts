/** The files of one table of a part. */
import { join } from "node:path";
import { ColumnBuffer } from "./column-buffer.js";
import { type Column, LABEL_COLUMNS, SEGMENT, type TableFormat } from "./columns.js";
import type { RowGroup } from "./parquet.js";
import { PartFile, type Section, SectionFile } from "./part-file.js";

/** The tables whose rows come from logs, and so in parts. */
export const PART_TABLES = ["training", "validation"] as const;
export type PartTableName = (typeof PART_TABLES)[number];

/** One table of a part, as its JSON tells it. */
export interface TablePart {
  /** Whether any row has label counts. */
  readonly labels: boolean;
  /** Whether some run has rows from two segments or more. */
  readonly segments: boolean;
  /** Metrics and the columns that they have in this part, in the order of their first point. */
  readonly metrics: readonly (readonly [metric: string, column: string])[];
  readonly csv: readonly Section[];
  readonly ndjson: readonly Section[];
  readonly parquet: readonly RowGroup[];
  /** Bytes of each file. */
  readonly bytes: Readonly<Record<TableFormat, number>>;
}

/** The path of a table's file in the folder of a part; the file is missing if the table has no rows. */
export function partFile(folder: string, table: PartTableName, format: TableFormat): string {
  return join(folder, `${table}.${format}`);
}

/** The files of one table in all forms that are asked for. */
export class PartFiles {
  readonly csv: SectionFile | undefined;
  readonly ndjson: SectionFile | undefined;
  readonly columns: ColumnBuffer | undefined;
  readonly #parquet: PartFile | undefined;

  constructor(
    folder: string,
    table: PartTableName,
    formats: readonly TableFormat[],
    columns: readonly Column[],
  ) {
    const path = (format: TableFormat) => partFile(folder, table, format);
    if (formats.includes("csv")) this.csv = new SectionFile(path("csv"));
    if (formats.includes("ndjson")) this.ndjson = new SectionFile(path("ndjson"));
    if (!formats.includes("parquet")) return;
    this.#parquet = new PartFile(path("parquet"));
    this.columns = new ColumnBuffer(this.#parquet, [...columns, ...LABEL_COLUMNS, SEGMENT]);
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

  get summary(): Pick<TablePart, TableFormat | "bytes"> {
    return {
      csv: this.csv?.sections ?? [],
      ndjson: this.ndjson?.sections ?? [],
      parquet: this.columns?.groups ?? [],
      bytes: {
        csv: this.csv?.size ?? 0,
        ndjson: this.ndjson?.size ?? 0,
        parquet: this.#parquet?.size ?? 0,
      },
    };
  }
}
