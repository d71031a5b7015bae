/**
 * The pipe behind a training: standard input goes to standard output byte for byte, and a copy to a process that
 * reads it. Nothing that happens to that process, its files or its network reaches the pipe. Loads as little as
 * possible, so that it is there before the training says anything.
 */
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT } from "../cli/exit-code.js";
import { automationCode } from "./automation.js";
import { Feed } from "./feed.js";
import { Outlet } from "./outlet.js";
import { Reader, type ReaderCommand, type ReaderEnd } from "./reader.js";

type StopName = "SIGINT" | "SIGTERM";

/** What the pipe allows itself; other values are for tests. */
export interface PipeLimits {
  /** Bytes that may wait for the reading process. */
  readonly buffer: number;
  /** Milliseconds that the reading process has when standard input has ended. */
  readonly atEnd: number;
  /** Milliseconds that it has after a signal. */
  readonly afterSignal: number;
  /** Milliseconds after a signal in which the log is still read: a training says a last word. */
  readonly lastWords: number;
  /** Milliseconds after a signal in which standard input is passed on at least: a training saves its model. */
  readonly passing: number;
}

const LIMITS: PipeLimits = {
  buffer: 64e6,
  atEnd: 5 * 60_000,
  afterSignal: 20_000,
  lastWords: 500,
  passing: 5_000,
};

/** Bytes that may wait for standard output before standard input has to. */
const ECHO_BUFFER = 1 << 20;
/** Milliseconds in which standard output and error may take the rest when all else is done. */
const LAST_BYTES = 1_000;

/** Passes standard input on until it ends, or a signal comes and the reading process has ended. Returns the exit code. */
export async function runPipe(command: ReaderCommand, limits: PipeLimits = LIMITS): Promise<number> {
  return await new Pipe(command, limits).run();
}

/** Ends this process, also when a thread still waits for somebody to take its bytes. */
export function endProcess(code: number): void {
  const signal = code === EXIT.terminated ? "SIGTERM" : code === EXIT.interrupted ? "SIGINT" : undefined;
  // Node waits for its threads when it exits; a signal does not.
  if (signal !== undefined && stuck) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exit(code);
}

let stuck = false;

class Pipe {
  readonly #limits: PipeLimits;
  readonly #command: ReaderCommand;
  readonly #echo = new Outlet(1);
  readonly #said = new Outlet(2);
  readonly #feed: Feed;
  readonly #input: Readable = process.stdin;
  #signal: StopName | undefined;
  #told = false;

  constructor(command: ReaderCommand, limits: PipeLimits) {
    this.#limits = limits;
    this.#command = command;
    this.#feed = new Feed(limits.buffer);
  }

