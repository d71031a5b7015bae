/** The reading process's end of the channel to the process that passes standard input on. */
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { CHANNEL, CUT, END } from "./channel.js";

/** Milliseconds that a process lives on whose pipe is gone. What it has is delivered or put offline long before. */
const LONGEST_ORPHAN = 55_000;

/** What the reading process tells, and hears, of the other one. */
export class ParentChannel {
  readonly #socket: Socket | undefined;
  readonly #gone = new AbortController();
  readonly #settled: Promise<void>;
  #ended = false;

  private constructor(descriptor: number) {
    this.#socket = openSocket(descriptor);
    const socket = this.#socket;
    this.#settled = new Promise((resolve) => {
      if (socket === undefined) return resolve();
      socket.on("error", () => {});
      const lines = createInterface({ input: socket });
      lines.on("error", () => {});
      lines.on("line", (line) => {
        if (line !== END && line !== CUT) return;
        this.#ended = line === END;
        resolve();
      });
      socket.on("close", () => {
        resolve();
        this.#gone.abort();
        // A wait that nothing ends must not outlive the training.
        setTimeout(() => process.kill(process.pid, "SIGKILL"), LONGEST_ORPHAN).unref();
      });
      socket.unref();
    });
  }

  /** The link of this process; undefined if a pipe did not start it. */
  static ofProcess(environment: NodeJS.ProcessEnv): ParentChannel | undefined {
    const descriptor = environment[CHANNEL];
    return descriptor === undefined ? undefined : new ParentChannel(Number(descriptor));
  }

  /** Aborted when the pipe is gone, which outlives this process unless it was killed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Tells the other process one word. */
  tell(word: string): void {
    this.#socket?.write(`${word}\n`);
  }

  /** Whether standard input, which has ended, has ended with the log. */
  async logIsWhole(): Promise<boolean> {
    this.#socket?.ref();
    await this.#settled;
    this.#socket?.unref();
    return this.#ended || this.#socket === undefined;
  }
}

function openSocket(descriptor: number): Socket | undefined {
  try {
    return new Socket({ fd: descriptor, readable: true, writable: true });
  } catch {
    // Somebody else has set the variable.
    return undefined;
  }
}
