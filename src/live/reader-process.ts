/** The process that reads the log for the one that passes it on. */
import { type ChildProcess, spawn } from "node:child_process";
import { readlinkSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import type { Duplex, Writable } from "node:stream";
import { CHANNEL, CUT, END, INPUT, READY, TRIAL } from "./channel.js";

/** How the reading process is started. */
export interface ReaderCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** How it ended. */
export interface ReaderEnd {
  /** Null where a signal ended it, or it could not be started. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly fault?: Error;
}

/** The kernel takes the process with the highest number first when memory runs out. */
const TAKE_FIRST = "1000";
/** Lower priority than the training, if there is not enough CPU for both. */
const NICE = 5;

/** A process that gets the log, and whose faults are its own. */
export class ReaderProcess {
  readonly ended: Promise<ReaderEnd>;
  /** Whether it has told that faults are to show. */
  trial = false;
  readonly #child: ChildProcess | undefined;
  readonly #channel: Duplex | undefined;
  readonly #ready: Promise<void>;
  #setReady: () => void = () => {};

  /** @param said Takes what it prints. */
  constructor({ program, args }: ReaderCommand, said: (bytes: Uint8Array) => void) {
    this.#ready = new Promise((resolve) => {
      this.#setReady = resolve;
    });
    try {
      const child = spawn(program, args, {
        stdio: ["pipe", "ignore", "pipe", "pipe"],
        // A signal to the whole group would come before it can take one.
        detached: true,
        env: { ...process.env, [CHANNEL]: "3", [INPUT]: nameOfInput() },
      });
      this.#child = child;
      yieldTo(child.pid);
      child.stderr?.on("data", said).on("error", () => {});
      const channel = child.stdio[3] as Duplex;
      this.#channel = channel;
      const lines = createInterface({ input: channel.on("error", () => {}) });
      // A reader that ended without hearing the last word resets the channel.
      lines.on("error", () => {});
      lines.on("line", (line) => {
        if (line === TRIAL) this.trial = true;
        if (line === READY) this.#setReady();
      });
      this.ended = new Promise((resolve) => {
        child.once("error", (fault) => resolve({ code: null, signal: null, fault }));
        child.once("close", (code, signal) => resolve({ code, signal }));
      });
    } catch (fault) {
      this.ended = Promise.resolve({ code: null, signal: null, fault: fault as Error });
    }
  }

  /** Where the log goes; undefined if the process could not be started. */
  get input(): Writable | undefined {
    return this.#child?.stdin ?? undefined;
  }

  /** Asks it to end, as soon as it can be asked. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    await Promise.race([this.#ready, this.ended]);
    this.#send(signal);
  }

  /**
   * Tells it that the log has ended, so that its input is going to. Without this word the end may be within a line.
   *
   * @param whole Whether its input holds the last line.
   */
  logEnds(whole: boolean): void {
    this.#channel?.write(`${whole ? END : CUT}\n`);
  }

  kill(): void {
    this.#send("SIGKILL");
  }

  /** Of a process that could not be started, Node's own `kill` would signal our whole group: the training too. */
  #send(signal: NodeJS.Signals): void {
    if (this.#child?.pid !== undefined) this.#child.kill(signal);
  }
}

function nameOfInput(): string {
  try {
    return readlinkSync("/proc/self/fd/0");
  } catch {
    return "";
  }
}

/** The training goes first, in memory and CPU. Where that can't be said, it goes without. */
function yieldTo(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, TAKE_FIRST);
  } catch {
    // Not on Linux.
  }
  try {
    setPriority(pid, NICE);
  } catch {
    // It may have ended.
  }
}
