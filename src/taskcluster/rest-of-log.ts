/** Goes on in Marian's own log with what was begun in the log of its task. */

import { readLineStarts } from "../core/line-start.js";
import { InputError } from "../io/input-error.js";
import { nodeCore } from "../node-core.js";

const LINE_END = 0x0a;
/** Bytes that are kept of what was read. */
const KEPT = 1 << 16;
/** Lines of Marian's in a row that tell a place in its log. */
const LINES = 20;
/** How Marian begins its lines. */
const OF_MARIAN = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] /;

/** The last lines that were read of the log of a task. */
export class ReadLines {
  #end: Buffer = Buffer.alloc(0);

  take(chunk: Uint8Array): void {
    const kept = this.#end.subarray(Math.max(0, this.#end.length + chunk.length - KEPT));
    this.#end = Buffer.concat([kept, chunk.subarray(-KEPT)]);
  }

  /** Marian's lines, without what the worker puts before them, and the one that was begun; empty if none was. */
  ofMarian(): { readonly whole: readonly string[]; readonly begun: string } {
    const core = nodeCore();
    const lines: string[] = [];
    let at = 0;
    for (const { prefix } of readLineStarts(core, this.#end)) {
      const end = this.#end.indexOf(LINE_END, at) + 1 || this.#end.length;
      lines.push(this.#end.toString("latin1", at + prefix, end));
      at = end;
    }
    const begun = this.#end.at(-1) === LINE_END ? "" : (lines.pop() ?? "");
    return { whole: lines.filter((line) => OF_MARIAN.test(line)).slice(-LINES), begun };
  }
}

/**
 * What Marian's log holds after what was read of its task's; all of it where nothing of Marian's was.
 *
 * @param open Gives Marian's log from its first byte, twice.
 * @throws InputError if it does not hold what was read.
 */
export async function* restOf(
  open: () => AsyncIterable<Uint8Array>,
  read: ReadLines,
): AsyncGenerator<Uint8Array> {
  const { whole, begun } = read.ofMarian();
  const from = whole.length === 0 ? 0 : await endOf(open(), whole);
  if (from === undefined) throw new InputError("Marian's own log does not hold what was read while it ran");
  let at = 0;
  let held = Buffer.alloc(0);
  let isJoined = begun === "";
  for await (const chunk of open()) {
    const part = chunk.subarray(Math.max(0, from - at));
    at += chunk.length;
    if (isJoined) {
      if (part.length > 0) yield part;
      continue;
    }
    held = Buffer.concat([held, part]);
    if (held.length < begun.length) continue;
    isJoined = true;
    yield joined(held, begun);
  }
  if (!isJoined && held.length > 0) yield joined(held, begun);
}

/** The rest of the line that was begun, or, of one that is not Marian's, its end. */
function joined(text: Buffer, begun: string): Uint8Array {
  if (text.toString("latin1", 0, begun.length) === begun) return text.subarray(begun.length);
  return Buffer.concat([Uint8Array.of(LINE_END), text]);
}

/** Where these lines end, one right after the other, for the first time. */
async function endOf(
  chunks: AsyncIterable<Uint8Array>,
  lines: readonly string[],
): Promise<number | undefined> {
  const wanted = Buffer.from(lines.join(""), "latin1");
  let before = Buffer.alloc(0);
  let at = 0;
  for await (const chunk of chunks) {
    const text = Buffer.concat([before, chunk]);
    const found = text.indexOf(wanted);
    if (found !== -1) return at - before.length + found + wanted.length;
    at += chunk.length;
    before = Buffer.from(text.subarray(Math.max(0, text.length - wanted.length + 1)));
  }
  return undefined;
}
