/**
 * Unpacks gzip by the platform's own `DecompressionStream`. That takes one member only, and drops what it has unpacked
 * when a fault comes; logs that were appended to have several members, and of damaged ones every line counts. No Node
 * API.
 */
import { concatBytes } from "../byte-stream.js";
import { damaged, endsEarly } from "../input-error.js";
import { type Again, recoverDamaged } from "./recover.js";

/** Packed bytes that are handed over at once. */
const PART = 16 * 1024;
/** Reads that wait at any time: more than a part of a log gives chunks. */
const READS = 32;
/** Checksum and length, at the end of a member. */
const TRAILER = 8;
/** The last bytes come one by one: after whole data a wrong checksum must not cost any of it. */
const SLOW_END = 64;
/** So many zeros may follow a gzip: tapes and disks are written in blocks. */
const PADDING = 1 << 16;

/**
 * @param again Where the chunks can be had a second time.
 * @throws InputError if the data ends early or is damaged, after everything before that was yielded.
 */
export function gunzip(chunks: AsyncIterable<Uint8Array>, again?: Again): AsyncGenerator<Uint8Array> {
  return recoverDamaged(chunks, unpackMembers, again);
}

async function* unpackMembers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let member = new Member();
  let held = new Uint8Array(0);
  try {
    for await (const chunk of chunks) {
      held = concatBytes(held, chunk);
      let fed = 0;
      for (let start = nextHeader(held, TRAILER); start !== -1; start = nextHeader(held, start + 1)) {
        const trailer = Math.max(fed, start - TRAILER);
        yield* member.feed(held.subarray(fed, trailer));
        yield* member.feed(held.subarray(trailer, start));
        fed = start;
        if (!member.endsHere) continue;
        yield* member.end();
        member = new Member();
      }
      const fast = Math.max(fed, endBeforePadding(held) - SLOW_END);
      yield* member.feed(held.subarray(fed, fast));
      held = held.slice(fast);
    }
    const end = endBeforePadding(held);
    for (let at = 0; at < held.length; at += 1) {
      if (at >= end && member.endsHere && !member.isEmpty) break;
      yield* member.feed(held.subarray(at, at + 1));
    }
    yield* member.end();
  } finally {
    member.cancel();
  }
}

/** One member of a gzip. */
class Member {
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Settles when nothing more will come. */
  readonly #ended: Promise<void>;
  #end: () => void = () => {};
  #waiting = 0;
  #ready: Uint8Array[] = [];
  #unpacked = 0;
  #last = new Uint8Array(0);

  constructor() {
    const { readable, writable } = new DecompressionStream("gzip");
    this.#writer = writable.getWriter();
    this.#reader = readable.getReader();
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    // Each fault comes out of the write or the close that meets it.
    for (const side of [this.#writer, this.#reader]) side.closed.catch(() => {});
  }

  /** Whether what was fed ends with the length of what it gave, as a member does. */
  get endsHere(): boolean {
    if (this.#last.length < 4) return false;
    return new DataView(this.#last.buffer).getUint32(0, true) === this.#unpacked % 2 ** 32;
  }

  /** Whether nothing was in it up to now: then zeros may be its own. */
  get isEmpty(): boolean {
    return this.#unpacked === 0;
  }

  /** The bytes must stay as they are. */
  async *feed(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += PART) {
      const part = bytes.subarray(at, at + PART);
      this.#last = concatBytes(this.#last, part).slice(-4);
      this.#await();
      yield* this.#after(this.#writer.write(part), "damaged");
    }
  }

  async *end(): AsyncGenerator<Uint8Array> {
    this.#await();
    yield* this.#after(this.#writer.close(), "early");
  }

  cancel(): void {
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }

  async *#after(writing: Promise<void>, fault: "damaged" | "early"): AsyncGenerator<Uint8Array> {
    let error: unknown;
    await writing.catch((cause: unknown) => {
      error = cause;
    });
    if (fault === "early" || error !== undefined) await this.#ended;
    const ready = this.#ready;
    this.#ready = [];
    yield* ready;
    if (error === undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    throw fault === "early"
      ? endsEarly("gzip", error)
      : damaged({ format: "gzip", reason, lost: "64 kB" }, error);
  }

  /** A chunk that a read waits for survives a later error; a chunk in the stream's queue does not. */
  #await(): void {
    while (this.#waiting < READS) {
      this.#waiting += 1;
      this.#reader.read().then(({ done, value }) => {
        this.#waiting -= 1;
        if (done) return this.#end();
        this.#ready.push(value);
        this.#unpacked += value.length;
        this.#await();
      }, this.#end);
    }
  }
}

/** Where the next member may start; its first bytes occur in packed data too, if rarely. */
function nextHeader(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0x1f, from); at !== -1; at = bytes.indexOf(0x1f, at + 1)) {
    if (at + 3 < bytes.length && bytes[at + 1] === 0x8b && bytes[at + 2] === 8 && (bytes[at + 3] ?? 0) < 32)
      return at;
  }
  return -1;
}

/** The end of the bytes without the zeros there, unless those are too many to be padding. */
function endBeforePadding(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.length - end > PADDING ? bytes.length : end;
}
