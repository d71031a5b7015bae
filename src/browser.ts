/**
 * marian-tracking in a web page: the same parser on a `File`, `Blob`, `Response`, stream or bytes, gzip and zstd too,
 * in a worker. The core and the worker's script are loaded from beside this module, when the first log is read.
 *
 * @example
 * import { parseLog } from "marian-tracking/browser";
 * for await (const measurement of parseLog(file, { progress, signal })) {
 *   if (measurement.type === "training") plot(measurement.up, measurement.cost);
 * }
 */

import type { ReadOptions } from "./browser/open-log.js";
import { fetchCore, startWorker } from "./browser/package-files.js";
import { batchesOf, checkOf, measurementsOf, type PageUpdate, runOf, updatesOf } from "./browser/read.js";
import { type CoreSource, type InitOptions, Setup } from "./browser/setup.js";
import type { CheckReport } from "./check/check-log.js";
import type { CheckOptions } from "./check/check-options.js";
import type { Batch } from "./core/batch.js";
import { LogParser as CoreLogParser, type ParserOptions } from "./core/log-parser.js";
import type { Measurement } from "./core/measurement.js";
import type { WebLogInput } from "./io/web-log.js";
import type { TrainingRun } from "./run/training-run.js";

const setup = new Setup(fetchCore, startWorker);

/**
 * Loads the core; what reads a log does so on its own. Without an argument it is fetched from beside this module.
 *
 * @throws Error when the core can't be fetched or compiled; the next call tries again.
 */
export function init(core?: CoreSource, options?: InitOptions): Promise<void> {
  return setup.init(core, options);
}

/** Reads one log from chunks of bytes, synchronously, on this thread, into columns. Await {@link init} before. */
export class LogParser extends CoreLogParser {
  /**
   * @throws Error when {@link init} has not ended; when a pattern is no regular expression or names no group.
   * @throws RangeError when the time zone is unknown.
   */
  constructor(options: ParserOptions = {}) {
    super(setup.core(), options);
  }
}

/**
 * Reads a log and yields what it holds in the order of the log, as frozen objects.
 *
 * @throws InputError when the log can't be read, or not to its end (packed data that is damaged or ends early, a file that
 *   was moved, an answer that broke off), after everything before was yielded; its `code` says why.
 * @throws TypeError when the input is nothing that holds bytes.
 * @throws RangeError when the time zone is unknown; Error when a pattern is no regular expression.
 * @throws the reason of `signal` when that aborts.
 */
export function parseLog(input: WebLogInput, options: ReadOptions = {}): AsyncGenerator<Measurement> {
  return measurementsOf(setup, input, options);
}

/**
 * Reads a log and yields its columns, a batch for each 256 kB or less: the fast way. A batch holds until the next one is
 * asked for; to keep a column, copy it with `slice()`. Batches may be empty.
 *
 * @throws as {@link parseLog} does, after the last batch.
 */
export function parseBatches(input: WebLogInput, options: ReadOptions = {}): AsyncGenerator<Batch> {
  return batchesOf(setup, input, options);
}

/**
 * Reads a log as one training and yields, while it is read, what each part of it brought: its batch of columns, the
 * starts of Marian with their configuration, the validation points that closed, the tally up to there.
 *
 * @throws as {@link parseLog} does, after the last update.
 */
export function readUpdates(input: WebLogInput, options: ReadOptions = {}): AsyncGenerator<PageUpdate> {
  return updatesOf(setup, input, options);
}

/**
 * Reads a log as one training: segments, training rows, validation points, version, arguments, configuration, tally.
 * Of many logs that are asked for at once, a few are read at a time.
 *
 * @throws PartialRunError (an InputError) when the log can't be read to its end; its `run` is what came before.
 * @throws otherwise as {@link parseLog} does.
 */
export function readRun(input: WebLogInput, options: ReadOptions = {}): Promise<TrainingRun> {
  return runOf(setup, input, options);
}

/**
 * Reads a log and finds what went wrong, as `marian-tracking check` does. A log that can't be read to its end is checked up
 * to there; `fault` says why, also where it is empty or no log.
 *
 * @throws the reason of `signal` when that aborts; TypeError, RangeError and Error as {@link parseLog} does.
 */
export function checkRun(input: WebLogInput, options: ReadOptions & CheckOptions = {}): Promise<CheckReport> {
  return checkOf(setup, input, options);
}

export * from "./page-types.js";
