/** The work on a manifest: its runs to lines, of the tables or of measurements. */
import type { ParserOptions } from "../../core/log-parser.js";
import { type LineOutput, NdjsonPublisher } from "../../publishers/ndjson.js";
import type { TableFormat, TableName } from "../../publishers/tables/columns.js";
import type { Compression } from "../../publishers/tables/compression.js";
import { JsonLines, TabLines } from "../../publishers/tables/stream-rows.js";
import { outputErrorText } from "../error-text.js";
import { problem, publisherErrors } from "../input-receipt.js";
import { openPublishers, type PublisherOpener } from "../parse-logs.js";
import { publishLog } from "../publish-log.js";
import type { ManifestAccess } from "./access.js";
import type { ManifestRun } from "./manifest.js";
import { hasTooManyErrors, type MaxErrors } from "./max-errors.js";
import { evaluationsOf, logOf, NO_SCORES, writeRunRows } from "./rows.js";
import type { Shard } from "./shard.js";

/** Is told how the work goes. */
export interface WorkWatch {
  /** What there is to do; not called if nobody knows before the end. */
  extent(runs: readonly ManifestRun[]): void;
  bytes(bytes: number): void;
  runs(runs: number, errors: number): void;
}

/** What is to be done with the runs of a manifest. */
export interface ManifestWork {
  readonly runs: AsyncIterable<ManifestRun> | Iterable<ManifestRun>;
  readonly shard: Shard | undefined;
  /** Measurements as `parse` prints them, or the rows of the tables. */
  readonly form: "measurements" | "rows";
  readonly formats: readonly (TableFormat | "tsv")[];
  /** Of Parquet. */
  readonly compression: Compression;
  /** The only table that is printed; absent: all. */
  readonly table: TableName | undefined;
  readonly parser: ParserOptions;
  readonly access: ManifestAccess;
  /** How many runs may have errors; absent: any number, but no file may be unavailable. */
  readonly maxErrors: MaxErrors | undefined;
  /** Whether a shard that is done already is done again. */
  readonly isForced: boolean;
  readonly signal: AbortSignal;
  readonly watch: WorkWatch;
  /** Publishers of each log besides the output; for measurements only. */
  readonly openers?: readonly PublisherOpener[];
  /** Of the program. */
  readonly version: string;
}

/** What was done. */
export class ManifestTally {
  runs = 0;
  /** Runs with errors. */
  faulty = 0;
  /** Of logs as stored, as far as the manifest says. */
  bytes = 0;
  trainingRows = 0;
  validationPoints = 0;
  /** What could not be written. */
  readonly outputErrors: string[] = [];
  /** What publishers besides the output did not take. */
  readonly publisherErrors: string[] = [];
  readonly #done: ManifestTally["add"];

  /** @param done Is called with each run. */
  constructor(done: ManifestTally["add"]) {
    this.#done = done;
  }

  add(
    run: ManifestRun,
    log: { readonly counts: { readonly training: number }; readonly points: number } | undefined,
    errors: readonly string[],
    warnings: readonly string[],
  ): void {
    this.runs += 1;
    for (const { size } of run.files) this.bytes += size ?? 0;
    this.trainingRows += log?.counts.training ?? 0;
    this.validationPoints += log?.points ?? 0;
    if (errors.length > 0) this.faulty += 1;
    this.#done(run, log, errors, warnings);
  }
}

/** Whether the work ends early: it was stopped, a file could not be read, too many runs have errors, or the output fails. */
export function mustEnd({ access, maxErrors, signal }: ManifestWork, tally: ManifestTally): boolean {
  // A share of the runs is known at the end.
  const isFull = maxErrors !== undefined && "runs" in maxErrors && hasTooManyErrors(tally, maxErrors);
  return signal.aborted || access.hasFailed || isFull || tally.outputErrors.length > 0;
}

/** Writes the runs one after the other. */
export async function writeRuns(work: ManifestWork, tally: ManifestTally, output: LineOutput): Promise<void> {
  const write = work.form === "rows" ? rowWriter(work, output) : measurementWriter(work, output);
  for await (const run of work.runs) {
    if (work.signal.aborted || output.closed) return;
    await write(run, tally);
    if (mustEnd(work, tally)) return;
  }
}

type RunWriter = (run: ManifestRun, tally: ManifestTally) => Promise<void>;

/** Writes the rows of the tables. */
function rowWriter(
  { access, formats, parser, signal, table, watch }: ManifestWork,
  output: LineOutput,
): RunWriter {
  const lines = formats.includes("tsv") ? new TabLines(table) : new JsonLines(table !== undefined);
  const rows = { lines, table, write: (text: string | Uint8Array) => output.write(text) };
  return async (run, tally) => {
    const done = await writeRunRows(run, access, rows, parser, { signal, progress: watch.bytes });
    if (signal.aborted || access.hasFailed) return;
    tally.add(run, done.log, done.errors, done.warnings);
    watch.runs(1, Math.min(1, done.errors.length));
    tally.outputErrors.push(...done.outputErrors);
  };
}

/** Writes the measurements of each log, as `parse` does; a log that can't be read is a line of the type `error`. */
function measurementWriter(
  { access, parser, signal, watch, openers = [] }: ManifestWork,
  output: LineOutput,
): RunWriter {
  const shared = new NdjsonPublisher(output);
  return async (run, tally) => {
    const log = await logOf(run, access);
    if (log === undefined) return tally.add(run, undefined, [], ["it has no log: there is nothing to parse"]);
    // Only publishers of the user's own take evaluations.
    const scores = openers.length > 0 ? await evaluationsOf(run, access) : NO_SCORES;
    if (access.hasFailed) return;
    const { name } = log;
    const { evaluations } = scores;
    const own = await openPublishers(openers, { name, source: log, live: false, names: [name], evaluations });
    const receipt = await publishLog(log, parser, own, {
      ...{ signal, shared, progress: watch.bytes },
      summary: openers.length > 0,
    });
    if (signal.aborted || access.hasFailed) return;
    const error = problem(receipt, false);
    tally.add(run, receipt, [...(error === undefined ? [] : [error]), ...scores.errors], scores.warnings);
    watch.runs(1, error === undefined && scores.errors.length === 0 ? 0 : 1);
    tally.publisherErrors.push(...publisherErrors(receipt).map((reason) => `${name}: ${reason}`));
    for (const result of receipt.publishers)
      if (result.shared)
        tally.outputErrors.push(...result.errors.map((reason) => `${result.name}: ${reason}`));
    if (error === undefined || tally.outputErrors.length > 0) return;
    await shared.fail(error).catch((reason: unknown) => tally.outputErrors.push(outputErrorText(reason)));
  };
}
