/** A file that grows: a log that a training is writing. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { readable, type Source } from "./source.js";

/** Milliseconds between two looks at the file. */
const INTERVAL = 250;
const CHUNK = 1 << 20;
/** Bytes before the place reached by which a file that was written anew is told from one that grew. */
const TAIL = 64;
const LINE_END = 0x0a;

/** How a file is followed. */
export interface FollowOptions {
  /** Ends the reading; what is there by then is still read. */
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. */
  readonly interval?: number;
  /** Called once when there is nothing to read yet, and when the file is replaced or cut. */
  notice?(text: string): void;
}

/**
 * The bytes of a file from its start, and then what is added, until the signal. A file that is not there yet is waited
 * for. One that is renamed away is read to its end before the new one is begun; one that is cut or written anew is
 * begun again. Between the old content and the new stands a line end, so that no line is made of both.
 */
export class FollowSource implements Source {
  readonly name: string;
  readonly #options: FollowOptions;

  constructor(path: string, options: FollowOptions) {
    this.name = path;
    this.#options = options;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const { signal, interval = INTERVAL, notice } = this.#options;
    const buffer = new Uint8Array(CHUNK);
    let current: GrowingFile | undefined;
    let last = LINE_END;
    let waiting = false;
    try {
      for (;;) {
        // What was there when the signal came is read before the end.
        const stopping = signal.aborted;
        const next = await this.#look(current);
        if (next !== current) {
          if (current !== undefined) {
            yield* remember(current.rest(buffer));
            await current.close();
            notice?.(`${this.name}: it was replaced; the new file is read from its start`);
          }
          if (last !== LINE_END) yield* remember([NEW_LINE]);
          current = next;
        } else if (current === undefined && !waiting) {
          waiting = true;
          notice?.(`${this.name}: there is no such file yet; waiting for it`);
        }
        if (current !== undefined) {
          if (await current.begunAnew()) {
            if (last !== LINE_END) yield* remember([NEW_LINE]);
            notice?.(`${this.name}: it was cut or written anew; it is read from its start`);
          }
          yield* remember(current.rest(buffer));
        }
        if (stopping) return;
        await sleep(interval, undefined, { signal }).catch(() => {});
      }
    } finally {
      await current?.close();
    }

    async function* remember(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
      for await (const chunk of chunks) {
        last = chunk.at(-1) ?? last;
        yield chunk;
      }
    }
  }

  /** The file that has the name now: the current one, another, or none. While the name is free, the current one stays. */
  async #look(current: GrowingFile | undefined): Promise<GrowingFile | undefined> {
    try {
      const { dev, ino } = await stat(this.name);
      if (current?.is(dev, ino)) return current;
      return await GrowingFile.open(this.name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return current;
      throw readable(error);
    }
  }
}

const NEW_LINE = new Uint8Array([LINE_END]);

/** An open file and how far it was read. */
class GrowingFile {
  readonly #file: FileHandle;
  readonly #dev: number;
  readonly #ino: number;
  #offset = 0;
  #tail = new Uint8Array();

  private constructor(file: FileHandle, dev: number, ino: number) {
    this.#file = file;
    this.#dev = dev;
    this.#ino = ino;
  }

  static async open(path: string): Promise<GrowingFile> {
    const file = await open(path, "r");
    const { dev, ino } = await file.stat();
    return new GrowingFile(file, dev, ino);
  }

  is(dev: number, ino: number): boolean {
    return dev === this.#dev && ino === this.#ino;
  }

  /** Whether what was read is no longer there; if so, the reading starts over. */
  async begunAnew(): Promise<boolean> {
    const { size } = await this.#file.stat();
    if (size >= this.#offset) {
      const { length } = this.#tail;
      const there = new Uint8Array(length);
      const { bytesRead } = await this.#file.read(there, 0, length, this.#offset - length);
      if (bytesRead === length && there.every((byte, index) => byte === this.#tail[index])) return false;
    }
    this.#offset = 0;
    this.#tail = new Uint8Array();
    return true;
  }

  /** What there is from the place reached. A chunk holds until the next is asked for. */
  async *rest(buffer: Uint8Array): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const chunk = buffer.subarray(0, bytesRead);
      this.#tail =
        bytesRead >= TAIL
          ? chunk.slice(-TAIL)
          : new Uint8Array([...this.#tail.slice(-(TAIL - bytesRead)), ...chunk]).slice(-TAIL);
      yield chunk;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
