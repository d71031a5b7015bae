/** gzip and zstd, found by their first bytes, never by a name. */

import { Buffer } from "node:buffer";
import type { Transform } from "node:stream";
import { concatBytes } from "../byte-stream.js";
import { damaged, endsEarly, InputError } from "../input-error.js";
import { DiskReplay } from "./disk-replay.js";
import { kindIsOpen, kindOf, type Packing } from "./packing.js";
import { type Again, recoverDamaged } from "./recover.js";

/** Longer than the checksum and size at the end of a gzip. */
const SLOW_END = 64;

/**
 * Passes text through and unpacks gzip (several members too) and zstd.
 *
 * @param again Where the chunks can be had a second time; else packed data is kept until it has been unpacked.
 * @throws InputError if the packed data ends early or is damaged, after all that could be unpacked was passed on;
 *   or when it is of a kind that is not unpacked here.
 */
export async function* decompress(
  chunks: AsyncIterable<Uint8Array>,
  again?: Again,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    let head: Uint8Array = new Uint8Array();
    // Live input: what can no longer be a magic number is passed on at once.
    while (kindIsOpen(head)) {
      // The next chunk may come in the same memory.
      const start = head.slice();
      const next = await iterator.next();
      if (next.done) {
        head = start;
        break;
      }
      head = start.length === 0 ? next.value : concatBytes(start, next.value);
    }
    const rest = prepend(head, iterator);
    const kind = kindOf(head);
    if (kind === undefined) return yield* rest;
    if (kind.packing === undefined) {
      const hint = `use \`${kind.command} | marian-tracking parse -\``;
      throw new InputError(`this is ${kind.format}, which is not read here`, { hint });
    }
    yield* kind.packing === "gzip" ? unpackGzip(rest, again) : unpackZstd(rest);
  } finally {
    await iterator.return?.();
  }
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const next = await rest.next();
    if (next.done) return;
    yield next.value;
  }
}

/**
 * The chunks; the last bytes come one by one. A stream drops what it has unpacked of a part that turns out to be damaged,
 * and after whole data a wrong checksum must not cost any of it.
 */
async function* withSlowEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let end = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const all = Buffer.concat([end, chunk]);
    const fast = Math.max(0, all.length - SLOW_END);
    yield all.subarray(0, fast);
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
      if (fault !== undefined) throw packedError(format, fault, lost);
    }
    stream.end();
    await Promise.race([ended, failed]);
    yield* take();
    if (fault !== undefined) throw packedError(format, fault, lost);
  } finally {
    stream.destroy();
  }
}

async function* unpackGzip(
  chunks: AsyncIterable<Uint8Array>,
  again: Again | undefined,
): AsyncGenerator<Uint8Array> {
  const { createGunzip } = await import("node:zlib");
  const once = (parts: AsyncIterable<Uint8Array>) =>
    unpack("gzip", createGunzip(), withSlowEnd(parts), "16 kB");
  yield* recoverDamaged(chunks, once, again, new DiskReplay());
}

async function* unpackZstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Node has zstd from 22.15 on.
  const native = ((await import("node:zlib")) as { createZstdDecompress?: () => Transform })
    .createZstdDecompress;
  if (native === undefined) {
    const { unzstd } = await import("./unzstd.js");
    return yield* unzstd(chunks);
  }
  // A stream for each frame: one of Node's ends with the first.
  const { wrongChecksum, zstdFrames } = await import("./zstd-frames.js");
  try {
    for await (const frame of zstdFrames(chunks))
      yield* unpack("zstd", native(), withSlowEnd(frame.chunks), "16 kB");
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    throw code === "ZSTD_error_checksum_wrong" ? wrongChecksum(error) : error;
  }
}

function packedError(format: Packing, cause: unknown, lost: string | undefined): InputError {
  if ((cause as NodeJS.ErrnoException).code === "ERR_STREAM_PUSH_AFTER_EOF")
    return damaged({ format, reason: "other data follows the zeros after its end" }, cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  // Of damaged data zlib keeps its last buffer to itself.
  return /unexpected (end|eof)/i.test(reason)
    ? endsEarly(format, cause)
    : damaged({ format, reason, lost }, cause);
}
