/** Columns of the tables of an archive or a group. */
import { stalledColumn } from "../../run/metric-columns.js";
import { LABELS, TRAINING, VALIDATION } from "../csv/columns.js";

/**
 * What a column holds: text; a count, exact up to 2^53; an epoch, which is a float that is printed without a point
 * if it is whole; a float; a timestamp, milliseconds since 1970 in UTC. The type never depends on the data.
 */
export type ColumnType = "text" | "count" | "epoch" | "float" | "timestamp";

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether a row may lack it. */
  readonly optional: boolean;
}

/** A value of a row; undefined if the row lacks the column. */
export type Cell = string | number | undefined;

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

function columns(type: ColumnType, optional: boolean, names: readonly string[]): Column[] {
  return names.map((name) => ({ name, type, optional }));
}

/** What every table starts with. */
export const RUN_COLUMNS = columns("text", false, ["project", "group", "run"]);

/** Which segment a row comes from: the last column, if some run has rows from two segments or more. */
export const SEGMENT: Column = { name: "segment", type: "count", optional: false };

/** What every training table has. */
export const TRAINING_COLUMNS: readonly Column[] = [
  ...RUN_COLUMNS,
  ...TRAINING.map((name): Column => {
    if (name === "epoch") return { name, type: "epoch", optional: false };
    if (name === "up" || name === "sen") return { name, type: "count", optional: false };
    return { name, type: "float", optional: name !== "cost" };
  }),
];

/** What it has where label counts occur. */
export const LABEL_COLUMNS: readonly Column[] = columns("count", true, LABELS);

/** What every validation table has; further metrics follow. */
export const VALIDATION_COLUMNS: readonly Column[] = [
  ...RUN_COLUMNS,
  ...VALIDATION.map((name): Column => {
    if (name === "epoch") return { name, type: "epoch", optional: true };
    if (name === "up") return { name, type: "count", optional: false };
    return { name, type: "float", optional: true };
  }),
];

/** A metric's column and that of its stalls. */
export function metricColumns(column: string): readonly Column[] {
  return columns("float", true, [column, stalledColumn(column)]);
}

/** What every table of evaluations has; the metrics follow. */
export const EVALUATION_COLUMNS: readonly Column[] = [
  ...RUN_COLUMNS,
  ...columns("text", false, ["model", "importer"]),
  ...columns("text", true, ["dataset", "augmentation"]),
];

/** The table of runs. Without a log, a run has its name and kind alone. */
export const RUNS_COLUMNS: readonly Column[] = [
  ...RUN_COLUMNS,
  ...columns("text", false, ["run_id", "kind"]),
  ...columns("text", true, ["source", "marian_version"]),
  ...columns("count", true, ["segments"]),
  ...columns("text", true, ["started", "ended"]),
  ...columns("epoch", true, ["last_epoch"]),
  ...columns("count", true, [
    "last_update",
    "training_rows",
    "validation_points",
    "partial_points",
    "unmatched",
  ]),
  ...columns("text", true, ["error"]),
];
