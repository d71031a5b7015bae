/** Unpacks zstd if the platform can't, and checks what it unpacked. No Node API. */

import { Decompress } from "fzstd";
import createHashes from "xxhash-wasm";
import { damaged, endsEarly, InputError } from "../input-error.js";
import { type Frame, wrongChecksum, zstdFrames } from "./zstd-frames.js";

/** Packed data is taken in parts, so that one that expands a thousandfold stays small. */
const PART = 16 * 1024;

/**
 * @throws InputError if the data ends early or is damaged, after all whole blocks before were yielded; a checksum
 *   tells it at the end of its frame.
 */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { create64 } = await createHashes();
  try {
    for await (const frame of zstdFrames(chunks)) {
      const hash = create64();
      let size = 0n;
      for await (const text of unpackFrame(frame)) {
        hash.update(text);
        size += BigInt(text.length);
        yield text;
      }
      const end = frame.end();
      if (end.size !== undefined && end.size !== size) throw new Error("its content has another length");
      if (end.checksum !== undefined && BigInt(end.checksum) !== (hash.digest() & 0xffffffffn))
        throw wrongChecksum();
    }
  } catch (error) {
    throw unpackError(error);
  }
}

/** The content of one frame: the library knows neither checksums nor where a frame must end. */
async function* unpackFrame({ chunks }: Frame): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  // The library reuses the buffer that it hands over.
  const stream = new Decompress((chunk) => ready.push(chunk.slice()));
  const push = function* (part: Uint8Array): Generator<Uint8Array> {
    let fault: unknown;
    try {
      // The library keeps what it can't unpack yet.
      stream.push(part.slice());
    } catch (error) {
      fault = error ?? new Error("unknown fault");
    }
    yield* ready;
    ready = [];
    if (fault !== undefined) throw fault;
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PART) yield* push(chunk.subarray(at, at + PART));
  }
  // The library reads a frame's head with the first 18 bytes; a short frame has less, and what follows is skipped.
  yield* push(SKIPPED);
}

/** A frame to be skipped, of ten bytes. */
const SKIPPED = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 10, ...new Uint8Array(13));

/** The library may keep a block of the text before a damage to itself. */
function unpackError(error: unknown): unknown {
  if (error instanceof InputError && error.damage === undefined) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (text.toLowerCase() === "unexpected eof") return endsEarly("zstd", error);
  const reason = error instanceof InputError ? (error.damage?.reason ?? text) : text;
  return damaged({ format: "zstd", reason, lost: "128 kB" }, error);
}
