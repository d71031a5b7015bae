/**
 * marian-tracking: reads Marian NMT training logs.
 *
 * @example
 * import { parseLog } from "marian-tracking";
 * for await (const measurement of parseLog("train.log")) {
 *   if (measurement.type === "training") console.log(measurement.up, measurement.cost);
 * }
 */

import { type CheckReport, checkLog } from "./check/check-log.js";
import type { CheckOptions } from "./check/check-options.js";
import { logReport } from "./check/log-report.js";
import { LogParser as CoreLogParser, type ParserOptions } from "./core/log-parser.js";
import type { Measurement } from "./core/measurement.js";
import type { LogInput } from "./io/chunks.js";
import { nodeCore } from "./node-core.js";
import { NodeLog } from "./node-log.js";
import { wholeRun } from "./run/marian-log.js";
import { readTrainingRun, type TrainingRun } from "./run/training-run.js";

/** Reads one log from chunks of bytes, synchronously, into columns. See {@link CoreLogParser}. */
export class LogParser extends CoreLogParser {
  /**
   * @throws Error when a pattern is no regular expression or names no group.
   * @throws RangeError when the time zone is unknown.
   */
  constructor(options: ParserOptions = {}) {
    super(nodeCore(), options);
  }
}

/**
 * Reads a log, gzip and zstd included, and yields what it holds in the order of the log.
 *
 * @throws InputError when the log can't be read, or not to its end, after everything before was yielded; its `code` says
 *   why: `not-found`, `tar`, `unreadable`.
 * @throws TypeError when the input is nothing that holds bytes.
 */
export async function* parseLog(input: LogInput, options: ParserOptions = {}): AsyncGenerator<Measurement> {
  const parser = new LogParser(options);
  try {
    const log = new NodeLog(input);
    for await (const chunk of log.chunks) yield* parser.feed(chunk).measurements();
    yield* parser.finish().measurements();
    if (log.fault !== undefined) throw log.fault;
  } finally {
    parser.free();
  }
}

/**
 * Reads a log as one training: segments, rows, validation points, version, arguments, configuration.
 *
 * @throws InputError with the code `empty` or `no-marian-log` where there is no training in it.
 * @throws PartialRunError (an InputError) when the log can't be read to its end; its `run` is what came before.
 * @throws otherwise as {@link parseLog} does.
 */
export async function readRun(input: LogInput, options: ParserOptions = {}): Promise<TrainingRun> {
  const parser = new LogParser(options);
  try {
    const log = new NodeLog(input);
    return wholeRun(await readTrainingRun(parser, log.chunks), log);
  } finally {
    parser.free();
  }
}

/**
 * Reads a log and finds what went wrong: NaN, divergence, stalls, gaps, restarts, slow stretches, an end that is none.
 * Memory does not grow with the log. A log that can't be read to its end is checked up to there; `fault` says why, also
 * where it is empty or no log.
 *
 * @throws TypeError when the input is nothing that holds bytes.
 */
export async function checkRun(
  input: LogInput,
  options: ParserOptions & CheckOptions = {},
): Promise<CheckReport> {
  const parser = new LogParser({ ...options, marks: true });
  try {
    const log = new NodeLog(input);
    return logReport(await checkLog(parser, log.chunks, options), log);
  } finally {
    parser.free();
  }
}

export type { CheckReport } from "./check/check-log.js";
export type { CheckOptions } from "./check/check-options.js";
export type { Finding, FindingKind, Severity } from "./check/finding.js";
export type { LogInput } from "./io/chunks.js";
export * from "./library.js";
