/** A list that is read in its order, once or more, and does not grow in memory. */
import type { FileHandle } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { openTemporaryFile } from "./temporary-folder.js";

/** Items that are stored at once. */
const BLOCK = 64;
/** Bytes that are kept in memory; what comes after them is in a file. */
const IN_MEMORY = 4 << 20;

type Block = Buffer | { readonly at: number; readonly bytes: number };

/** Items are plain data: they come back as copies. */
export class StoredList<Item> implements AsyncIterable<Item> {
  readonly #inMemory: number;
  readonly #blocks: Block[] = [];
  #last: Item[] = [];
  #length = 0;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #memoryBytes = 0;

  /** @param inMemory Bytes that are kept there. */
  constructor(inMemory = IN_MEMORY) {
    this.#inMemory = inMemory;
  }

  get length(): number {
    return this.#length;
  }

  async add(item: Item): Promise<void> {
    this.#length += 1;
    this.#last.push(item);
    if (this.#last.length < BLOCK) return;
    const bytes = serialize(this.#last);
    this.#last = [];
    this.#blocks.push((await this.#store(bytes)) ?? bytes);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (const block of this.#blocks) yield* deserialize(await this.#read(block)) as Item[];
    yield* this.#last;
  }

  /** Gives the file back; the list can't be read any more. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#blocks.length = 0;
  }

  /** Writes to the file; undefined if the bytes are to stay in memory, as they are where a disk is full. */
  async #store(bytes: Buffer): Promise<Block | undefined> {
    if (this.#memoryBytes + bytes.length <= this.#inMemory) {
      this.#memoryBytes += bytes.length;
      return undefined;
    }
    try {
      this.#file ??= await openTemporaryFile();
      const at = this.#fileBytes;
      for (let done = 0; done < bytes.length; )
        done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      this.#fileBytes += bytes.length;
      return { at, bytes: bytes.length };
    } catch {
      return undefined;
    }
  }

  async #read(block: Block): Promise<Buffer> {
    if (Buffer.isBuffer(block)) return block;
    const bytes = Buffer.alloc(block.bytes);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = (await this.#file?.read(bytes, done, bytes.length - done, block.at + done)) ?? {};
      if (!bytesRead) throw new Error("a temporary file is shorter than it was written");
      done += bytesRead;
    }
    return bytes;
  }
}
