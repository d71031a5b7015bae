/** The parser in a worker, as the page sees it. */
import { Batch } from "../core/batch.js";
import type { Core, CoreModule } from "../core/core.js";
import { type Counts, NO_COUNTS, readViews, VALIDATION_COLUMNS } from "../core/layout.js";
import type { BatchParser } from "../core/log-parser.js";
import { type ClosedPoints, PointReader } from "../core/points.js";
import { TimestampFormat } from "../core/timestamp.js";

/** A parser whose chunks are the packed batches of the worker's parser. */
export class PackedParser implements BatchParser {
  readonly time: TimestampFormat;
  readonly #metrics: string[] = [];
  readonly #module: () => CoreModule;
  #last: Batch | undefined;
  #counts = NO_COUNTS;
  /** Gathers points; of the log it knows what it is told. */
  #core: Core | undefined;
  #points: PointReader | undefined;
  #told = 0;

  /**
   * @param module The core on this thread, which only those need who ask for points.
   * @throws RangeError when the time zone is unknown.
   */
  constructor(module: () => CoreModule, timeZone?: string) {
    this.#module = module;
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

  points(
    { order, training, validation }: Batch,
    starts: readonly (readonly string[] | undefined)[],
    last: boolean,
  ): ClosedPoints {
    const module = this.#module();
    this.#core ??= module.create();
    this.#points ??= new PointReader(module, this.#core);
    for (const name of this.#metrics.slice(this.#told)) this.#core.addMetric(name);
    this.#told = this.#metrics.length;
    const { line, present, length } = validation;
    // The columns stand one after the other.
    const columns = new Float64Array(line.buffer, line.byteOffset, length * VALIDATION_COLUMNS.length);
    this.#core.takeRows(order, training.up, columns, Float64Array.from(present));
    return this.#points.read(starts, last, { time: this.time, names: this.#metrics });
  }

  /** Gives the core's memory back. */
  free(): void {
    this.#core?.free();
    this.#core = undefined;
    this.#points = undefined;
  }
}

function noCsv(): never {
  throw new Error("CSV is made on the thread that parses: use LogParser, or `worker: false`");
}
