/** Reads one input and gives it to its publishers. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Death } from "../check/course-check.js";
import { RunChecker } from "../check/run-checker.js";
import { LogParser, type ParserOptions } from "../core/log-parser.js";
import type { TimestampFormat } from "../core/timestamp.js";
import { decompress } from "../io/packed/decompress.js";
import { refuseTar } from "../io/packed/tar-header.js";
import type { Source } from "../io/source.js";
import { linesOf } from "../io/whole-lines.js";
import { nodeCore } from "../node-core.js";
import type { WriteMode } from "../publishers/csv/csv-file.js";
import { CsvFolder, CsvPublisher } from "../publishers/csv/csv-publisher.js";
import { LineFile, NdjsonPublisher } from "../publishers/ndjson.js";
import type { PublisherOutcome, UpdatePublisher } from "../publishers/update-publisher.js";
import { RunReader, type RunTally, type RunUpdate } from "../run/run-reader.js";
import { inputErrorText, outputErrorText } from "./error-text.js";
import { LogTail } from "./log-tail.js";
import { YoungObjects } from "./young-objects.js";

/** What became of one input. */
export interface InputReceipt extends RunTally {
  source: string;
  /** Why the input could not be read, or not to its end. */
  error?: string;
  /** The log changed while it was read: a training is writing it, so its last record may be missing. */
  running?: true;
  /** What the training's process printed when it died; absent where it did not, or was not seen to. */
  death?: Death;
  /** What sinks did not take, in words. */
  sinkErrors: string[];
  /** Files and pages written. */
  outputs: string[];
  /** Offline files that hold what no server has acknowledged; absent where there are none. */
  offlineFiles?: string[];
  /** What publishers have to say. */
  notes: string[];
  /** What publishers add to the receipt as JSON. */
  figures: Readonly<Record<string, unknown>>;
}

/** Makes the publishers of an input when its parser and its reader are there. */
export type PublisherFactory = (parser: LogParser, reader: RunReader) => readonly UpdatePublisher[];

/** How a job is watched and stopped. */
export interface LogControl {
  /** Called with the bytes read since the last call, as stored. */
  progress?(bytes: number): void;
  /** Stops the reading after the current chunk. */
  readonly signal?: AbortSignal;
  /** The log grows: what came of it until a stop is kept. */
  readonly growing?: boolean;
  /** Waits until a record that may be cut has waited long enough; five seconds without it. */
  readonly pause?: (signal: AbortSignal) => Promise<void>;
}

/** Milliseconds that a record which may be cut waits for the next line of a log that is still written. */
const HOLD = 5_000;
/** Stands between chunks where none has come for that long. */
const PAUSE = Symbol("pause");

/** The chunks, and a pause each time that something is held and none comes. */
async function* withPauses(
  chunks: AsyncIterable<Uint8Array>,
  holds: () => boolean,
  pause: (signal: AbortSignal) => Promise<void> = (signal) => sleep(HOLD, undefined, { signal }),
): AsyncGenerator<Uint8Array | typeof PAUSE> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      while (holds()) {
        const over = new AbortController();
        const paused = pause(over.signal).then(
          () => true,
          () => false,
        );
        const first = await Promise.race([next.then(() => false), paused]).finally(() => over.abort());
        if (!first) break;
        yield PAUSE;
      }
      const { done, value } = await next;
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** The CSV or NDJSON files of one input, in a folder of its own. */
export function filePublishers(
  source: string,
  folder: string,
  format: "csv" | "ndjson",
  patterns: boolean,
): PublisherFactory {
  if (format === "ndjson") return ({ time }) => [ndjsonFile(source, folder, "whole", time)];
  return () => [new CsvPublisher(source, new CsvFolder({ folder, mode: "whole", combine: false, patterns }))];
}

/**
 * The files of a training that is running: CSV row by row, and beside it NDJSON that is complete to the last line at
 * any kill, because a CSV row waits until its validation point is whole.
 */
export function livePublishers(source: string, folder: string, patterns = false): PublisherFactory {
  return ({ time }) => [
    ndjsonFile(source, folder, "live", time),
    new CsvPublisher(source, new CsvFolder({ folder, mode: "live", combine: false, patterns })),
  ];
}

function ndjsonFile(source: string, folder: string, mode: WriteMode, time: TimestampFormat): NdjsonPublisher {
  return new NdjsonPublisher(source, new LineFile(join(folder, "measurements.ndjson"), mode), time);
}

/**
 * Reads `source` to its end. Never throws for a fault of the input or of a sink: the receipt tells. A sink that fails
 * is left out from then on; the others go on.
 */
