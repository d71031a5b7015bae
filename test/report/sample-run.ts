/** Runs of a report, from text of logs. */

import type { ParserOptions } from "../../src/core/log-parser.js";
import { LogParser } from "../../src/index.js";
import type { ReportRun } from "../../src/report/report-data.js";
import { RunCollector } from "../../src/report/run-collector.js";
import type { Table } from "../../src/report/table.js";
import { RunReader } from "../../src/run/run-reader.js";

/** The run of a log. */
export async function runOf(log: string | Uint8Array, options: ParserOptions = {}): Promise<ReportRun> {
  using parser = new LogParser({ ...options, marks: true });
  const reader = new RunReader(parser);
  const collector = new RunCollector(parser.time);
  const bytes = typeof log === "string" ? new TextEncoder().encode(log) : log;
  // In two parts, as a file comes.
  const middle = Math.floor(bytes.length / 2);
  for (const part of [bytes.subarray(0, middle), bytes.subarray(middle)])
    collector.take(await reader.read(part));
  collector.take(await reader.finish());
  return collector.finish({ name: "run", source: "run.log" }, reader.tally);
}

/** A column as a list; `undefined` where the log has no value. */
export function column(table: Table | undefined, name: string): (number | undefined)[] {
  const found = table?.columns.get(name);
  return Array.from({ length: table?.length ?? 0 }, (_, row) =>
    found === undefined || found.absent?.[row] === 1 ? undefined : found.values[row],
  );
}

/** A table of these columns. */
export function tableOf(columns: Readonly<Record<string, readonly number[]>>): Table {
  const lists = Object.entries(columns);
  return {
    length: lists[0]?.[1].length ?? 0,
    columns: new Map(lists.map(([name, values]) => [name, { values: Float64Array.from(values) }])),
  };
}
