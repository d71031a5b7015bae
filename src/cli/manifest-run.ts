/** What `archive` and `parse` do with work items: rows to standard output, or files of a shard. */
import { ManifestError, type ManifestRun } from "../group/manifest.js";
import type { Shard } from "../jobs/manifest-shard.js";
import type { ParserOptions } from "../parser/log-parser.js";
import type { TableFormat, TableName } from "../publishers/tables/columns.js";
import { isWorthRetry } from "../sources/objects/trouble.js";
import { EXIT } from "./exit-code.js";
import { writeShardFiles } from "./manifest-files.js";
import type { Inputs } from "./manifest-input.js";
import { streamMeasurements, streamRows } from "./manifest-stream.js";
import { count } from "./receipt.js";
import type { StopSignal } from "./stop-signal.js";

/** What is to be done with work items. */
export interface ManifestRequest {
  readonly runs: AsyncIterable<ManifestRun> | Iterable<ManifestRun>;
  readonly shard: Shard | undefined;
  /** Measurements as `parse` prints them, or the rows of the tables. */
  readonly form: "measurements" | "rows";
  readonly formats: readonly (TableFormat | "tsv")[];
  /** The only table that is printed; absent: all. */
  readonly table: TableName | undefined;
  /** Where files go; absent: rows go to standard output. */
  readonly folder: string | undefined;
  readonly parser: ParserOptions;
  readonly inputs: Inputs;
  readonly stop: StopSignal;
  readonly quiet: boolean;
  /** Of the program. */
  readonly version: string;
}

/** What was done. */
export class ManifestTally {
  runs = 0;
  faulty = 0;
  trainingRows = 0;
  validationPoints = 0;
  readonly sinkErrors: string[] = [];
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Notes a run, and says what is wrong with it. */
  add(
    { project, group, run_id }: ManifestRun,
    log: { readonly counts: { readonly training: number }; readonly points: number } | undefined,
    faults: readonly string[],
    remarks: readonly string[],
  ): void {
    const name = `${project}/${group}/${run_id}`;
    this.runs += 1;
    this.trainingRows += log?.counts.training ?? 0;
    this.validationPoints += log?.points ?? 0;
    if (faults.length > 0) this.faulty += 1;
    for (const fault of faults) this.#say(`ERROR ${name}: ${fault}`);
    for (const remark of remarks) this.#say(`warning: ${name}: ${remark}`);
  }
}

/**
 * Does the work and returns the exit code: what is wrong with a log is in the rows and on standard error, and only what
 * may go better another time is a failure.
 */
export async function runManifest(request: ManifestRequest): Promise<number> {
  const { stop, inputs, quiet, folder, form } = request;
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const tally = new ManifestTally(say);
  try {
    if (folder !== undefined) await writeShardFiles(request, folder, tally);
    else if (form === "rows") await streamRows(request, tally);
    else await streamMeasurements(request, tally);
  } catch (error) {
    if (!stop.signal.aborted) {
      if (!(error instanceof ManifestError)) throw error;
      say(error.message);
      return isWorthRetry(error) ? EXIT.input : EXIT.usage;
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
  if (tally.sinkErrors.length > 0) return EXIT.sink;
  if (!quiet)
    say(
      `${count(tally.runs, "run")}, ${tally.faulty} with errors: ${count(tally.trainingRows, "training row")}, ${count(tally.validationPoints, "validation point")}`,
    );
  return EXIT.ok;
}