export async function publishLog(
  source: Source,
  options: ParserOptions,
  factory: PublisherFactory,
  control: LogControl = {},
): Promise<InputReceipt> {
  // A log that is being written is watched as it comes, because its end may be a death; of a file the last lines tell.
  const watched = options.live === true || source.closed !== undefined;
  using parser = new LogParser(nodeCore(), { ...options, marks: watched || options.marks === true });
  const reader = new RunReader(parser);
  const sinks = new Sinks(factory(parser, reader));
  const closed = () => source.closed === true;
  const watch = watched ? new RunChecker(parser.time, { kinds: ["unfinished"], closed }) : new LogTail();
  const young = new YoungObjects();
  let fault: string | undefined;
  const publish = (publisher: UpdatePublisher, update: RunUpdate) => publisher.publish(update);
  try {
    const chunks = linesOf(source, refuseTar(decompress(counted(source, control), source.again)));
    for await (const chunk of options.live ? withPauses(chunks, () => parser.holds, control.pause) : chunks) {
      const update = await (chunk === PAUSE ? reader.settle(parser.settle()) : reader.read(chunk));
      watch.take(update);
      await sinks.each(publish, update);
      if (options.live) young.limit();
      if (control.signal?.aborted) break;
    }
  } catch (error) {
    fault = inputErrorText(error);
  }
  try {
    const update = await reader.finish();
    watch.take(update);
    await sinks.each(publish, update);
  } catch (error) {
    fault ??= inputErrorText(error);
  }
  const stopped = control.signal?.aborted === true;
  const unopened = fault !== undefined && reader.tally.counts.bytes === 0;
  // A pipe can't be read again, so what came of it is kept; a file's old results are better than half of the new.
  // Of an input that could not be opened there is nothing to write.
  if (unopened || (stopped && source.name !== "-" && control.growing !== true)) await sinks.discard();
  else await sinks.close();
  if (stopped) fault = "stopped before its end";
  const death = fault === undefined ? await deathSeen(watch, reader.tally) : undefined;
  return {
    source: source.name,
    ...reader.tally,
    ...(fault === undefined ? {} : { error: fault }),
    ...(source.changed === true ? { running: true } : {}),
    ...(death === undefined ? {} : { death }),
    sinkErrors: sinks.errors,
    outputs: sinks.outputs,
    ...(sinks.offlineFiles.length === 0 ? {} : { offlineFiles: sinks.offlineFiles }),
    notes: sinks.notes,
    figures: sinks.figures,
  };
}

async function deathSeen(watch: RunChecker | LogTail, { counts }: RunTally): Promise<Death | undefined> {
  if (watch instanceof LogTail) return watch.death(counts.lines);
  watch.finish();
  return watch.death;
}

/** What is wrong with an input, in words; nothing where all is well. */
export function problem(receipt: InputReceipt, strict: boolean): string | undefined {
  const { error, counts } = receipt;
  if (error !== undefined) return error;
  if (counts.bytes === 0) return "the input is empty";
  if (counts.training + counts.validation + counts.patterns === 0) {
    if (receipt.death !== undefined)
      return `the training died before its first update, line ${receipt.death.line}: ${receipt.death.text}`;
    return "it holds no measurement of Marian's: is this a training log?";
  }
  if (strict && counts.unmatched > 0)
    return `${counts.unmatched.toLocaleString("en-US")} ${counts.unmatched === 1 ? "line" : "lines"} could not be read (--strict)`;
  return undefined;
}

/** The publishers of a run; one that fails is given up and remembered. */
class Sinks {
  readonly errors: string[] = [];
  readonly outputs: string[] = [];
  readonly offlineFiles: string[] = [];
  readonly notes: string[] = [];
  readonly figures: Record<string, unknown> = {};
  #working: readonly UpdatePublisher[];

  constructor(publishers: readonly UpdatePublisher[]) {
    this.#working = publishers;
  }

  async each<Update>(
    call: (publisher: UpdatePublisher, update: Update) => Promise<void>,
    update: Update,
  ): Promise<void> {
    const failed = new Set<UpdatePublisher>();
    for (const publisher of this.#working) {
      try {
        await call(publisher, update);
      } catch (error) {
        failed.add(publisher);
        this.errors.push(`${publisher.name}: ${outputErrorText(error)}`);
        await this.#giveUp(publisher).catch(() => {});
      }
    }
    if (failed.size > 0) this.#working = this.#working.filter((publisher) => !failed.has(publisher));
  }

  async close(): Promise<void> {
    await this.each(async (publisher) => this.#note(publisher, await publisher.close()), undefined);
  }

  /** Gives the run up; what a publisher keeps of it is remembered. */
  async discard(): Promise<void> {
    await this.each((publisher) => this.#giveUp(publisher), undefined);
  }

  async #giveUp(publisher: UpdatePublisher): Promise<void> {
    if (publisher.keep === undefined) await publisher.discard();
    else this.#note(publisher, await publisher.keep());
  }

  #note({ name }: UpdatePublisher, outcome: PublisherOutcome): void {
    const { outputs, offlineFiles = [], notes = [], undelivered, json } = outcome;
    this.outputs.push(...outputs);
    this.offlineFiles.push(...offlineFiles);
    this.notes.push(...notes.map((note) => `${name}: ${note}`));
    if (undelivered !== undefined) this.errors.push(`${name}: ${undelivered}`);
    Object.assign(this.figures, json);
  }
}

/** Counts what is read; ends at once when the job is to stop, also while a pipe is silent. */
async function* counted(source: Source, { progress, signal }: LogControl): AsyncGenerator<Uint8Array> {
  const chunks = source.chunks()[Symbol.asyncIterator]();
  let stop = false;
  try {
    while (!stop) {
      const next = await unlessAborted(chunks.next(), signal);
      stop = next === undefined;
      if (next === undefined || next.done) return;
      progress?.(next.value.length);
      yield next.value;
    }
  } finally {
    // The file is closed after the read that is under way; one that does not come back would hold up the end.
    const closed = chunks.return?.();
    if (stop) closed?.catch(() => {});
    else await closed;
  }
}

/**
 * What the promise gives, or undefined as soon as the signal is aborted. Unlike a race with one promise for the whole
 * log, it leaves nothing behind: that one would keep every chunk until the end.
 */
function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value | undefined> {
  if (signal === undefined) return promise;
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.resolve(undefined);
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    const settle = (): void => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(settle);
  });
}
