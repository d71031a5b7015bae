/** The columns of a whole table, once all of its parts are known. */
import { ColumnNames, renamedColumns } from "../../run/metric-columns.js";
import { metricRule } from "../csv/columns.js";
import {
  type Column,
  LABEL_COLUMNS,
  metricColumns,
  SEGMENT,
  TRAINING_COLUMNS,
  VALIDATION_COLUMNS,
} from "./columns.js";
import type { PartTableName, TablePart } from "./part-files.js";

/** Columns in their order, and what each part calls those that it calls otherwise. */
export interface Layout {
  readonly columns: readonly Column[];
  /** For each part, its names of columns and those in the whole table, if they differ. */
  readonly renamed: readonly ReadonlyMap<string, string>[];
}

/**
 * The columns of the table that these parts make up, in their order.
 *
 * @param fixed Whether columns that depend on the rows are there in any case, further metrics apart.
 */
export function layoutOf(table: PartTableName, parts: readonly TablePart[], fixed = false): Layout {
  const segment = fixed || parts.some(({ segments }) => segments) ? [SEGMENT] : [];
  if (table === "training") {
    const labels = fixed || parts.some((part) => part.labels) ? LABEL_COLUMNS : [];
    return { columns: [...TRAINING_COLUMNS, ...labels, ...segment], renamed: parts.map(() => new Map()) };
  }
  const own = VALIDATION_COLUMNS.map(({ name }) => name);
  const metrics = parts.flatMap((part) => part.metrics.map(([metric]) => metric));
  const { columns } = ColumnNames.of(metrics, metricRule(own));
  const further = new Set<string>();
  const renamed = parts.map((part) => {
    for (const [metric, column] of part.metrics) {
      const name = columns.get(metric) ?? column;
      if (!own.includes(name)) further.add(name);
    }
    return renamedColumns(part.metrics, columns);
  });
  return { columns: [...VALIDATION_COLUMNS, ...[...further].flatMap(metricColumns), ...segment], renamed };
}
