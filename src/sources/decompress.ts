/** gzip and zstd, found by their first bytes, never by a name. */
import { Buffer } from "node:buffer";
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";

/** A fault of the input that the reader of the message can do something about. What came before it was read. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Compressed input is passed on in parts, so that a part that expands a thousandfold stays small. */
const PART = 16 * 1024;
/** Longer than the checksum and size at the end of a gzip. */
const SLOW_END = 64;
const LONGEST_MAGIC = 6;

const MAGIC: readonly { format: string; bytes: readonly number[]; hint?: string }[] = [
  { format: "gzip", bytes: [0x1f, 0x8b] },
  { format: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  {
    format: "xz",
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    hint: "`xz -dc FILE | marian-tracking parse -`",
  },
  { format: "bzip2", bytes: [0x42, 0x5a, 0x68], hint: "`bzip2 -dc FILE | marian-tracking parse -`" },
  { format: "zip", bytes: [0x50, 0x4b, 0x03, 0x04], hint: "`unzip -p FILE | marian-tracking parse -`" },
  {
    format: "UTF-16 text",
    bytes: [0xff, 0xfe],
    hint: "`iconv -f UTF-16 -t UTF-8 FILE | marian-tracking parse -`",
  },
  {
    format: "UTF-16 text",
    bytes: [0xfe, 0xff],
    hint: "`iconv -f UTF-16 -t UTF-8 FILE | marian-tracking parse -`",
  },
];

/**
 * Passes text through and unpacks gzip (several members too) and zstd.
 *
 * @throws InputError when the packed data ends early or is damaged, after all that could be unpacked was passed on;
 *   or when it is of a kind that is not unpacked here.
 */
export async function* decompress(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    let head = Buffer.alloc(0);
    let done = false;
    while (head.length < LONGEST_MAGIC && !done) {
      const next = await iterator.next();
      done = next.done === true;
      if (!done) head = head.length === 0 ? asBuffer(next.value) : Buffer.concat([head, next.value]);
      // Live input: what can no longer be a magic number is passed on at once.
      if (head.length > 0 && !MAGIC.some(({ bytes }) => startsLike(head, bytes))) break;
    }
    const rest = prepend(head, iterator);
    const kind = MAGIC.find(({ bytes }) => head.length >= bytes.length && startsLike(head, bytes));
    if (kind === undefined) return yield* rest;
    if (kind.hint !== undefined)
      throw new InputError(`this is ${kind.format}, which is not read here: use ${kind.hint}`);
    yield* kind.format === "gzip" ? unpack("gzip", zlib.createGunzip(), rest) : unpackZstd(rest);
  } finally {
    await iterator.return?.();
  }
}

function startsLike(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.slice(0, head.length).every((byte, index) => head[index] === byte);
}

function asBuffer(chunk: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.from(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.byteLength);
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await rest.next();
    if (next.done) return;
    yield next.value;
  }
}

function parts(chunk: Uint8Array): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < chunk.length; at += PART) list.push(chunk.subarray(at, at + PART));
  return list;
}

/**
 * Parts of the chunks; the last bytes come one by one. A stream drops what it has unpacked of a part that turns out
 * to be damaged, and behind whole data a wrong checksum must not cost any of it.
 */
async function* withSlowEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let end = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const all = Buffer.concat([end, chunk]);
    const fast = Math.max(0, all.length - SLOW_END);
    yield* parts(all.subarray(0, fast));
    end = Buffer.from(all.subarray(fast));
  }
  for (let at = 0; at < end.length; at += 1) yield end.subarray(at, at + 1);
}

/** Unpacks with one of Node's streams, by hand: reading one as an iterator would lose what came before a fault. */
async function* unpack(
  format: string,
  stream: Transform,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let fault: Error | undefined;
  stream.on("data", (chunk: Buffer) => ready.push(chunk));
  const failed = new Promise<void>((resolve) => {
    stream.once("error", (error) => {
      fault = error;
      resolve();
    });
  });
  const ended = new Promise<void>((resolve) => stream.once("end", resolve));
  const take = () => {
    const taken = ready;
    ready = [];
    return taken;
  };
  try {
    for await (const part of withSlowEnd(chunks)) {
      const written = new Promise<void>((resolve) => stream.write(part, () => resolve()));
      await Promise.race([written, failed]);
      yield* take();
      if (fault !== undefined) throw damaged(format, fault);
    }
    stream.end();
    await Promise.race([ended, failed]);
    yield* take();
    if (fault !== undefined) throw damaged(format, fault);
  } finally {
    stream.destroy();
  }
}

async function* unpackZstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Node has zstd from 22.15 on.
  const native = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  if (native !== undefined) return yield* unpack("zstd", native(), chunks);
  const { Decompress } = await import("fzstd");
  let ready: Uint8Array[] = [];
  // The library reuses the buffer that it hands over.
  const stream = new Decompress((chunk) => ready.push(chunk.slice()));
  const push = function* (part: Uint8Array, final: boolean): Generator<Uint8Array> {
    let fault: unknown;
    try {
      stream.push(part, final);
    } catch (error) {
      fault = error;
    }
    yield* ready;
    ready = [];
    if (fault !== undefined) throw damaged("zstd", fault);
  };
  for await (const chunk of chunks) for (const part of parts(chunk)) yield* push(part, false);
  yield* push(new Uint8Array(0), true);
}

function damaged(format: string, cause: unknown): InputError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const early = /unexpected (end|eof)/i.test(text);
  const what = early ? "ends early" : `is damaged (${text})`;
  // Of damaged data zlib keeps its last buffer to itself.
  const but = early ? "" : ", but for its last 16 kB at most";
  return new InputError(`the ${format} data ${what}; what could be unpacked before that was read${but}`, {
    cause,
  });
}
