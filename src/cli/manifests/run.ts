/** What `archive` and `parse` do with a manifest: rows to standard output, or files of a shard. */
import { EXIT, stopCode } from "../../exit-code.js";
import { InputError, isTransient } from "../../io/input-error.js";
import { outputPath } from "../../io/objects/bucket-folder.js";
import { say } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import type { ManifestAccess } from "../../pipeline/manifests/access.js";
import { hasTooManyErrors } from "../../pipeline/manifests/max-errors.js";
import { shardName } from "../../pipeline/manifests/shard.js";
import { writeShardFiles } from "../../pipeline/manifests/shard-files.js";
import type { ShardRecord } from "../../pipeline/manifests/shard-record.js";
import {
  ManifestTally,
  type ManifestWork,
  type WorkWatch,
  writeRuns,
} from "../../pipeline/manifests/work.js";
import { standardOutput } from "../../publishers/files.js";
import { count } from "../receipts/numbers.js";
import { startProgress } from "../terminal/progress.js";

/** What is to be done, and how. */
export interface ManifestRequest extends Omit<ManifestWork, "signal" | "watch"> {
  /** Where files go; absent: rows go to standard output. */
  readonly folder: string | undefined;
  readonly stop: StopRequest;
  readonly quiet: boolean;
}

/**
 * Does the work and returns the exit code. What is wrong with the content of a log is in the rows and on standard error;
 * a file that could not be had is a failure, unless runs may have errors.
 */
export async function runManifest({ folder, stop, quiet, ...request }: ManifestRequest): Promise<number> {
  const { access, maxErrors, shard } = request;
  const extent = { bytes: 0, runs: undefined as number | undefined };
  // Rows on a terminal are progress enough.
  const isShown = !quiet && (folder !== undefined || !process.stdout.isTTY);
  const bar = startProgress(extent, process.stderr, !isShown, { heartbeat: true });
  const watch: WorkWatch = {
    extent(runs) {
      extent.runs = runs.length;
      for (const { files } of runs) for (const { size } of files) extent.bytes += size ?? 0;
    },
    bytes: bar.add,
    runs: bar.done,
  };
  const work = { ...request, signal: stop.signal, watch };
  access.mayLack = maxErrors !== undefined;
  const tally = new ManifestTally(({ project, group, run_id }, _log, errors, warnings) => {
    const name = `${project}/${group}/${run_id}`;
    for (const error of errors) say(`ERROR ${name}: ${error}`);
    for (const warning of warnings) say(`warning: ${name}: ${warning}`);
  });
  try {
    const finished = folder === undefined ? undefined : await writeShardFiles(work, folder, tally);
    if (finished !== undefined && folder !== undefined) {
      const place = shard === undefined ? folder : outputPath(folder, shardName(shard));
      if (!quiet)
        say(`${place} is done, and nothing has changed: ${runsText(finished)}. --force does it again`);
      return EXIT.ok;
    }
    if (folder === undefined) await writeRuns(work, tally, standardOutput());
  } catch (error) {
    if (!stop.signal.aborted) {
      if (!(error instanceof InputError)) throw error;
      say(error.message);
      return isTransient(error) ? EXIT.input : EXIT.usage;
    }
  } finally {
    bar.stop();
  }
  if (stop.received === undefined) sayUnread(access);
  for (const error of [...tally.publisherErrors, ...tally.outputErrors]) say(`not written: ${error}`);
  if (stop.received !== undefined) {
    say(`stopped by ${stop.received}`);
    return stopCode(stop.received);
  }
  const kept = folder === undefined ? "what was printed is not complete" : "nothing was kept";
  if (access.hasFailed) {
    if (access.retryable.size === 0)
      say(
        `${kept}: what the manifest lists is not there. Run this again when it is, list the runs again with \`plan\`, or allow errors with --max-errors`,
      );
    return EXIT.input;
  }
  if (hasTooManyErrors(tally, maxErrors)) {
    const allowed = "runs" in maxErrors ? maxErrors.runs : `${maxErrors.percent}%`;
    say(
      `${kept}: ${tally.faulty} of ${count(tally.runs, "run")} have errors, --max-errors allows ${allowed}`,
    );
    return EXIT.input;
  }
  if (tally.outputErrors.length + tally.publisherErrors.length > 0) return EXIT.publisher;
  if (!quiet)
    say(
      `${runsText({ runs: tally.runs, with_errors: tally.faulty })}: ${count(tally.trainingRows, "training row")}, ${count(tally.validationPoints, "validation point")}`,
    );
  return EXIT.ok;
}

function runsText({ runs, with_errors: faulty }: Pick<ShardRecord, "runs" | "with_errors">): string {
  return `${count(runs, "run")}, ${faulty} with errors`;
}

function sayUnread(access: ManifestAccess): void {
  for (const [file, reason] of access.retryable) say(`not read, run this again: ${file}: ${reason}`);
  if (access.mayLack) return;
  for (const [file, reason] of access.unavailable) say(`ERROR ${file}: ${reason}`);
}
