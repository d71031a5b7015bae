/** The parser in a worker, as the page sees it. */
import { Batch } from "../core/batch.js";
import { type Counts, NO_COUNTS, readViews } from "../core/layout.js";
import type { BatchParser } from "../core/log-parser.js";
import { TimestampFormat } from "../core/timestamp.js";

/** A parser whose chunks are the packed batches of the worker's parser. */
export class PackedParser implements BatchParser {
  readonly time: TimestampFormat;
  readonly #metrics: string[] = [];
  #last: Batch | undefined;
  #counts = NO_COUNTS;

  /** @throws RangeError when the time zone is unknown. */
  constructor(timeZone?: string) {
    this.time = new TimestampFormat(timeZone);
  }

  /** Adds names of metrics, in the order of their indices. */
  addMetrics(names: readonly string[]): void {
    this.#metrics.push(...names);
  }

  /** Sets the batch that `finish` returns. */
  setLast(packed: Uint8Array): void {
    this.#last = this.feed(packed);
  }

  get counts(): Counts {
    return this.#counts;
  }

  feed(packed: Uint8Array): Batch {
    const batch = new Batch(readViews(packed), this.#metrics, this.time, noCsv);
    this.#counts = batch.counts;
    return batch;
  }

  finish(): Batch {
    if (this.#last === undefined) throw new Error("the log has not ended yet");
    return this.#last;
  }
}

function noCsv(): never {
  throw new Error("CSV is made on the thread that parses: use LogParser, or `worker: false`");
}
