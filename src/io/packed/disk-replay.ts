/** Packed data that can't be read a second time, such as a pipe's: a little in memory, more in a file without a name. */
import type { FileHandle } from "node:fs/promises";
import { openTemporaryFile } from "../temporary-folder.js";
import { MemoryReplay, type Replay } from "./recover.js";

/** Bytes that are kept in memory. */
const IN_MEMORY = 16 * 1024 * 1024;
/** Bytes read at once. */
const CHUNK = 1 << 16;

export class DiskReplay implements Replay {
  readonly #memory: MemoryReplay;
  #file: FileHandle | undefined;

  /** @param inMemory Bytes that are kept there. */
  constructor(inMemory = IN_MEMORY) {
    this.#memory = new MemoryReplay(inMemory);
  }

  async keep(part: Uint8Array): Promise<boolean> {
    if (this.#file === undefined) {
      const before = [...this.#memory.parts];
      if (this.#memory.keep(part)) return true;
      try {
        this.#file = await openTemporaryFile();
        for (const each of before) await this.#file.appendFile(each);
      } catch {
        return false;
      }
    }
    // Where there is no room, a damage costs a little of what is before it, and is said so.
    return await this.#file.appendFile(part).then(
      () => true,
      () => false,
    );
  }

  async *again(): AsyncGenerator<Uint8Array> {
    const file = this.#file;
    if (file === undefined) return yield* this.#memory.again();
    const buffer = new Uint8Array(CHUNK);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    this.#memory.close();
    await this.#file?.close();
    this.#file = undefined;
  }
}
