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
/** So much packed data of a gzip is kept, to unpack it once more up to a damage. */
const MOST_KEPT = 16 * 1024 * 1024;

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
    yield* kind.packing === "gzip" ? unpackGzip(rest) : unpackZstd(rest);
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
  lost: string | undefined,
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
    for await (const part of chunks) {
      const written = new Promise<void>((resolve) => stream.write(part, () => resolve()));
      await Promise.race([written, failed]);
      yield* take();
      if (fault !== undefined) throw inWords(format, fault, lost);
    }
    stream.end();
    await Promise.race([ended, failed]);
    yield* take();
    if (fault !== undefined) throw inWords(format, fault, lost);
  } finally {
    stream.destroy();
  }
}

/**
 * Unpacks gzip. A stream drops what it has unpacked of a part that turns out to be damaged; so what led there is unpacked
 * once more, and that part byte by byte.
 */
async function* unpackGzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let kept: Uint8Array[] | undefined = [];
  let length = 0;
  let given = 0;
  const watched = async function* () {
    for await (const part of withSlowEnd(chunks)) {
      length += part.length;
      if (length > MOST_KEPT) kept = undefined;
      kept?.push(part);
      yield part;
    }
  };
  try {
    for await (const text of unpack("gzip", zlib.createGunzip(), watched(), "16 kB")) {
      given += text.length;
      yield text;
    }
  } catch (error) {
    const last = kept?.pop();
    if (kept === undefined || last === undefined || length > MOST_KEPT) throw error;
    const before: readonly Uint8Array[] = kept;
    const again = async function* () {
      yield* before;
      for (let at = 0; at < last.length; at += 1) yield last.subarray(at, at + 1);
    };
    let passed = 0;
    for await (const text of unpack("gzip", zlib.createGunzip(), again(), undefined)) {
      const known = Math.min(text.length, Math.max(0, given - passed));
      passed += text.length;
      if (known < text.length) yield text.subarray(known);
    }
  }
}

async function* unpackZstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Node has zstd from 22.15 on.
  const native = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  if (native === undefined) {
    const { unzstd } = await import("./unzstd.js");
    return yield* unzstd(chunks);
  }
  // A stream for each frame: one of Node's ends with the first.
  const { FrameError, wrongChecksum, zstdFrames } = await import("./zstd-frames.js");
  try {
    for await (const frame of zstdFrames(chunks))
      yield* unpack("zstd", native(), withSlowEnd(frame.chunks), "16 kB");
  } catch (error) {
    if (error instanceof FrameError) throw inWords("zstd", error, undefined);
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    throw code === "ZSTD_error_checksum_wrong" ? wrongChecksum(error) : error;
  }
}

function inWords(format: Packing, cause: unknown, lost: string | undefined): InputError {
  const fault = cause instanceof Error ? cause.message : String(cause);
  // Of damaged data zlib keeps its last buffer to itself.
  return damaged(format, /unexpected (end|eof)/i.test(fault) ? "early" : { fault, lost }, cause);
}
