/** Reads a log into updates: a plain file of this machine directly in the core's memory, everything else in chunks. */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { LendingParser } from "../core/lending-parser.js";
import type { LocalBytes } from "../io/local-file.js";
import { decompress } from "../io/packed/decompress.js";
import { kindIsOpen, kindOf } from "../io/packed/packing.js";
import { isTarHeader, refuseTar } from "../io/packed/tar-header.js";
import { readable, type Source } from "../io/source.js";
import { LONGEST_LINE, linesOf } from "../io/whole-lines.js";
import type { RunReader, RunUpdate } from "../run/run-reader.js";

/** How a log is read, watched and stopped. */
export interface ReadControl {
  /** Called with the bytes read since the last call, as stored. */
  progress?(bytes: number): void;
  /** Stops the reading after the current chunk. */
  readonly signal?: AbortSignal;
  /** Waits until a record that may be cut has waited long enough; five seconds by default. */
  readonly pause?: (signal: AbortSignal) => Promise<void>;
}

/** Bytes of a file that are read at once; a line that is measured is never longer. */
const ROOM = LONGEST_LINE;
/** Room that a file gets at least: it may have grown since its size was asked for. */
const MIN_ROOM = 1 << 16;
/** Milliseconds of work after which signals and timers have their turn. */
const WORK = 20;
/** Milliseconds that a record which may be cut waits for the next line of a log that is still written. */
const HOLD = 5_000;
/** Stands for a chunk that has not come for that long. */
const PAUSE = Symbol("pause");
const LINE_END = 0x0a;

/**
 * The updates of a log, but for the last one, which `reader.finish()` gives. An update holds until the next one is asked
 * for.
 *
 * @param live Whether the log is still written.
 * @param see Gets the text as it is read; the bytes hold until it returns.
 * @throws InputError, after everything that could be read.
 */
export async function* readLog(
  source: Source,
  parser: LendingParser,
  reader: RunReader,
  control: ReadControl = {},
  { live = false, see = (_text: Uint8Array): void => {} } = {},
): AsyncGenerator<RunUpdate> {
  if (!live) {
    using file = source.openLocal?.();
    if (file !== undefined && (yield* fileUpdates(file, source, parser, reader, control, see))) return;
  }
  const chunks = linesOf(source, refuseTar(decompress(counted(source, control), source.again)));
  for await (const chunk of live ? withPauses(chunks, () => parser.holds, control.pause) : chunks) {
    if (chunk === PAUSE) yield await reader.settle(parser.settle());
    else {
      see(chunk);
      yield await reader.read(chunk);
    }
  }
}

/** The updates of a file; false, and no update, if it is not plain text. */
async function* fileUpdates(
  file: LocalBytes,
  source: Source,
  parser: LendingParser,
  reader: RunReader,
  { progress, signal }: ReadControl,
  see: (text: Uint8Array) => void,
): AsyncGenerator<RunUpdate, boolean> {
  const take = (length: number): Promise<RunUpdate> => {
    const batch = parser.take(length);
    see(parser.taken);
    return reader.take(batch, parser.copier());
  };
  let size = Math.min(ROOM, Math.max(MIN_ROOM, file.size + 1));
  let isFirst = true;
  /** What was taken of the room, and the half line after it. */
  let [taken, half] = [0, 0];
  let error: Error | undefined;
  let rested = performance.now();
  for (;;) {
    if (signal?.aborted) return true;
    const room = parser.room(size);
    room.copyWithin(0, taken, taken + half);
    let length = 0;
    try {
      length = file.read(room.subarray(half));
    } catch (thrown) {
      error = readable(thrown);
    }
    if (isFirst && error === undefined && !isPlainText(room.subarray(0, length))) return false;
    isFirst = false;
    if (length === 0) break;
    progress?.(length);
    const filled = half + length;
    const whole = room.subarray(0, filled).lastIndexOf(LINE_END) + 1;
    taken = whole === 0 && filled === ROOM ? filled : whole;
    half = filled - taken;
    if (filled === size) size = ROOM;
    if (taken > 0) yield await take(taken);
    if (performance.now() - rested < WORK) continue;
    await nextTurn();
    rested = performance.now();
  }
  // Of a file that a training is writing, half a line at its end is left out: the next reading has it whole.
  if (half > 0 && source.changed !== true) yield await take(half);
  if (error !== undefined) throw error;
  return true;
}

/** Whether a log starts as one that is neither packed nor a tar. An empty one may still become anything. */
function isPlainText(head: Uint8Array): boolean {
  return !kindIsOpen(head) && kindOf(head) === undefined && !isTarHeader(head);
}

/** Yields the chunks, and a pause whenever a record is held and no chunk comes. */
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

/** Counts the bytes read; ends at once when the signal is aborted, even if a pipe is silent. */
async function* counted(source: Source, { progress, signal }: ReadControl): AsyncGenerator<Uint8Array> {
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
    // The file closes after the read in progress; a read that never returns would hold up the end.
    const closed = chunks.return?.();
    if (stop) closed?.catch(() => {});
    else await closed;
  }
}

/**
 * Resolves to the promise's value, or to undefined as soon as the signal is aborted. A race with one promise for the
 * whole log would keep every chunk until the end; this keeps none.
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
