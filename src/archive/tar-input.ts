/** Feeds a tar to its extraction. */
import { fileChunks } from "../io/chunks.js";
import { decompress } from "../io/packed/decompress.js";

/** What takes the bytes of a tar: a stream that tells by `drain` that it has taken a write. */
interface Extraction {
  readonly destroyed: boolean;
  write(chunk: Uint8Array): boolean;
  on(event: "drain" | "close", listener: () => void): unknown;
}

/** A tar ends with this many zeros. */
const END_MARK = 1024;

/** The bytes of a tar on their way to the extraction. */
export class TarInput {
  /** What was wrong with it; absent where it came to its end. */
  fault: unknown;
  /** Whether the last that came was the mark of a tar's end. */
  hasEndMark = true;
  #isTaken = false;
  #onTaken = () => {};

  /** Settles when the extraction has all of it, to its end or its fault. */
  async feed(file: string, extraction: Extraction, signal: AbortSignal | undefined): Promise<void> {
    let end = Buffer.alloc(0);
    let wake = () => {};
    extraction.on("drain", () => wake());
    extraction.on("close", () => wake());
    try {
      for await (const chunk of decompress(fileChunks(file), () => fileChunks(file))) {
        if (extraction.destroyed || signal?.aborted) break;
        end = Buffer.concat([end, chunk.subarray(-END_MARK)]).subarray(-END_MARK);
        // The buffer of the chunk is used again, and the extraction keeps parts of it.
        const isTaken = extraction.write(Buffer.from(chunk));
        if (isTaken || extraction.destroyed) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } catch (error) {
      this.fault = error;
    }
    this.hasEndMark = end.every((byte) => byte === 0);
    this.#isTaken = true;
    this.#onTaken();
  }

  /** What comes next of the extraction, or nothing when the input has ended and it waits for more. */
  orEnd<Next>(pending: Promise<Next>): Promise<Next | undefined> {
    return new Promise((resolve, reject) => {
      pending.then(resolve, reject);
      // What the extraction has already comes before that.
      this.#onTaken = () => setImmediate(() => resolve(undefined));
      if (this.#isTaken) this.#onTaken();
    });
  }
}
