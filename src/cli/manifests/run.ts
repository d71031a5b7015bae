/** What `archive` and `parse` do with a manifest: rows to standard output, or files of a shard. */
import { EXIT, stopCode } from "../../exit-code.js";
import { InputError, isTransient } from "../../io/input-error.js";
import { say } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import { writeShardFiles } from "../../pipeline/manifests/shard-files.js";
import { ManifestTally, type ManifestWork, writeRuns } from "../../pipeline/manifests/work.js";
import { standardOutput } from "../../publishers/files.js";
import { count } from "../receipts/numbers.js";

/** What is to be done, and how. */
export interface ManifestRequest extends Omit<ManifestWork, "signal"> {
  /** Where files go; absent: rows go to standard output. */
  readonly folder: string | undefined;
  readonly stop: StopRequest;
  readonly quiet: boolean;
}

/**
 * Does the work and returns the exit code. What is wrong with a log is in the rows and on standard error; only what may
 * succeed the next time is a failure.
 */
export async function runManifest({ folder, stop, quiet, ...request }: ManifestRequest): Promise<number> {
  const work = { ...request, signal: stop.signal };
  const tally = new ManifestTally(({ project, group, run_id }, _log, errors, warnings) => {
    const name = `${project}/${group}/${run_id}`;
    for (const error of errors) say(`ERROR ${name}: ${error}`);
    for (const warning of warnings) say(`warning: ${name}: ${warning}`);
  });
  try {
    if (folder !== undefined) await writeShardFiles(work, folder, tally);
    else await writeRuns(work, tally, standardOutput());
  } catch (error) {
    if (!stop.signal.aborted) {
      if (!(error instanceof InputError)) throw error;
      say(error.message);
      return isTransient(error) ? EXIT.input : EXIT.usage;
    }
  }
  const { retryable } = work.access;
  for (const file of retryable) say(`not read, run this again: ${file}`);
  for (const error of [...tally.publisherErrors, ...tally.outputErrors]) say(`not written: ${error}`);
  if (stop.received !== undefined) {
    say(`stopped by ${stop.received}`);
    return stopCode(stop.received);
  }
  if (retryable.length > 0) return EXIT.input;
  if (tally.outputErrors.length + tally.publisherErrors.length > 0) return EXIT.publisher;
  if (!quiet)
    say(
      `${count(tally.runs, "run")}, ${tally.faulty} with errors: ${count(tally.trainingRows, "training row")}, ${count(tally.validationPoints, "validation point")}`,
    );
  return EXIT.ok;
}
