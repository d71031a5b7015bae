/** Bytes that wait, first in, first out: a few in memory, the others in a file that has no name. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWNER } from "../io/owner.js";

/** Bytes that wait in memory. */
const IN_MEMORY = 1e6;
/** Bytes of the file that are read at once. */
const CHUNK = 1 << 18;

/** A queue of bytes that takes as much as the disk for temporary files does. */
export class Backlog {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #inMemory = 0;
  /** What came after the parts in memory; its file is gone with the process, however that ends. */
  #file: number | undefined;
  #read = 0;
  #written = 0;

  /** @param limit Bytes that wait in memory; other values are for tests. */
  constructor(limit = IN_MEMORY) {
    this.#limit = limit;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#inMemory + this.#written - this.#read;
  }

  /**
   * Adds a copy of these bytes.
   *
   * @throws Error of Node's when they find no place on the disk.
   */
  push(bytes: Uint8Array): void {
    if (this.#written === this.#read && this.#inMemory + bytes.length <= this.#limit) {
      this.#parts.push(new Uint8Array(bytes));
      this.#inMemory += bytes.length;
      return;
    }
    this.#file ??= openNameless();
    for (let at = 0; at < bytes.length; ) {
      const count = writeSync(this.#file, bytes, at, bytes.length - at, this.#written);
      at += count;
      this.#written += count;
    }
  }

  /** Takes the next bytes away; undefined if none wait. */
  shift(): Uint8Array | undefined {
    const part = this.#parts.shift();
    if (part !== undefined) {
      this.#inMemory -= part.length;
      return part;
    }
    if (this.#file === undefined || this.#read === this.#written) return undefined;
    const chunk = new Uint8Array(Math.min(CHUNK, this.#written - this.#read));
    const count = readSync(this.#file, chunk, 0, chunk.length, this.#read);
    this.#read += count;
    if (this.#read === this.#written) {
      ftruncateSync(this.#file);
      this.#read = 0;
      this.#written = 0;
    }
    return chunk.subarray(0, count);
  }

  /** Lets everything go. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#parts = [];
    this.#inMemory = 0;
    this.#read = 0;
    this.#written = 0;
  }
}

function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), `marian-tracking-${OWNER}-`));
  try {
    return openSync(join(folder, "backlog"), "wx+", 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
