/** Standard output and standard error, written so that neither can hold up the reading of standard input. */
import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two tries at a pipe that is full. */
const SHORTEST_WAIT = 1;
const LONGEST_WAIT = 8;

/**
 * Writes to a file descriptor, in order, in its own time. The descriptor keeps its flags: others share it, and a
 * program that finds its own standard output non-blocking may lose what it prints.
 */
export class DescriptorWriter {
  readonly #descriptor: Descriptor;
  #queue: Uint8Array[] = [];
  #bytes = 0;
  #working: Promise<void> | undefined;
  #closed = false;
  #fault: NodeJS.ErrnoException | undefined;

  constructor(fd: number) {
    this.#descriptor = openOwn(fd);
  }

  /** Bytes that are not written yet. */
  get waiting(): number {
    return this.#bytes;
  }

  /** Why not everything was taken. A reader that has seen enough (`head`) is no fault. */
  get fault(): NodeJS.ErrnoException | undefined {
    return this.#fault;
  }

  /** Adds bytes. When nobody takes them any more, they are dropped. */
  write(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#bytes += bytes.length;
    this.#working ??= this.#work();
  }

  /** Settles when everything so far is written, or nobody takes it. */
  async drained(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        await this.#all(next);
        this.#queue.shift();
        this.#bytes -= next.length;
      }
    } catch (error) {
      this.#closed = true;
      this.#queue = [];
      this.#bytes = 0;
      const fault = error as NodeJS.ErrnoException;
      if (fault.code !== "EPIPE") this.#fault = fault;
    }
    this.#working = undefined;
  }

  async #all(bytes: Uint8Array): Promise<void> {
    let wait = SHORTEST_WAIT;
    for (let at = 0; at < bytes.length; ) {
      const written = await writeSome(this.#descriptor, bytes, at);
      at += written;
      if (written > 0) {
        wait = SHORTEST_WAIT;
      } else {
        await sleep(wait);
        wait = Math.min(2 * wait, LONGEST_WAIT);
      }
    }
  }
}

interface Descriptor {
  readonly fd: number;
  /** Whether a full pipe answers at once instead of holding up who writes. */
  readonly nonBlocking: boolean;
}

/**
 * A pipe is opened once more, because its flags can then be set for us alone. Whatever can't be, sockets and files and
 * pipes of another user, is written by a thread.
 */
function openOwn(fd: number): Descriptor {
  try {
    if (fstatSync(fd).isFIFO())
      return {
        fd: openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK),
        nonBlocking: true,
      };
  } catch {
    // Then as it is.
  }
  return { fd, nonBlocking: false };
}

/** Writes as much as fits; returns 0 if nothing does. */
async function writeSome({ fd, nonBlocking }: Descriptor, bytes: Uint8Array, at: number): Promise<number> {
  try {
    if (nonBlocking) return writeSync(fd, bytes, at);
    return await new Promise<number>((resolve, reject) => {
      write(fd, bytes, at, (error, written) => (error === null ? resolve(written) : reject(error)));
    });
  } catch (error) {
    // Somebody else may have made a shared descriptor non-blocking.
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}
