/**
 * marian-tracking in a web page that brings everything itself: one file that loads nothing. The page gives the core's
 * bytes; where it also gives a way to make workers, logs are parsed in those, otherwise on the page's thread.
 *
 * @example
 * import { init, parseLog } from "marian-tracking/slim";
 * await init(bytesOfTheCore, { worker: () => new Worker(addressOfTheWorkersScript, { type: "module" }) });
 * for await (const measurement of parseLog(file)) plot(measurement);
 */
import type { ReadOptions } from "./browser/open-log.js";
import { batchesOf, checkOf, measurementsOf, type PageUpdate, runOf, updatesOf } from "./browser/read.js";
import { type CoreSource, type InitOptions, Setup } from "./browser/setup.js";
import type { CheckReport } from "./check/check-log.js";
import type { CheckOptions } from "./check/check-options.js";
import type { Batch } from "./core/batch.js";
import { LogParser as CoreLogParser, type ParserOptions } from "./core/log-parser.js";
import type { Measurement } from "./core/measurement.js";
import type { WebLogInput } from "./io/web-log.js";
import type { TrainingRun } from "./run/training-run.js";

const setup = new Setup();

/**
 * Takes the core: the bytes of `marian-tracking/marian_log.wasm`, or the compiled module. To be awaited before anything
 * else is called.
 *
 * @param options.worker Makes a worker of the script `marian-tracking/worker.js`, which reads every kind of log.
 * @throws Error when the bytes can't be compiled.
 */
export function init(core: CoreSource, options?: InitOptions): Promise<void> {
  return setup.init(core, options);
}

/** As in `marian-tracking/browser`. */
export class LogParser extends CoreLogParser {
  constructor(options: ParserOptions = {}) {
    super(setup.core(), options);
  }
}

/** As in `marian-tracking/browser`. @throws Error when {@link init} was not called. */
export function parseLog(input: WebLogInput, options: ReadOptions = {}): AsyncGenerator<Measurement> {
  return measurementsOf(setup, input, options);
}

/** As in `marian-tracking/browser`. @throws Error when {@link init} was not called. */
export function parseBatches(input: WebLogInput, options: ReadOptions = {}): AsyncGenerator<Batch> {
  return batchesOf(setup, input, options);
}

/** As in `marian-tracking/browser`. @throws Error when {@link init} was not called. */
export function readUpdates(input: WebLogInput, options: ReadOptions = {}): AsyncGenerator<PageUpdate> {
  return updatesOf(setup, input, options);
}

/** As in `marian-tracking/browser`. @throws Error when {@link init} was not called. */
export function readRun(input: WebLogInput, options: ReadOptions = {}): Promise<TrainingRun> {
  return runOf(setup, input, options);
}

/** As in `marian-tracking/browser`. @throws Error when {@link init} was not called. */
export function checkRun(input: WebLogInput, options: ReadOptions & CheckOptions = {}): Promise<CheckReport> {
  return checkOf(setup, input, options);
}

export * from "./page-types.js";
