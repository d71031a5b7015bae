/** Which files the tables are made of: one each, or a folder with files of a limited size, one folder a partition. */
import type { TableFormat, TableName } from "../../publishers/tables/columns.js";
import type { PartTableName } from "../../publishers/tables/part-files.js";
import type { PartitionColumn } from "../../publishers/tables/schema.js";
import type { ReadyPart } from "./parts.js";

/** How tables are divided into files. By default each is one file. */
export interface FileLayout {
  readonly partitionBy?: PartitionColumn;
  /** A file ends before it is longer, if it can; without it and with partitions, 512 MB. */
  readonly maxFileBytes?: number | undefined;
}

const MAX_FILE = 512e6;

/** The name of a file in a folder that is a table. */
export const DATA_FILE = /^part-\d{5}\.(?:csv|parquet|ndjson)$/;
/** The name of a folder that is a partition. */
export const PARTITION_FOLDER = /^project=/;

/** Whether each table is a folder. */
export function isDataSet({ partitionBy, maxFileBytes }: FileLayout): boolean {
  return partitionBy !== undefined || maxFileBytes !== undefined;
}

/** The most that a file should have; without a limit it is Infinity. */
export function fileLimit(layout: FileLayout): number {
  return layout.maxFileBytes ?? (isDataSet(layout) ? MAX_FILE : Number.POSITIVE_INFINITY);
}

/** The partition of a run; empty if there are none. */
export function partitionOf({ partitionBy }: FileLayout, run: { readonly project: string }): string {
  return partitionBy === undefined ? "" : run[partitionBy];
}

/** The path of a table's file, below the folder of the tables. */
export function fileName(
  layout: FileLayout,
  table: TableName,
  format: TableFormat,
  partition: string,
  index: number,
): string {
  const whole = `${table}.${format}`;
  if (!isDataSet(layout)) return whole;
  const folder = layout.partitionBy === undefined ? [] : [`${layout.partitionBy}=${escaped(partition)}`];
  return [whole, ...folder, `part-${String(index).padStart(5, "0")}.${format}`].join("/");
}

/** A value as Hive writes it into the name of a folder: engines undo the percent signs. */
function escaped(value: string): string {
  if (value === "") return "__HIVE_DEFAULT_PARTITION__";
  return encodeURIComponent(value).replace(
    /[!'()*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A file, and the parts that go into it. */
export interface PlannedFile {
  readonly name: string;
  readonly table: PartTableName;
  readonly format: TableFormat;
  readonly partition: string;
  /** By their numbers. */
  readonly parts: readonly number[];
}

/**
 * The files of a table that is made of parts. A part goes into one file whole, so a file may be longer than the limit.
 *
 * @param partitions All that there are: one without rows gets a file, too.
 */
export function planFiles(
  layout: FileLayout,
  table: PartTableName,
  format: TableFormat,
  parts: readonly ReadyPart[],
  partitions: Iterable<string>,
): PlannedFile[] {
  const limit = fileLimit(layout);
  const files = new Map<string, { readonly parts: number[] }[]>();
  for (const partition of partitions) files.set(partition, [{ parts: [] }]);
  const filled = new Map<string, number>();
  for (const [number, { item, tables }] of parts.entries()) {
    const [run] = item.runs;
    if (run === undefined) continue;
    const partition = partitionOf(layout, run);
    const list = files.get(partition) ?? [{ parts: [] }];
    files.set(partition, list);
    const bytes = tables[table].bytes[format];
    const before = filled.get(partition) ?? 0;
    const isFull = before > 0 && bytes > 0 && before + bytes > limit;
    if (isFull) list.push({ parts: [] });
    filled.set(partition, isFull ? bytes : before + bytes);
    list.at(-1)?.parts.push(number);
  }
  return [...files].flatMap(([partition, list]) =>
    list.map(({ parts: some }, index) => {
      return {
        name: fileName(layout, table, format, partition, index),
        table,
        format,
        partition,
        parts: some,
      };
    }),
  );
}