  async run(): Promise<number> {
    process.on("uncaughtException", (error) => this.#say(`internal error: ${error.message}`));
    const stopped = this.#watchSignals();
    const inputEnded = this.#passOn();
    const reader = new Reader(this.#command, (bytes) => this.#relay(bytes));
    if (reader.input !== undefined) this.#feed.start(reader.input);
    let end: ReaderEnd | undefined;
    void reader.ended.then((how) => {
      end = how;
      this.#feed.stop();
      this.#sayEarlyEnd(how);
    });
    void stopped.then((signal) => this.#askToEnd(reader, signal));
    const atEnd = inputEnded.then(async () => {
      this.#feed.end();
      await this.#echo.drained();
      if (this.#signal === undefined) await this.#readerEnds(reader, stopped);
      else await reader.ended;
    });
    const afterSignal = stopped.then(async () => {
      await Promise.all([reader.ended, Promise.race([inputEnded, sleep(this.#limits.passing)])]);
    });
    await Promise.race([atEnd, afterSignal]);
    if (end?.code !== EXIT.usage) this.#sayLoss();
    await Promise.race([Promise.all([this.#echo.drained(), this.#said.drained()]), sleep(LAST_BYTES)]);
    stuck = this.#echo.waiting + this.#said.waiting > 0;
    return this.#code(end, reader.trial);
  }

  /** Settles when there is nothing more to pass on. */
  #passOn(): Promise<void> {
    return new Promise((resolve) => {
      this.#input.on("data", (chunk: Buffer) => {
        this.#echo.write(chunk);
        this.#feed.push(chunk);
        if (this.#echo.waiting < ECHO_BUFFER) return;
        this.#input.pause();
        void this.#echo.drained().then(() => this.#input.resume());
      });
      this.#input.once("end", resolve);
      this.#input.once("error", (error) => {
        this.#say(`standard input can't be read any more: ${error.message}`);
        resolve();
      });
    });
  }

  /** Settles with the first signal to stop; with a second one the process ends at once. */
  #watchSignals(): Promise<StopName> {
    // Node forgets that a parent had it ignored (nohup), and a training that outlives its terminal needs its pipe.
    process.on("SIGHUP", () => {});
    return new Promise((resolve) => {
      for (const name of ["SIGINT", "SIGTERM"] as const) {
        process.on(name, () => {
          if (this.#signal !== undefined && this.#told) {
            stuck = true;
            endProcess(codeOf(this.#signal));
          }
          this.#signal ??= name;
          resolve(name);
        });
      }
    });
  }

  async #askToEnd(reader: Reader, signal: StopName): Promise<void> {
    void reader.stop(signal);
    await sleep(this.#limits.lastWords);
    // One key press gives several signals where a shell passes its own on.
    this.#told = true;
    this.#feed.end();
    const late = sleep(this.#limits.afterSignal - this.#limits.lastWords).then(() => true);
    if (!(await Promise.race([reader.ended.then(() => false), late]))) return;
    this.#say(
      `the reading process did not end within ${this.#limits.afterSignal / 1000} s of ${signal} and was killed; what it had not delivered is not published`,
    );
    reader.kill();
  }

  async #readerEnds(reader: Reader, stopped: Promise<StopName>): Promise<void> {
    const ended = reader.ended.then(() => true);
    const late = sleep(this.#limits.atEnd, false, { ref: false });
    const withSignal = stopped.then(() => reader.ended).then(() => true);
    if (await Promise.race([ended, late, withSignal])) return;
    this.#say(
      `the reading process did not end within ${this.#limits.atEnd / 1000} s of the end of standard input and was killed; what it had not delivered is not published`,
    );
    reader.kill();
    await reader.ended;
  }

  #sayEarlyEnd({ code, signal, fault }: ReaderEnd): void {
    // Wrong flags and what it came to at its end it has told itself.
    if (this.#signal !== undefined || code === EXIT.usage) return;
    if (this.#input.readableEnded && signal === null && fault === undefined) return;
    const how =
      fault === undefined
        ? signal === null
          ? `ended early with code ${code}`
          : `was ended by ${signal}`
        : `could not be started (${fault.message})`;
    const then = this.#input.readableEnded ? "" : ": standard input is passed on, and no more of it is read";
    this.#say(`the reading process ${how}${then}`);
  }

  #sayLoss(): void {
    const { loss } = this.#feed;
    if (loss !== undefined)
      this.#say(`${loss.bytes} bytes of standard input, from byte ${loss.from} on, were not read`);
    if (this.#echo.fault !== undefined) this.#say(`standard output: ${this.#echo.fault.message}`);
  }

  #say(text: string): void {
    this.#relay(Buffer.from(`parse_tc_logs: ${text}\n`));
  }

  /** What nobody reads does not wait without end. */
  #relay(bytes: Uint8Array): void {
    if (this.#said.waiting < ECHO_BUFFER) this.#said.write(bytes);
  }

  #code(end: ReaderEnd | undefined, trial: boolean): number {
    if (this.#signal !== undefined) return codeOf(this.#signal);
    const ended = end?.code ?? EXIT.sink;
    const whole = this.#feed.loss === undefined && this.#echo.fault === undefined;
    const foreign = ended === EXIT.interrupted || ended === EXIT.terminated;
    const code = foreign || (ended === EXIT.ok && !whole) ? EXIT.sink : ended;
    return automationCode(code, process.env, trial);
  }
}

function codeOf(signal: StopName): number {
  return signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
}
