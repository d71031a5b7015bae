/** Columns of rows that go to a stream: they are the same whatever comes. */
import { MAIN_METRICS } from "../../evaluation/scores.js";
import {
  type Column,
  EVALUATION_COLUMNS,
  LABEL_COLUMNS,
  RUN_COLUMNS,
  RUNS_COLUMNS,
  SEGMENT,
  TABLES,
  type TableName,
  TRAINING_COLUMNS,
  VALIDATION_COLUMNS,
} from "./columns.js";

/** Metrics that have no column of their own, as an object of JSON. */
export const FURTHER: Column = { name: "further", type: "text", optional: true };

/** Which table a row belongs to, where the rows of all tables go the same way. */
export const TABLE: Column = { name: "table", type: "text", optional: false };

const SCORES = MAIN_METRICS.map((name): Column => ({ name, type: "float", optional: true }));

/** The columns of each table in a stream. */
export const STREAM_COLUMNS: Readonly<Record<TableName, readonly Column[]>> = {
  training: [...TRAINING_COLUMNS, ...LABEL_COLUMNS, SEGMENT],
  validation: [...VALIDATION_COLUMNS, SEGMENT, FURTHER],
  evaluations: [...EVALUATION_COLUMNS, ...SCORES, FURTHER],
  runs: RUNS_COLUMNS,
};

/** The columns of a stream that carries all tables: those of each, once, behind the name of the table. */
export const ALL_COLUMNS: readonly Column[] = allColumns();

function allColumns(): Column[] {
  const columns = new Map([TABLE, ...RUN_COLUMNS].map((column) => [column.name, column]));
  for (const table of TABLES)
    for (const column of STREAM_COLUMNS[table])
      if (!columns.has(column.name)) columns.set(column.name, column);
  return [...columns.values()];
}
