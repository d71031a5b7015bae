/** Chooses the logs that a report shows. */
import { trainingLogBeside, withoutCompression } from "../io/file-name.js";
import type { ReportRun } from "./report-data.js";
import { type Table, valueAt } from "./table.js";

/**
 * Whether a log is Marian's log of validations (`valid.log`) next to that of its training, which has all its records.
 */
export function repeatsValidations(run: ReportRun, others: readonly ReportRun[]): boolean {
  const trainingLog = trainingLogBeside(run.source);
  const training = others.find(({ source }) => withoutCompression(source) === trainingLog);
  if (training === undefined || run.training.length + run.patterns.size > 0) return false;
  return [...run.validation].every(([metric, table]) => {
    const known = new Set(recordsOf(training.validation.get(metric)));
    return recordsOf(table).every((record) => known.has(record));
  });
}

/** Whether two logs have the same start: then one is the other, perhaps grown. */
export function isSameLog(one: ReportRun, other: ReportRun): boolean {
  const first = (run: ReportRun) => {
    const tables = [run.training, ...run.validation.values()];
    return JSON.stringify([run.segments[0], ...tables.slice(0, 2).map((table) => rowOf(table, 0))]);
  };
  return first(one) === first(other);
}

function recordsOf(table: Table | undefined): string[] {
  return Array.from({ length: table?.length ?? 0 }, (_, row) => {
    const of = (name: string) => valueAt(table?.columns.get(name), row);
    return `${of("up")} ${of("value")} ${of("stalled")}`;
  });
}

function rowOf({ columns }: Table, row: number): [string, number | undefined][] {
  return [...columns].map(([name, column]) => [name, valueAt(column, row)]);
}
