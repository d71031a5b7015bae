/** A file that grows: a log that a training is writing. */
import { createHash, type Hash } from "node:crypto";
import type { Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openFifo } from "./file-system.js";
import { InputError } from "./input-error.js";
import { readable, type Source } from "./source.js";
import { WholeLines } from "./whole-lines.js";

/** Milliseconds between two looks at the file. */
const INTERVAL = 250;
const CHUNK = 1 << 20;
/** Bytes before the position reached: they tell a rewritten file from one that grew. */
const TAIL = 64;
/** Looks without a late byte after which a file that was replaced is let go. */
const LATE_LOOKS = 240;
/** Bytes of a named pipe that wait. */
const WAITING = 4 << 20;
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
 * for. One that is renamed away is read to its end before the new one is begun, and what its writer adds later comes
 * between two lines of the new one; one that is cut or rewritten is read from its start. Between the old content and the new
 * stands a line end, so that no line is made of both. A named pipe is read on when its writer has ended and another one
 * comes.
 */
export class FollowSource implements Source {
  readonly name: string;
  readonly #options: FollowOptions;
  /** Files that were replaced, and may still get late bytes. */
  readonly #replaced: ReplacedFile[] = [];
  readonly #said = new Set<string>();

  constructor(path: string, options: FollowOptions) {
    this.name = path;
    this.#options = options;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const { signal, interval = INTERVAL, notice } = this.#options;
    const buffer = new Uint8Array(CHUNK);
    let current: Followed | undefined;
    let last = LINE_END;
    try {
      for (;;) {
        // What was there when the signal came is read before the end.
        const stopping = signal.aborted;
        const next = await this.#look(current);
        if (next !== current) {
          if (current !== undefined) {
            yield* remember(current.rest(buffer));
            this.#replaced.push(new ReplacedFile(current));
            notice?.(`${this.name}: it was replaced; the new file is read from its start`);
          }
          if (last !== LINE_END) yield* remember([NEW_LINE]);
          current = next;
        }
        // A file can be rewritten while it is read, and no other look may follow.
        for (let looks = 0; current !== undefined && looks < 2; looks += 1) {
          if (await current.rewritten()) {
            if (last !== LINE_END) yield* remember([NEW_LINE]);
            notice?.(`${this.name}: it was cut or rewritten; it is read from its start`);
          } else if (looks > 0) break;
          yield* remember(current.rest(buffer));
        }
        if (stopping && this.#replaced.length > 0 && last !== LINE_END) yield* remember([NEW_LINE]);
        if (last === LINE_END) yield* remember(this.#late(buffer, stopping));
        if (stopping) return;
        await sleep(interval, undefined, { signal }).catch(() => {});
      }
    } finally {
      for (const file of [current, ...this.#replaced]) await file?.close();
    }

    async function* remember(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
      for await (const chunk of chunks) {
        last = chunk.at(-1) ?? last;
        yield chunk;
      }
    }
  }

  /** The file that has the name now: the current one, another, or none. While there is no other, the current one stays. */
  async #look(current: Followed | undefined): Promise<Followed | undefined> {
    try {
      const info = await stat(this.name);
      if (current?.is(info)) return current;
      if (info.isDirectory()) {
        // A mistake of the user's, unless a file is or was to be here.
        if (current === undefined && this.#said.size === 0)
          throw new InputError("this is a directory: name the log that grows in it");
        return this.#wait(current, "it is a directory; waiting for a file of this name");
      }
      return info.isFIFO() ? new FollowedPipe(this.name, info) : await GrowingFile.open(this.name);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A part of the path may be missing for a moment, too.
      if (code === "ENOENT" || code === "ENOTDIR")
        return this.#wait(current, "there is no such file yet; waiting for it");
      if (current !== undefined) return current;
      throw readable(error);
    }
  }

  #wait(current: Followed | undefined, why: string): Followed | undefined {
    if (current === undefined && !this.#said.has(why)) {
      this.#said.add(why);
      this.#options.notice?.(`${this.name}: ${why}`);
    }
    return current;
  }

  /** What came to files that were replaced, in whole lines; at the end, all of it. */
  async *#late(buffer: Uint8Array, end: boolean): AsyncGenerator<Uint8Array> {
    for (const file of [...this.#replaced]) {
      yield* file.lines(buffer, end);
      if (file.quietLooks < LATE_LOOKS) continue;
      await file.close();
      this.#replaced.splice(this.#replaced.indexOf(file), 1);
    }
  }
}

const NEW_LINE = new Uint8Array([LINE_END]);

/** What a name stood for when it was looked at. */
interface Followed {
  is(info: Stats): boolean;
  /** Whether what was read is no longer there; if so, the reading starts over. */
  rewritten(): Promise<boolean>;
  /** What there is from the place reached, up to where it was rewritten. A chunk holds until the next is asked for. */
  rest(buffer: Uint8Array): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** An open file and how far it was read. */
class GrowingFile implements Followed {
  readonly #file: FileHandle;
  readonly #dev: number;
  readonly #ino: number;
  #offset = 0;
  #tail = new Uint8Array();
  #read: Hash = createHash("sha256");
  /** When the file was last changed, as far as it was read to its end. */
  #changed = 0;

  private constructor(file: FileHandle, { dev, ino }: Stats) {
    this.#file = file;
    this.#dev = dev;
    this.#ino = ino;
  }

  static async open(path: string): Promise<GrowingFile> {
    const file = await open(path, "r");
    return new GrowingFile(file, await file.stat());
  }

  is({ dev, ino }: Stats): boolean {
    return dev === this.#dev && ino === this.#ino;
  }

  async rewritten(): Promise<boolean> {
    const { size, mtimeMs } = await this.#file.stat();
    if (size > this.#offset && (await this.#endsAsRead())) return false;
    if (size === this.#offset && (mtimeMs === this.#changed || (await this.#isAsRead()))) {
      this.#changed = mtimeMs;
      return false;
    }
    this.#offset = 0;
    this.#tail = new Uint8Array();
    this.#read = createHash("sha256");
    return true;
  }

  async *rest(buffer: Uint8Array): AsyncGenerator<Uint8Array> {
    for (;;) {
      // The time from before the reading: what is written from now on shows by another one, or makes the file longer.
      const { size, mtimeMs } = await this.#file.stat();
      // One read for the bytes before the place too: between two, the file can be rewritten.
      const before = this.#tail.length;
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#offset - before);
      if (!this.#tail.every((byte, index) => byte === buffer[index] && index < bytesRead)) return;
      if (bytesRead === before) {
        if (size === this.#offset) this.#changed = mtimeMs;
        return;
      }
      const chunk = buffer.subarray(before, bytesRead);
      this.#offset += chunk.length;
      this.#read.update(chunk);
      this.#tail = bytesRead > TAIL ? buffer.slice(bytesRead - TAIL, bytesRead) : buffer.slice(0, bytesRead);
      yield chunk;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #endsAsRead(): Promise<boolean> {
    const { length } = this.#tail;
    const there = new Uint8Array(length);
    const { bytesRead } = await this.#file.read(there, 0, length, this.#offset - length);
    return bytesRead === length && there.every((byte, index) => byte === this.#tail[index]);
  }

  /** Whether all that was read is still there. Asked if the file was changed and did not grow. */
  async #isAsRead(): Promise<boolean> {
    const there = createHash("sha256");
    const buffer = new Uint8Array(CHUNK);
    for (let at = 0; at < this.#offset; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, Math.min(CHUNK, this.#offset - at), at);
      if (bytesRead === 0) return false;
      there.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return there.digest("hex") === this.#read.copy().digest("hex");
  }
}

/** A named pipe: read while somebody writes, and opened again when all writers have ended. */
class FollowedPipe implements Followed {
  readonly #path: string;
  readonly #dev: number;
  readonly #ino: number;
  #socket: ReturnType<typeof openFifo>;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #fault: Error | undefined;

  constructor(path: string, { dev, ino }: Stats) {
    this.#path = path;
    this.#dev = dev;
    this.#ino = ino;
    this.#socket = this.#open();
  }

  is({ dev, ino }: Stats): boolean {
    return dev === this.#dev && ino === this.#ino;
  }

  async rewritten(): Promise<boolean> {
    return false;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
      this.#bytes -= chunk.length;
      yield chunk;
    }
    if (this.#fault !== undefined) throw readable(this.#fault);
    if (this.#ended) this.#socket = this.#open();
    else this.#socket.resume();
  }

  async close(): Promise<void> {
    this.#socket.destroy();
  }

  #open(): ReturnType<typeof openFifo> {
    this.#ended = false;
    const socket = openFifo(this.#path);
    socket.on("data", (chunk: Buffer) => {
      this.#waiting.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > WAITING) socket.pause();
    });
    socket.once("end", () => {
      this.#ended = true;
    });
    socket.once("error", (error) => {
      this.#fault = error;
    });
    return socket;
  }
}

/** A file that has lost its name, and whose writer may not know. */
class ReplacedFile {
  readonly #file: Followed;
  readonly #hold = new WholeLines();
  #quiet = 0;

  constructor(file: Followed) {
    this.#file = file;
  }

  /** Looks since its last byte. */
  get quietLooks(): number {
    return this.#quiet;
  }

  /** The whole lines that came; at the end, a line without an end too, which then gets one. */
  async *lines(buffer: Uint8Array, end: boolean): AsyncGenerator<Uint8Array> {
    this.#quiet += 1;
    for await (const chunk of this.#file.rest(buffer)) {
      this.#quiet = 0;
      const lines = this.#hold.take(chunk);
      if (lines !== undefined) yield lines;
    }
    const rest = end ? this.#hold.rest() : new Uint8Array();
    if (rest.length > 0) yield Buffer.concat([rest, NEW_LINE]);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
