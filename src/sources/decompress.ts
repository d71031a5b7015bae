/** gzip and zstd, found by their first bytes, never by a name. */
import { Buffer } from "node:buffer";
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { damaged, InputError, kindIsOpen, kindOf, type Packing } from "./packing.js";

export { InputError };

/** Compressed input is passed on in parts, so that a part that expands a thousandfold stays small. */
const PART = 16 * 1024;
/** Longer than the checksum and size at the end of a gzip. */
const SLOW_END = 64;

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
    // Live input: what can no longer be a magic number is passed on at once.
    while (kindIsOpen(head) && !done) {
      const next = await iterator.next();
      done = next.done === true;
      if (!done) head = head.length === 0 ? asBuffer(next.value) : Buffer.concat([head, next.value]);
    }
    const rest = prepend(head, iterator);
    const kind = kindOf(head);
    if (kind === undefined) return yield* rest;
    if (kind.packing === undefined) {
      const use = `use \`${kind.command} | marian-tracking parse -\``;
      throw new InputError(`this is ${kind.format}, which is not read here: ${use}`);
    }
    yield* kind.packing === "gzip" ? unpack("gzip", zlib.createGunzip(), rest) : unpackZstd(rest);
  } finally {
    await iterator.return?.();
  }
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
  format: Packing,
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
      if (fault !== undefined) throw inWords(format, fault);
    }
    stream.end();
    await Promise.race([ended, failed]);
    yield* take();
    if (fault !== undefined) throw inWords(format, fault);
  } finally {
    stream.destroy();
  }
}

async function* unpackZstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Node has zstd from 22.15 on.
  const native = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  if (native !== undefined) return yield* unpack("zstd", native(), chunks);
  const { unzstd } = await import("./unzstd.js");
  yield* unzstd(chunks);
}

function inWords(format: Packing, cause: unknown): InputError {
  const fault = cause instanceof Error ? cause.message : String(cause);
  // Of damaged data zlib keeps its last buffer to itself.
  return damaged(format, /unexpected (end|eof)/i.test(fault) ? "early" : { fault, lost: "16 kB" }, cause);
}
