/** What `archive` and `parse` do with work items: rows to standard output, or files of a shard. */

import { EXIT } from "../../exit-code.js";
import { isTransient } from "../../io/input-error.js";
import { say } from "../../io/terminal.js";
import { ManifestError } from "../../pipeline/manifests/manifest.js";
import { count } from "../receipts/receipt.js";
import { writeShardFiles } from "./files.js";
import { type ManifestRequest, ManifestTally } from "./request.js";
import { streamMeasurements, streamRows } from "./stream.js";

/**
 * Does the work and returns the exit code: what is wrong with a log is in the rows and on standard error, and only what
 * may go better another time is a failure.
 */
export async function runManifest(request: ManifestRequest): Promise<number> {
  const { stop, inputs, quiet, folder, form } = request;
  const tally = new ManifestTally(say);
  try {
    if (folder !== undefined) await writeShardFiles(request, folder, tally);
    else if (form === "rows") await streamRows(request, tally);
    else await streamMeasurements(request, tally);
  } catch (error) {
    if (!stop.signal.aborted) {
      if (!(error instanceof ManifestError)) throw error;
      say(error.message);
      return isTransient(error) ? EXIT.input : EXIT.usage;
    }
  }
  const { troubles } = inputs.access;
  for (const trouble of troubles) say(`not read, run this again: ${trouble}`);
  for (const error of tally.sinkErrors) say(`not written: ${error}`);
  if (stop.received !== undefined) {
    say(`stopped by ${stop.received}`);
    return stop.received === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  }
  if (troubles.length > 0) return EXIT.input;
  if (tally.sinkErrors.length > 0) return EXIT.publisher;
  if (!quiet)
    say(
      `${count(tally.runs, "run")}, ${tally.faulty} with errors: ${count(tally.trainingRows, "training row")}, ${count(tally.validationPoints, "validation point")}`,
    );
  return EXIT.ok;
}
