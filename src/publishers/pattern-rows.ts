/** Matches of the user's patterns as rows of a table. */
import type { Batch } from "../core/batch.js";
import { KIND } from "../core/layout.js";
import type { PatternMeasurement } from "../core/measurement.js";

/** Columns that the table has from the start; the groups follow as they come. */
export const PATTERNS = ["source", "line", "up", "name"] as const;

/** A match. */
export interface PatternRow {
  readonly line: number;
  /** The latest update before it, if any. */
  readonly up: number | undefined;
  readonly name: string;
  /** Texts of the groups that took part, by their columns. */
  readonly groups: ReadonlyMap<string, string>;
}

/** The matches of a batch, in the order of the log. */
export function patternRows(batch: Batch): PatternRow[] {
  const rows: PatternRow[] = [];
  for (const [index, { kind }] of batch.events.entries()) {
    if (kind !== KIND.pattern) continue;
    const { line, up, name, values } = batch.event(index) as PatternMeasurement;
    const groups = new Map(Object.entries(values).map(([group, value]) => [groupColumn(group), value]));
    rows.push({ line, up, name, groups });
  }
  return rows;
}

/** The column of a pattern's group; one that is called like a column of ours gets a name of its own. */
function groupColumn(group: string): string {
  return PATTERNS.some((column) => column === group) ? `${group}_group` : group;
}
