/** Recognises tars by the checksum of their first header, never by name. No Node API. */
import { concatBytes } from "../byte-stream.js";
import { InputError } from "../input-error.js";

/** A header, and the unit that everything in a tar is filled up to. */
export const BLOCK = 512;
const CHECKSUM = { start: 148, end: 156 };
const BLANK = 0x20;
const LINE_END = 0x0a;

/** Whether a block is the header of a tar's member, of any of its formats. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const told = readOctal(block.subarray(CHECKSUM.start, CHECKSUM.end));
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1)
    sum += at >= CHECKSUM.start && at < CHECKSUM.end ? BLANK : (block[at] ?? 0);
  return told === sum;
}

/** An octal number, with blanks and zeros around it; undefined if it is not one. */
export function readOctal(field: Uint8Array): number | undefined {
  const digits = /^[\0 ]*([0-7]+)[\0 ]*$/.exec(String.fromCharCode(...field))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

/**
 * Passes on the text of one log. A tar would come out as one training of all its members.
 *
 * @throws InputError, `tar`, if it is one.
 */
export async function* refuseTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    const all: Uint8Array = head.length === 0 ? chunk : concatBytes(head, chunk);
    if (isTarHeader(all))
      throw new InputError(
        "this is a tar of several files: name it to marian-tracking parse, report or check, which read each log in it by itself, or unpack it",
        { code: "tar" },
      );
    // A log that is being written comes line by line, and a line must not wait.
    if (all.length >= BLOCK || all.includes(LINE_END)) {
      head = undefined;
      yield all;
    } else head = all.slice();
  }
  if (head !== undefined && head.length > 0) yield head;
}
