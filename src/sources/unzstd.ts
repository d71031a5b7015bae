/** Unpacks zstd where the platform has none. No Node API. */
import { Decompress } from "fzstd";
import { damaged, type InputError } from "./packing.js";

/** Packed data is taken in parts, so that one that expands a thousandfold stays small. */
const PART = 16 * 1024;

/** @throws InputError when the data ends early or is damaged, after all whole blocks before were yielded. */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  // The library reuses the buffer that it hands over.
  const stream = new Decompress((chunk) => ready.push(chunk.slice()));
  const push = function* (part: Uint8Array, final: boolean): Generator<Uint8Array> {
    let fault: unknown;
    try {
      stream.push(part, final);
    } catch (error) {
      fault = error ?? new Error("unknown fault");
    }
    yield* ready;
    ready = [];
    if (fault !== undefined) throw inWords(fault);
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PART) yield* push(chunk.subarray(at, at + PART), false);
  }
  yield* push(new Uint8Array(0), true);
}

function inWords(error: unknown): InputError {
  const fault = error instanceof Error ? error.message : String(error);
  return damaged("zstd", /unexpected eof/i.test(fault) ? "early" : { fault, lost: "128 kB" }, error);
}
