/** A log on its way through a parser, in a worker or on this thread. */
import type { Counts } from "../core/layout.js";
import type { BatchParser, ParserOptions } from "../core/log-parser.js";
import type { LogReading } from "../run/marian-log.js";

/** How a log is read. */
export interface ReadOptions extends ParserOptions {
  /** Called about ten times a second, and at the end. */
  readonly progress?: (progress: Progress) => void;
  /** Stops the reading at once, the worker too; the function that reads then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** In a page, `false` parses on the page's own thread; the default is a worker, if the page may have one. */
  readonly worker?: boolean;
}

/** How far a log has been read. */
export interface Progress {
  /** Bytes read, as stored: those of a packed log are packed. */
  readonly bytes: number;
  /** All bytes of the log, as stored; absent if they are not known, as of a stream. */
  readonly total?: number;
  /** What has been found up to now. */
  readonly counts: Counts;
}

/** A log that is being read. `error` and `timed` are known when `chunks` has ended. */
export interface OpenLog extends LogReading {
  /** Takes the chunks. If a worker parses, they are what its parser returned. */
  readonly parser: BatchParser;
  /** Ends at the end of the log, and at an error. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Releases everything and stops a reading that has not ended. Ask the parser for its last batch before. */
  close(): void;
}

/** Bytes that are parsed at once in a page, so that it stays responsive. */
export const PAGE_CHUNK = 1 << 18;

/** Milliseconds between two calls of `progress`. */
const INTERVAL = 100;

/** Calls `progress`, but not too often. */
export class ProgressCalls {
  readonly #call: ((progress: Progress) => void) | undefined;
  readonly #total: { readonly total?: number };
  #last = Number.NEGATIVE_INFINITY;

  constructor(call: ((progress: Progress) => void) | undefined, total: number | undefined) {
    this.#call = call;
    this.#total = total === undefined ? {} : { total };
  }

  /** Something was read; the call at the end (`final`) is never left out. */
  read(bytes: number, parser: { readonly counts: Counts }, final = false): void {
    if (this.#call === undefined) return;
    const now = performance.now();
    if (!final && now - this.#last < INTERVAL) return;
    this.#last = now;
    this.#call({ bytes, ...this.#total, counts: parser.counts });
  }
}
