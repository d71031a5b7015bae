/// <reference lib="esnext.disposable" preserve="true" />
/** The parser as a class: chunks of bytes in, batches out. */
import { Batch, columnBits, type WriteCsv } from "./batch.js";
import type { Core, CoreModule } from "./core.js";
import { type Counts, packTable, readCounts, readViews, type Views, viewCsv } from "./layout.js";
import { type ClosedPoints, PointReader } from "./points.js";
import { TimestampFormat } from "./timestamp.js";

/** A line kind of the user's: a regular expression with named groups, `(?P<name>…)`. */
export interface PatternDefinition {
  readonly name: string;
  readonly regex: string;
}

/** How a log is read. */
export interface ParserOptions {
  /** Line kinds of the user's own. With any, every line is looked at, which is slower. */
  readonly patterns?: readonly PatternDefinition[];
  /** The zone of Marian's clock (`Europe/Paris`); without it local times carry no zone. */
  readonly timeZone?: string;
  /** Looks for what the log says between its records, too, as checks and reports need it; every line is looked at then. */
  readonly marks?: boolean;
  /**
   * The log is still written. A record that a line feed may have cut then waits for the next line only, or for
   * `settle`, instead of for the records after it.
   */
  readonly live?: boolean;
}

/** A parser to those who take what it finds; its chunks need not be those of the log itself. */
export interface BatchParser extends Pick<LogParser, "feed" | "finish" | "counts" | "time"> {
  /**
   * Returns the validation points that the batch closes, which must be the one that was returned last; call it for every
   * batch.
   *
   * @param starts For each start of Marian in the batch, the metrics that it is configured to validate, if it says so.
   * @param last Whether the log has ended: every open point closes.
   */
  points(batch: Batch, starts: readonly (readonly string[] | undefined)[], last: boolean): ClosedPoints;
}

/** A part this long is copied into the core at once. */
const SLICE = 1 << 20;

/**
 * Reads one log.
 *
 * Feed it chunks of bytes of any size, then call `finish`; each call returns what it completed. Free it (or let
 * `using` do so) when done, because the core's memory is not garbage collected.
 */
export class LogParser implements Disposable {
  readonly time: TimestampFormat;
  /** @internal */
  protected readonly module: CoreModule;
  readonly #metrics: string[] = [];
  #core: Core | undefined;
  readonly #points: PointReader;
  #calls = 0;

  /**
   * @throws Error if a pattern is not a regular expression or names no group.
   * @throws RangeError when the time zone is unknown.
   * @internal Use the `LogParser` of the package's entry, which brings the core.
   */
  constructor(module: CoreModule, options: ParserOptions = {}) {
    this.time = new TimestampFormat(options.timeZone);
    this.module = module;
    const core = module.create();
    try {
      for (const { name, regex } of options.patterns ?? []) core.addPattern(name, regex);
      if (options.marks) core.findMarks();
      if (options.live) core.setLive();
    } catch (error) {
      core.free();
      throw error;
    }
    this.#core = core;
    this.#points = new PointReader(module, core);
  }

  /** Takes the next bytes of the log and returns what they complete. */
  feed(chunk: Uint8Array): Batch {
    const core = this.open();
    let table = 0;
    let at = 0;
    do {
      const part = chunk.subarray(at, at + SLICE);
      const address = core.reserve(part.length);
      new Uint8Array(this.module.memory.buffer, address, part.length).set(part);
      table = core.commit(part.length, at > 0);
      at += part.length;
    } while (at < chunk.length);
    return this.batch(core, table);
  }

  /** Whether a record, or what came after it, waits for the lines that tell whether it is whole. */
  get holds(): boolean {
    return this.open().holds();
  }

  /** Returns what waits, judged by the records up to now. A line that has no end yet is not touched. */
  settle(): Batch {
    const core = this.open();
    return this.batch(core, core.settle());
  }

  /** Ends the log: returns what its last line and an open configuration hold. */
  finish(): Batch {
    const core = this.open();
    return this.batch(core, core.finish());
  }

  /** @internal See {@link BatchParser}. */
  points(_batch: Batch, starts: readonly (readonly string[] | undefined)[], last: boolean): ClosedPoints {
    this.open();
    return this.#points.read(starts, last, { time: this.time, names: this.#metrics });
  }

  /** What has been counted up to now. */
  get counts(): Counts {
    const core = this.open();
    return readCounts(this.module, core.commit(0, true));
  }

  /** Gives the core's memory back. The parser can't be used any more; its batches can. */
  free(): void {
    this.#core?.free();
    this.#core = undefined;
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /** @internal */
  protected open(): Core {
    if (this.#core === undefined)
      throw new Error("This LogParser has been freed; make a new one for each log.");
    return this.#core;
  }

  /**
   * What the core found, copied out of its memory, which another parser of the thread may make grow at any time.
   *
   * @internal
   */
  protected views(table: number): Views {
    return readViews(packTable(this.module, table));
  }

  /** @internal */
  protected batch(core: Core, table: number): Batch {
    const views = this.views(table);
    for (;;) {
      const name = core.metricName(this.#metrics.length);
      if (name === undefined) break;
      this.#metrics.push(name);
    }
    this.#calls += 1;
    const call = this.#calls;
    const csv: WriteCsv = (columns, times, prefix) => {
      if (call !== this.#calls)
        throw new Error("The parser has been called again: take the CSV of a batch first.");
      return viewCsv(this.module, this.open().csv(columnBits(columns), times, prefix));
    };
    return new Batch(views, this.#metrics, this.time, csv);
  }
}
