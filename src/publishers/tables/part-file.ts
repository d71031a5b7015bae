/** A file of a part of a table. */
import { closeSync, openSync, writeSync } from "node:fs";
import { named } from "../../io/output-file.js";

/** Smaller chunks are joined before they are written. */
const READY = 1 << 18;

/**
 * A file that is only appended to. It is made with the first bytes. Writes block, as whatever they are made of may be
 * used again at once: they go to the system's memory, and a thread of its own has nothing else to do.
 */
export class PartFile {
  readonly #path: string;
  readonly #encoder = new TextEncoder();
  readonly #ready = new Uint8Array(READY);
  #readyBytes = 0;
  #file: number | undefined;
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes up to now. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds bytes and returns how many there were.
   *
   * @throws Error of Node's when the disk does not take them.
   */
  push(bytes: Uint8Array | string): number {
    if (typeof bytes === "string") return this.#pushText(bytes);
    if (bytes.length > READY - this.#readyBytes) this.#flush();
    if (bytes.length > READY) this.#write(bytes);
    else {
      this.#ready.set(bytes, this.#readyBytes);
      this.#readyBytes += bytes.length;
    }
    this.#size += bytes.length;
    return bytes.length;
  }

  close(): void {
    try {
      this.#flush();
    } finally {
      if (this.#file !== undefined) closeSync(this.#file);
      this.#file = undefined;
    }
  }

  #pushText(text: string): number {
    // No character takes more than three bytes for each unit of its length.
    const most = text.length * 3;
    if (most > READY) return this.push(this.#encoder.encode(text));
    if (most > READY - this.#readyBytes) this.#flush();
    const { written } = this.#encoder.encodeInto(text, this.#ready.subarray(this.#readyBytes));
    this.#readyBytes += written;
    this.#size += written;
    return written;
  }

  #flush(): void {
    if (this.#readyBytes > 0) this.#write(this.#ready.subarray(0, this.#readyBytes));
    this.#readyBytes = 0;
  }

  #write(bytes: Uint8Array): void {
    this.#file ??= openSync(this.#path, "w");
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      throw named(error, this.#path);
    }
  }
}
