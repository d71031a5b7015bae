/** Whole lines of a log that may end anywhere: half a line may hold half a number, which looks like a whole one. */
import type { Source } from "./source.js";

const LINE_END = 0x0a;
/** No measurement is on a longer line; of one, the bytes go on as they come. */
export const LONGEST_LINE = 1 << 20;

/** Keeps the beginning of a line until its end has come. */
export class WholeLines {
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** The lines that this chunk ends, if any. A chunk may be used again afterwards. */
  take(chunk: Uint8Array): Uint8Array | undefined {
    const lineEnd = chunk.lastIndexOf(LINE_END) + 1;
    const end = lineEnd === 0 && this.#bytes + chunk.length > LONGEST_LINE ? chunk.length : lineEnd;
    const whole = this.#parts.length === 0 ? chunk.subarray(0, end) : this.#joined(chunk, end);
    if (end < chunk.length) {
      // A Buffer's own slice would be no copy.
      this.#parts.push(new Uint8Array(chunk.subarray(end)));
      this.#bytes += chunk.length - end;
    }
    return whole?.length === 0 ? undefined : whole;
  }

  /** What has no line end. */
  rest(): Uint8Array {
    const rest = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return rest;
  }

  #joined(chunk: Uint8Array, end: number): Uint8Array | undefined {
    return end === 0 ? undefined : Buffer.concat([this.rest(), chunk.subarray(0, end)]);
  }
}

/**
 * The lines of a file, unpacked. Of one that a training is writing, half a line at its end is left out: the next reading
 * has it whole.
 */
export async function* linesOf(
  source: Pick<Source, "size" | "changed">,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (source.changed === undefined) return yield* chunks;
  // Before its end, the chunks go on as they are: holding half a line costs a copy.
  const end = (source.size ?? 0) - LONGEST_LINE;
  const hold = new WholeLines();
  let bytes = 0;
  let fault: { readonly error: unknown } | undefined;
  const read = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      // What the reader of the lines throws is not the file's.
      const next = await read.next().catch((error: unknown) => {
        fault = { error };
      });
      if (next === undefined || next.done) break;
      bytes += next.value.length;
      const whole = bytes < end ? next.value : hold.take(next.value);
      if (whole !== undefined) yield whole;
    }
  } finally {
    if (fault === undefined) await read.return?.();
  }
  const rest = hold.rest();
  if (rest.length > 0 && !source.changed) yield rest;
  if (fault !== undefined) throw fault.error;
}

/**
 * The whole lines of a log. A reader that stops early does not get the half line at that place.
 *
 * @param ended Says, at the end, whether that is the end of the log, so that a last line without a line end counts.
 */
export async function* wholeLines(
  chunks: AsyncIterable<Uint8Array>,
  ended: () => boolean | Promise<boolean>,
): AsyncGenerator<Uint8Array> {
  const hold = new WholeLines();
  for await (const chunk of chunks) {
    const whole = hold.take(chunk);
    if (whole !== undefined) yield whole;
  }
  const rest = hold.rest();
  if (rest.length > 0 && (await ended())) yield rest;
}
