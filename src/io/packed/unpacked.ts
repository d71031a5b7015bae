/** From bytes as stored to the text of a log. No Node API. */
import { gunzip } from "./gunzip.js";
import type { Packing } from "./packing.js";
import type { Again } from "./recover.js";

/** Unpacks one kind. */
export type Unpack = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/**
 * The chunks as they were before they were packed. zstd is brought by the caller, who knows how it may be loaded.
 *
 * @param again Where the chunks can be had a second time: of damaged data everything before the damage is read then.
 * @throws InputError if the data ends early or is damaged, after what could be unpacked was yielded.
 */
export function unpacked(
  chunks: AsyncIterable<Uint8Array>,
  packing: Packing | "plain",
  unzstd: Unpack,
  again?: Again,
): AsyncIterable<Uint8Array> {
  if (packing === "plain") return chunks;
  return packing === "gzip" ? gunzip(chunks, again) : unzstd(chunks);
}
