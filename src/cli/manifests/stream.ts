/** Work items to lines: of the tables, or of measurements. */

import { outputErrorText } from "../../pipeline/error-text.js";
import { logOf, writeRunRows } from "../../pipeline/manifests/rows.js";
import { problem, publishLog } from "../../pipeline/publish-log.js";
import { errorLine, type LineOutput, NdjsonPublisher } from "../../publishers/ndjson.js";
import { JsonLines, TabLines } from "../../publishers/tables/stream-rows.js";
import { standardOutput } from "../parse-inputs.js";
import type { ManifestRequest, ManifestTally } from "./request.js";

/** Prints the rows of the tables of each run, one run after the other. */
export async function streamRows(
  request: ManifestRequest,
  tally: ManifestTally,
  sink: LineOutput = standardOutput(),
): Promise<void> {
  const { table, parser, inputs, stop, formats } = request;
  const lines = formats.includes("tsv") ? new TabLines(table) : new JsonLines(table !== undefined);
  const output = { lines, table, write: (text: string) => sink.write(text) };
  for await (const run of request.runs) {
    if (stop.signal.aborted || sink.closed) return;
    const done = await writeRunRows(run, inputs.access, output, parser, { signal: stop.signal });
    if (stop.signal.aborted || inputs.access.troubles.length > 0) return;
    tally.add(run, done.log, done.faults, done.remarks);
    tally.sinkErrors.push(...done.sinkErrors);
    if (tally.sinkErrors.length > 0) return;
  }
}

/** Prints the measurements of each run's log, as `parse` does; a log that is no good is a line of the type `error`. */
export async function streamMeasurements(
  { parser, inputs, stop, runs }: ManifestRequest,
  tally: ManifestTally,
  sink: LineOutput = standardOutput(),
): Promise<void> {
  for await (const run of runs) {
    if (stop.signal.aborted || sink.closed) return;
    const log = await logOf(run, inputs.access);
    if (log === undefined) {
      tally.add(run, undefined, [], ["it has no log: there is nothing to parse"]);
      continue;
    }
    const receipt = await publishLog(
      log,
      parser,
      ({ time }) => [new NdjsonPublisher(log.name, sink, time, false)],
      { signal: stop.signal },
    );
    if (stop.signal.aborted || inputs.access.troubles.length > 0) return;
    const fault = problem(receipt, false);
    tally.add(run, receipt, fault === undefined ? [] : [fault], []);
    tally.sinkErrors.push(...receipt.sinkErrors);
    if (tally.sinkErrors.length > 0) return;
    if (fault === undefined) continue;
    try {
      await sink.write(errorLine(log.name, fault));
    } catch (error) {
      tally.sinkErrors.push(outputErrorText(error));
      return;
    }
  }
}
