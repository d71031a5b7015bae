/** Whether gzip data is whole: to its checksum and its length. */
import { createGunzip } from "node:zlib";

/**
 * Unpacks what it is given and keeps nothing. HTTP can end a body early without anybody noticing; the end of a gzip
 * can't be missing unnoticed.
 */
export class GzipCheck {
  readonly #gunzip = createGunzip();
  #taken = 0;
  #unpacked = 0;
  #fault: Error | undefined;
  readonly #failed: Promise<void>;
  readonly #ended: Promise<void>;

  constructor() {
    this.#gunzip.on("data", (chunk: Buffer) => {
      this.#unpacked += chunk.length;
    });
    this.#failed = new Promise((resolve) => {
      this.#gunzip.once("error", (error) => {
        this.#fault = error;
        resolve();
      });
    });
    this.#ended = new Promise((resolve) => this.#gunzip.once("end", resolve));
  }

  /** Bytes when unpacked, of what was taken so far. */
  get unpacked(): number {
    return this.#unpacked;
  }

  /** @throws Error of zlib's when the data is damaged. */
  async take(chunk: Uint8Array): Promise<void> {
    this.#taken += chunk.length;
    const written = new Promise<void>((resolve) => this.#gunzip.write(chunk, () => resolve()));
    await Promise.race([written, this.#failed]);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** @throws Error when the data ends early. */
  async end(): Promise<void> {
    // zlib takes nothing at all for whole.
    if (this.#taken === 0) throw new Error("unexpected end of file");
    this.#gunzip.end();
    await Promise.race([this.#ended, this.#failed]);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Gives the memory back; may be called at any time. */
  destroy(): void {
    this.#gunzip.destroy();
  }
}
