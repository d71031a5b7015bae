/** What tables, their columns and their cells are. `schema.ts` has the columns of the tables of an archive or a group. */

/**
 * What a column holds: text; a count, exact up to 2^53; an epoch, which is a float that is printed without a point
 * if it is whole; a float; a time, milliseconds since 1970 in UTC; yes or no; values of metrics by their names. The
 * type never depends on the data.
 */
export type ColumnType = "text" | "count" | "epoch" | "float" | "timestamp" | "boolean" | "metrics";

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether a row may lack it. */
  readonly optional: boolean;
}

/** A value of a row; undefined if the row lacks the column. */
export type Cell = string | number | boolean | Metrics | undefined;

/** The value of a column of metrics; never empty. */
export type Metrics = ReadonlyMap<string, number>;

/** The name of the run that a row belongs to. */
export interface RunName {
  readonly project: string;
  readonly group: string;
  readonly run: string;
}

/** The names of the tables. */
export const TABLES = ["training", "validation", "evaluations", "runs"] as const;
export type TableName = (typeof TABLES)[number];

/** How a table is written, which is also its file's extension. */
export const TABLE_FORMATS = ["csv", "parquet", "ndjson"] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];
