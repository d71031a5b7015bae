/**
 * marian-tracking: reads Marian NMT training logs.
 *
 * @example
 * import { parseLog } from "marian-tracking";
 * for await (const measurement of parseLog("train.log")) {
 *   if (measurement.type === "training") console.log(measurement.up, measurement.cost);
 * }
 */
import type { CheckOptions } from "./check/check-options.js";
import { type CheckReport, checkChunks } from "./check/check-run.js";
import { nodeCore } from "./node-core.js";
import { LogParser as CoreLogParser, type ParserOptions } from "./parser/log-parser.js";
import type { Measurement } from "./parser/measurement.js";
import { readTrainingRun, type TrainingRun } from "./run/training-run.js";
import { inputChunks, type LogInput } from "./sources/chunks.js";
import { decompress } from "./sources/decompress.js";
import { LogTimes, withMarian } from "./sources/marian-log.js";
import { refuseTar } from "./sources/tar-header.js";

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
 * @throws InputError when packed data ends early, after everything before was yielded.
 * @throws InputError, with the code `not-found` where there is no such file, and `tar` where it is a tar of several.
 */
export async function* parseLog(input: LogInput, options: ParserOptions = {}): AsyncGenerator<Measurement> {
  const parser = new LogParser(options);
  const chunks = refuseTar(decompress(inputChunks(input)));
  try {
    let fault: { error: unknown } | undefined;
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => ({ done: true, error }) as const);
      if (next.done) {
        if ("error" in next) fault = { error: next.error };
        break;
      }
      yield* parser.feed(next.value).measurements();
    }
    yield* parser.finish().measurements();
    if (fault !== undefined) throw fault.error;
  } finally {
    await chunks.return(undefined);
    parser.free();
  }
}

/**
 * Reads a log as one training: segments, rows, validation points, version, arguments, configuration.
 *
 * @throws InputError with the code `empty` or `no-marian-log` where there is no training in it.
 * @throws as {@link parseLog} does.
 */
export async function readRun(input: LogInput, options: ParserOptions = {}): Promise<TrainingRun> {
  const parser = new LogParser(options);
  try {
    const times = new LogTimes();
    const text = times.watch(refuseTar(decompress(inputChunks(input))));
    return withMarian(await readTrainingRun(parser, text), times.found);
  } finally {
    parser.free();
  }
}

/**
 * Reads a log and finds what went wrong: NaN, divergence, stalls, gaps, restarts, slow stretches, an end that is none.
 * Memory does not grow with the log. A log that can't be read to its end is checked up to there; `fault` says why.
 */
export async function checkRun(
  input: LogInput,
  options: ParserOptions & CheckOptions = {},
): Promise<CheckReport> {
  const parser = new LogParser({ ...options, marks: true });
  try {
    return await checkChunks(parser, refuseTar(decompress(inputChunks(input))), options);
  } finally {
    parser.free();
  }
}

export type { CheckOptions } from "./check/check-options.js";
export type { CheckReport } from "./check/check-run.js";
export type { Finding, FindingKind, Severity } from "./check/finding.js";
export * from "./library.js";
export type { LogInput } from "./sources/chunks.js";
export { InputError, type InputErrorCode } from "./sources/packing.js";
