/** How far a log is read. */
import type { Counts } from "../core/layout.js";

/** What a page can show while it waits. */
export interface Progress {
  /** Bytes read, as stored: packed ones of a packed log. */
  readonly bytes: number;
  /** All bytes of the log, as stored; absent where nobody knows: a stream, an answer without its length. */
  readonly total?: number;
  /** What was found up to now. */
  readonly counts: Counts;
}

/** Milliseconds between two calls. */
const INTERVAL = 100;

/** Calls the page, but not too often. */
export class ProgressCalls {
  readonly #call: ((progress: Progress) => void) | undefined;
  readonly #total: { readonly total?: number };
  #last = Number.NEGATIVE_INFINITY;

  constructor(call: ((progress: Progress) => void) | undefined, total: number | undefined) {
    this.#call = call;
    this.#total = total === undefined ? {} : { total };
  }

  /** Something was read; `final` tells of the end, which is never left out. */
  read(bytes: number, parser: { readonly counts: Counts }, final = false): void {
    if (this.#call === undefined) return;
    const now = performance.now();
    if (!final && now - this.#last < INTERVAL) return;
    this.#last = now;
    this.#call({ bytes, ...this.#total, counts: parser.counts });
  }
}
