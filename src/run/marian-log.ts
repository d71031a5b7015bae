/** Whether an input is a log of Marian's. No Node API. */
import type { Counts } from "../core/layout.js";
import { InputError } from "../io/input-error.js";
import type { TrainingRun } from "./training-run.js";

/** Bytes at the start of a log in which a time is looked for. */
const HEAD = 64 * 1024;
const TIME = /\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d/;

/** Looks for a time at the start of what is read: a log that ended before its first measurement has that much. */
export class LogTimes {
  #head = "";
  #length = 0;

  /** The bytes as they are. */
  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (this.#length < HEAD) {
        const part = chunk.subarray(0, HEAD - this.#length);
        this.#head += new TextDecoder("latin1").decode(part);
        this.#length += part.length;
      }
      yield chunk;
    }
  }

  get found(): boolean {
    return TIME.test(this.#head);
  }
}

/** A log that was not read to its end as a training; {@link run} is what came before. */
export class PartialRunError extends InputError {
  override readonly name: string = "PartialRunError";
  readonly run: TrainingRun;

  /** @param cause Why it was not; its code is this one's. */
  constructor(cause: Error, run: TrainingRun) {
    super(cause.message, { cause, ...(cause instanceof InputError ? { code: cause.code } : {}) });
    this.run = run;
  }
}

/** How a log was read. */
export interface LogReading {
  /** Why it was not read to its end; undefined if it was. */
  readonly error: Error | undefined;
  /** Whether its first bytes hold a time. */
  readonly timed: boolean;
}

/**
 * Returns the run if all of it was read, and if something shows that the input is a log: a measurement, a start, a line
 * that begins like one, or a time.
 *
 * @throws InputError, `empty` or `no-marian-log`; the reading's error if nothing was read before it, else PartialRunError.
 */
export function wholeRun(run: TrainingRun, { error, timed }: LogReading): TrainingRun {
  const { counts } = run.tally;
  if (error !== undefined) throw counts.bytes === 0 ? error : new PartialRunError(error, run);
  const noLog = noLogError(counts, timed);
  if (noLog !== undefined) throw noLog;
  return run;
}

/** Why this is not a log of Marian's; undefined if it may be one. */
export function noLogError(counts: Counts, timed: boolean): InputError | undefined {
  const { bytes, training, validation, patterns, unmatched, starts } = counts;
  if (bytes === 0) return new InputError("the log is empty", { code: "empty" });
  if (timed || training + validation + patterns + unmatched + starts > 0) return undefined;
  return new InputError("it contains no Marian measurements and no start: is this a training log?", {
    code: "no-marian-log",
  });
}
