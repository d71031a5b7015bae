/** The bytes of a file, in chunks. */
import { open } from "node:fs/promises";
import { isFifo, openFifo } from "./file-system.js";

/** Bytes read from a file at once. */
const CHUNK = 1 << 20;

/** The buffer of the last file, for the next: archives hold thousands. */
let spare: Uint8Array | undefined;

/**
 * The bytes of a file. The buffer is used again: a chunk holds until the next is asked for, the last one until the end.
 *
 * @param length Of the buffer: a small one is quicker for small files.
 */
export async function* fileChunks(path: string | URL, length = CHUNK): AsyncGenerator<Uint8Array> {
  if (await isFifo(path)) return yield* openFifo(path);
  const file = await open(path, "r");
  try {
    const buffer = (length === CHUNK ? spare : undefined) ?? new Uint8Array(length);
    if (buffer === spare) spare = undefined;
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, length);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      if (length === CHUNK) spare = buffer;
    }
  } finally {
    await file.close();
  }
}
