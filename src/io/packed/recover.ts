/**
 * Of damaged data everything before the damage. Decompressors drop what they have unpacked of the bytes among which they
 * meet a damage, so these are unpacked once more, one by one. No Node API.
 */
import { concatBytes, sliced } from "../byte-stream.js";
import { damaged, InputError } from "../input-error.js";

/** Packed bytes that are handed over at once: a part that expands a thousandfold stays small. */
const PART = 16 * 1024;
/** A decompressor may look back at so much that it was given before. */
const MARGIN = 1024;
/** So much packed data is kept in memory, where nothing else gives it a second time: a page has no disk. */
const MAX_KEPT = 256 * 1024 * 1024;
/** So much of the text tells whether a second reading gives the same. */
const TAIL = 64;

/** Gives packed data a second time, from its first byte. */
export type Again = () => AsyncIterable<Uint8Array>;

/** Packed data that waits to be given a second time; undefined if no more of it can be kept. */
export interface Replay {
  /** Takes a part, which may change afterwards. False: it could not be kept. */
  keep(part: Uint8Array): Promise<boolean> | boolean;
  again(): AsyncIterable<Uint8Array>;
  close(): Promise<void> | void;
}

/**
 * The text of packed data.
 *
 * @param unpack Unpacks parts; what is lost before a damage is no more than the parts that were taken last gave.
 * @param again Where the data can be had a second time; else it is kept.
 * @throws InputError for damage, after everything before it was yielded; whatever else `unpack` throws.
 */
export async function* recoverDamaged(
  chunks: AsyncIterable<Uint8Array>,
  unpack: (parts: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  again?: Again,
  kept: Replay = new MemoryReplay(),
): AsyncGenerator<Uint8Array> {
  let taken = 0;
  let lastStart = 0;
  let isKept = again === undefined;
  const watched = async function* () {
    for await (const part of sliced(chunks, PART)) {
      if (isKept) isKept = await kept.keep(part);
      lastStart = taken;
      taken += part.length;
      yield part;
    }
  };
  let given = 0;
  let tail: Uint8Array = new Uint8Array();
  try {
    try {
      for await (const text of unpack(watched())) {
        given += text.length;
        tail = concatBytes(tail, text.subarray(-TAIL)).slice(-TAIL);
        yield text;
      }
    } catch (error) {
      if (!(error instanceof InputError) || error.damage?.lost === undefined) throw error;
      if (again === undefined && !isKept) throw error;
      const slowly = bytewise((again ?? (() => kept.again()))(), lastStart - MARGIN, taken);
      yield* after(unpack(slowly), given, tail, error);
    }
  } finally {
    await kept.close();
  }
}

/** What comes after the text that was given before, to the damage. */
async function* after(
  texts: AsyncIterable<Uint8Array>,
  given: number,
  tail: Uint8Array,
  fault: InputError,
): AsyncGenerator<Uint8Array> {
  let passed = 0;
  let seen: Uint8Array = new Uint8Array();
  let isSame = true;
  try {
    for await (const text of texts) {
      const known = Math.min(text.length, given - Math.min(given, passed));
      passed += text.length;
      seen = concatBytes(seen, text.subarray(0, known)).slice(-TAIL);
      if (passed < given || known === text.length) continue;
      isSame = seen.every((byte, index) => byte === tail[index]);
      // Somebody has put other data there.
      if (!isSame) break;
      yield text.subarray(known);
    }
  } catch (error) {
    // Nothing before the damage is missing now.
    if (error instanceof InputError && error.damage !== undefined && isSame && passed >= given)
      throw damaged({ ...error.damage, lost: undefined }, error.cause);
  }
  throw fault;
}

/** The data in parts, from `start` on byte by byte, to `end`. */
async function* bytewise(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let taken = 0;
  for await (const part of sliced(chunks, PART)) {
    const fast = Math.min(part.length, Math.max(0, start - taken));
    if (fast > 0) yield part.subarray(0, fast);
    for (let at = fast; at < part.length && taken + at < end; at += 1) yield part.subarray(at, at + 1);
    taken += part.length;
    if (taken >= end) return;
  }
}

/** Keeps up to a limit, in bytes. */
export class MemoryReplay implements Replay {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(limit = MAX_KEPT) {
    this.#limit = limit;
  }

  keep(part: Uint8Array): boolean {
    this.#bytes += part.length;
    if (this.#bytes > this.#limit) this.#parts = [];
    else this.#parts.push(part.slice());
    return this.#bytes <= this.#limit;
  }

  get parts(): readonly Uint8Array[] {
    return this.#parts;
  }

  async *again(): AsyncGenerator<Uint8Array> {
    yield* this.#parts;
  }

  close(): void {
    this.#parts = [];
  }
}
