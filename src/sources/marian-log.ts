/** Whether what was read is a log of Marian's. No Node API. */
import type { TrainingRun } from "../run/training-run.js";
import { InputError } from "./packing.js";

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

/**
 * The run, unless nothing says that it was read from a log: no measurement, no start, no line that begins like one,
 * and no time.
 *
 * @param timed Whether a time was found.
 * @throws InputError, `empty` or `no-marian-log`.
 */
export function withMarian(run: TrainingRun, timed: boolean): TrainingRun {
  const { bytes, training, validation, patterns, unmatched, starts } = run.tally.counts;
  if (bytes === 0) throw new InputError("the log is empty", { code: "empty" });
  if (!timed && training + validation + patterns + unmatched + starts === 0)
    throw new InputError("it holds no measurement of Marian's and no start: is this a training log?", {
      code: "no-marian-log",
    });
  return run;
}
