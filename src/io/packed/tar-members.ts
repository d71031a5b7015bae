/** The members of a tar in a page. No Node API. */

import { concatBytes } from "../byte-stream.js";
import { InputError } from "../input-error.js";
import { BLOCK, isTarHeader, readOctal } from "./tar-header.js";

/** A file of a tar. */
export interface TarMember {
  /** Its path in the tar, without `.` and empty parts. */
  readonly name: string;
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
}

/** Names and attributes of members are shorter. */
const LONGEST_NAME = 1 << 20;
/** A page holds what it unpacks in memory. */
const MAX_BYTES = 2 ** 31;

/**
 * The files of a tar that are wanted, by their paths. Links, devices and paths that lead out of the tar are skipped.
 *
 * @throws InputError if the tar ends early, is damaged or holds too much, after the members before were yielded.
 */
export async function* tarMembers(
  chunks: AsyncIterable<Uint8Array>,
  isWanted: (name: string) => boolean,
): AsyncGenerator<TarMember> {
  const bytes = new Reader(chunks);
  let long: string | undefined;
  let last = "";
  let taken = 0;
  for (;;) {
    const header = await bytes.take(BLOCK);
    if (header.length === 0 || header.every((byte) => byte === 0)) return;
    if (header.length < BLOCK) throw endsEarly(last);
    const size = sizeOf(header);
    if (!isTarHeader(header) || size === undefined)
      throw new InputError(`the tar is damaged: what came before was read, to ${last}`);
    const type = String.fromCharCode(header[156] ?? 0);
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    if (["L", "x", "g"].includes(type)) {
      if (size > LONGEST_NAME)
        throw new InputError(`the tar is damaged: what came before was read, to ${last}`);
      const text = new TextDecoder().decode((await bytes.take(padded)).subarray(0, size));
      if (type === "L") long = text.replace(/\0.*$/s, "");
      else if (type === "x") long = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(text)?.[1] ?? long;
      continue;
    }
    const name = pathOf(long ?? shortName(header));
    long = undefined;
    if (!["\0", "0", "7"].includes(type) || name === undefined || !isWanted(name)) {
      await bytes.skip(padded);
      continue;
    }
    last = name;
    taken += size;
    if (taken > MAX_BYTES) throw new InputError(`the tar holds more than a page can unpack: unpack it first`);
    const parts = await bytes.parts(size);
    yield { name, parts };
    if (parts.reduce((sum, { length }) => sum + length, 0) < size) throw endsEarly(name);
    await bytes.skip(padded - size);
  }
}

function endsEarly(last: string): InputError {
  return new InputError(`the tar ends early: what came before was read, to ${last}`);
}

function sizeOf(header: Uint8Array): number | undefined {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) === 0) return readOctal(field);
  // Sizes above 8 GB are binary.
  return field.subarray(4).reduce((size, byte) => size * 256 + byte, 0);
}

function shortName(header: Uint8Array): string {
  const text = (start: number, end: number) =>
    new TextDecoder().decode(header.subarray(start, end)).replace(/\0.*$/s, "");
  const isPosix = text(257, 263) === "ustar";
  const prefix = isPosix ? text(345, 500) : "";
  return prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
}

/** The path without what says nothing; undefined if it leads out of the tar. */
function pathOf(name: string): string | undefined {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 || parts.includes("..") ? undefined : parts.join("/");
}

/** Takes bytes from chunks by number. */
class Reader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(size: number): Promise<Uint8Array> {
    return concatBytes(...(await this.parts(size)));
  }

  async skip(size: number): Promise<void> {
    for (let left = size; left > 0; ) {
      const part = await this.#next(left);
      if (part === undefined) return;
      left -= part.length;
    }
  }

  /** Copies; fewer bytes where the chunks end. */
  async parts(size: number): Promise<Uint8Array<ArrayBuffer>[]> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let left = size; left > 0; ) {
      const part = await this.#next(left);
      if (part === undefined) break;
      parts.push(part.slice() as Uint8Array<ArrayBuffer>);
      left -= part.length;
    }
    return parts;
  }

  async #next(most: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}
