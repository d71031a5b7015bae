/** A log that is parsed on the calling thread. */
import type { LogParser } from "../core/log-parser.js";
import { type ByteStream, sliced } from "../io/byte-stream.js";
import { refuseTar } from "../io/packed/tar-header.js";
import { LogTimes } from "../run/marian-log.js";
import { type OpenLog, PAGE_CHUNK, type ProgressCalls } from "./open-log.js";

/** Milliseconds of work after which a page gets to run its other tasks. */
const PAUSE_AFTER = 16;

/** The bytes of a log, and how they become text. */
export interface LogBytes {
  /** As stored. */
  readonly chunks: ByteStream;
  unpack(stored: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Whether the thread is a page's, which must stay responsive. */
  readonly inPage: boolean;
}

export class LocalLog implements OpenLog {
  readonly parser: LogParser;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly #bytes: LogBytes;
  readonly #calls: ProgressCalls;
  readonly #signal: AbortSignal | undefined;
  readonly #times = new LogTimes();
  #read = 0;
  #ended = false;
  #error: Error | undefined;

  constructor(bytes: LogBytes, parser: LogParser, calls: ProgressCalls, signal: AbortSignal | undefined) {
    this.#bytes = bytes;
    this.parser = parser;
    this.#calls = calls;
    this.#signal = signal;
    this.chunks = this.#text();
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get timed(): boolean {
    return this.#times.found;
  }

  close(): void {
    this.#bytes.chunks.return().catch(() => {});
    if (this.#ended) this.#calls.read(this.#read, this.parser, true);
    this.parser.free();
  }

  async *#text(): AsyncGenerator<Uint8Array> {
    const { inPage } = this.#bytes;
    let paused = performance.now();
    try {
      const text = this.#times.watch(refuseTar(this.#bytes.unpack(this.#counted())));
      for await (const chunk of inPage ? sliced(text, PAGE_CHUNK) : text) {
        yield chunk;
        this.#calls.read(this.#read, this.parser);
        if (!inPage || performance.now() - paused < PAUSE_AFTER) continue;
        await nextTask();
        paused = performance.now();
      }
    } catch (error) {
      this.#signal?.throwIfAborted();
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
    this.#ended = true;
  }

  async *#counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#bytes.chunks) {
      this.#read += chunk.length;
      yield chunk;
    }
  }
}

/** Waits for the next task of this thread. A timer would take 4 ms. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
