/** A log with lines of another log in it. */
import type { InputError } from "../../io/input-error.js";
import { decompress } from "../../io/packed/decompress.js";
import type { Source } from "../../io/source.js";

/** A line that is inserted before a line of the log. */
export interface Insertion {
  /** From 1; infinite for the log's end. */
  readonly line: number;
  /** With its line feed. */
  readonly text: Uint8Array;
}

const LINE_FEED = 10;
/** An unterminated last line that is longer has no record. */
const LONGEST_TAIL = 1 << 20;

/**
 * An unpacked log with lines of another log in it. Its own error, or else the other's, is thrown after everything that
 * could be read.
 */
export class JoinedLog implements Source {
  readonly name: string;
  readonly size: number;
  readonly #log: Source;
  readonly #insertions: readonly Insertion[];
  readonly #fault: InputError | undefined;

  /**
   * @param insertions Sorted by line.
   * @param length Bytes of the log, unpacked.
   * @param fault What is wrong with the other log.
   */
  constructor(log: Source, insertions: readonly Insertion[], length: number, fault: InputError | undefined) {
    this.name = log.name;
    this.size = insertions.reduce((sum, { text }) => sum + text.length, length);
    this.#log = log;
    this.#insertions = insertions;
    this.#fault = fault;
  }

  get changed(): boolean {
    return this.#log.changed === true;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const insertions = this.#insertions;
    let next = 0;
    let line = 1;
    // What follows the last line feed. Lines for the end come before it: a line feed after a number that was cut
    // would make it whole.
    let tail: Uint8Array[] = [];
    let tailLength = 0;
    let fault: unknown = this.#fault;
    const chunks = decompress(this.#log.chunks(), this.#log.again);
    try {
      for (;;) {
        const read = await chunks.next().catch((error: unknown) => {
          fault = error;
          return undefined;
        });
        if (read === undefined || read.done) break;
        const chunk = read.value;
        const parts: Uint8Array[] = [];
        let start = 0;
        let scanned = 0;
        for (
          let one = insertions[next];
          one !== undefined && one.line < Number.POSITIVE_INFINITY;
          one = insertions[next]
        ) {
          while (line < one.line) {
            const end = chunk.indexOf(LINE_FEED, scanned);
            if (end < 0) break;
            scanned = end + 1;
            line += 1;
          }
          if (line < one.line) break;
          if (scanned > start) parts.push(chunk.subarray(start, scanned));
          start = scanned;
          parts.push(one.text);
          next += 1;
        }
        const whole = chunk.lastIndexOf(LINE_FEED) + 1;
        if (whole > start) {
          parts.push(chunk.subarray(start, whole));
          start = whole;
        }
        if (parts.length > 0) {
          yield parts.length + tail.length === 1
            ? (parts[0] as Uint8Array)
            : Buffer.concat([...tail, ...parts]);
          [tail, tailLength] = [[], 0];
        }
        tailLength += chunk.length - start;
        if (start < chunk.length) tail.push(new Uint8Array(chunk.subarray(start)));
        if (tailLength > LONGEST_TAIL) {
          yield* tail;
          tail = [];
        }
      }
    } finally {
      await chunks.return(undefined);
    }
    const rest = insertions.slice(next).map(({ text }) => text);
    const isLong = tailLength > LONGEST_TAIL && rest.length > 0;
    const end = Buffer.concat([...(isLong ? [Uint8Array.of(LINE_FEED)] : []), ...rest, ...tail]);
    if (end.length > 0) yield end;
    if (fault !== undefined) throw fault;
  }
}
