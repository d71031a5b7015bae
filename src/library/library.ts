/** The library: its functions, over what differs between Node, a page, and a page that brings everything itself. */

import type { CheckReport } from "../check/check-log.js";
import type { CheckOptions } from "../check/check-options.js";
import type { Batch } from "../core/batch.js";
import type { CoreModule } from "../core/core.js";
import { LogParser, type ParserOptions } from "../core/log-parser.js";
import type { Measurement } from "../core/measurement.js";
import type { Packing } from "../io/packed/packing.js";
import { noLogError, wholeRun } from "../run/marian-log.js";
import { RunReader, type RunTally, type RunUpdate } from "../run/run-reader.js";
import { readTrainingRun, type TrainingRun } from "../run/training-run.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import type { OpenLog, ReadOptions } from "./open-log.js";

/** The core's bytes (the file `marian_log.wasm` of the package), or what `WebAssembly.compile` makes of them. */
export type CoreSource = BufferSource | WebAssembly.Module;

/** Makes a worker that runs the package's worker script; for zstd, `worker-zstd.js`. */
export type MakeWorker = (packing: Packing | "plain") => Worker;

/** What else a page may bring. */
export interface InitOptions {
  /** Makes the workers of a page that keeps their script elsewhere: `() => new Worker(address)`. */
  readonly worker?: MakeWorker;
}

/** What a part of a log added to its training, and what was counted up to there. */
export interface LogUpdate extends Omit<RunUpdate, "chunk" | "closed"> {
  readonly tally: RunTally;
}

/** What every entry of the package exports. `Input` is what it can read a log from. */
export interface Library<Input> {
  /**
   * Loads the parser's core. Only `marian-tracking/slim` needs the call, and the core's bytes. `marian-tracking/browser`
   * needs it before `new LogParser()`; it fetches the core itself.
   *
   * @throws Error if the core can't be fetched or compiled; the next call tries again.
   */
  init(core?: CoreSource, options?: InitOptions): Promise<void>;

  /**
   * Reads one log from chunks of bytes, synchronously, on this thread, into columns. In a page, await `init` before.
   *
   * @throws Error if the core is not loaded; if a pattern is not a regular expression or names no group.
   * @throws RangeError if the time zone is unknown.
   */
  readonly LogParser: new (
    options?: ParserOptions,
  ) => LogParser;

  /**
   * Reads a log, gzip and zstd too, and yields its measurements in the order of the log, as frozen objects.
   *
   * @throws InputError if the log can't be read, or not to its end, after everything before was yielded; its `code` says
   *   why: `not-found`, `tar`, `unreadable`.
   * @throws TypeError if the input holds no bytes.
   * @throws RangeError if the time zone is unknown; Error if a pattern is not a regular expression.
   * @throws the reason of `signal` when that aborts.
   */
  parseLog(input: Input, options?: ReadOptions): AsyncGenerator<Measurement>;

  /**
   * Reads a log and yields its columns, one batch after another: the fast way. Batches may be empty.
   *
   * @throws like `parseLog`, after the last batch.
   */
  parseBatches(input: Input, options?: ReadOptions): AsyncGenerator<Batch>;

  /**
   * Reads a log as one training. While it reads, it yields what each part of the log added: the batch of columns, the
   * starts of Marian with their configuration, the validation points that closed, and the tally.
   *
   * @throws like `parseLog`, after the last update.
   */
  readUpdates(input: Input, options?: ReadOptions): AsyncGenerator<LogUpdate>;

  /**
   * Reads a log as one training: segments, training rows, validation points, version, arguments, configuration, tally.
   * If you ask for many logs at once, it reads a few at a time.
   *
   * @throws InputError with the code `empty` or `no-marian-log` if the log holds no training.
   * @throws PartialRunError (an InputError) if the log can't be read to its end; its `run` is what came before.
   * @throws otherwise like `parseLog`.
   */
  readRun(input: Input, options?: ReadOptions): Promise<TrainingRun>;

  /**
   * Reads a log and finds what went wrong, as `marian-tracking check` does: NaN, divergence, stalls, gaps, restarts, slow
   * stretches, an unfinished training. Memory does not grow with the log. The report has an InputError as `error`, with
   * the findings up to there.
   *
   * @throws TypeError, RangeError, Error and the reason of `signal` like `parseLog`.
   */
  checkRun(input: Input, options?: ReadOptions & CheckOptions): Promise<CheckReport>;
}

/** What differs between the entries. */
export interface Platform<Input> {
  init(core?: CoreSource, options?: InitOptions): Promise<void>;
  /** @throws Error if the core is not loaded and can't be loaded at once. */
  core(): CoreModule;
  /** Starts to read a log. An InputError becomes the log's `error`; others are thrown. */
  open(input: Input, options: ReadOptions): Promise<OpenLog>;
}

/** The library on a platform. */
export function makeLibrary<Input>(platform: Platform<Input>): Library<Input> {
  const limit = new ConcurrencyLimit(Math.min(8, globalThis.navigator?.hardwareConcurrency ?? 4));

  async function* parseBatches(input: Input, options: ReadOptions = {}): AsyncGenerator<Batch> {
    const log = await platform.open(input, options);
    try {
      for await (const chunk of log.chunks) yield log.parser.feed(chunk);
      yield log.parser.finish();
      if (log.error !== undefined) throw log.error;
    } finally {
      log.close();
    }
  }

  const readWhole = <Result>(
    input: Input,
    options: ReadOptions,
    read: (log: OpenLog) => Promise<Result>,
  ): Promise<Result> =>
    limit.run(options.signal, async () => {
      const log = await platform.open(input, options);
      try {
        return await read(log);
      } finally {
        log.close();
      }
    });

  return {
    init: (core, options) => platform.init(core, options),
    LogParser: class extends LogParser {
      constructor(options: ParserOptions = {}) {
        super(platform.core(), options);
      }
    },
    async *parseLog(input, options) {
      for await (const batch of parseBatches(input, options)) yield* batch.measurements();
    },
    parseBatches,
    async *readUpdates(input, options = {}) {
      const log = await platform.open(input, options);
      try {
        const reader = new RunReader(log.parser);
        const withTally = ({ chunk: _chunk, closed: _closed, ...update }: RunUpdate) => ({
          ...update,
          tally: reader.tally,
        });
        for await (const chunk of log.chunks) yield withTally(await reader.read(chunk));
        yield withTally(await reader.finish());
        if (log.error !== undefined) throw log.error;
      } finally {
        log.close();
      }
    },
    readRun: (input, options = {}) =>
      readWhole(input, options, async (log) => wholeRun(await readTrainingRun(log.parser, log.chunks), log)),
    async checkRun(input, options = {}) {
      // A page that only draws loads no checks.
      const { checkLog } = await import("../check/check-log.js");
      return readWhole(input, { ...options, marks: true }, async (log) => {
        const report = await checkLog(log.parser, log.chunks, options);
        // A finding shows that the input is a log of Marian's.
        const found = report.findings.length > 0 || report.death !== undefined;
        const error = log.error ?? (found ? undefined : noLogError(report.tally.counts, log.timed));
        return error === undefined ? report : { ...report, error };
      });
    },
  };
}
