/**
 * The pipe after a training: standard input goes to standard output byte for byte, and a copy to a process that
 * reads it. Nothing that happens to that process, its files or its network reaches the pipe. Loads as little as
 * possible, so that it is there before the training says anything.
 */

import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { EXIT, stopCode } from "../exit-code.js";
import { DescriptorWriter } from "./descriptor-writer.js";
import { LineBuffer } from "./line-buffer.js";
import { ignoreOtherSignals, type StopName, signalsDelivered } from "./pipe-signals.js";
import { type ReaderCommand, type ReaderEnd, ReaderProcess } from "./reader-process.js";

/** What the pipe allows itself; other values are for tests. */
export interface PipeLimits {
  /** Bytes that may wait for the reading process. */
  readonly buffer: number;
  /** Milliseconds that the reading process has when standard input has ended. */
  readonly atEnd: number;
  /** Milliseconds that it has when standard input has ended and a signal has come, whichever is later. */
  readonly afterSignal: number;
}

const LIMITS: PipeLimits = {
  buffer: 64e6,
  atEnd: 5 * 60_000,
  afterSignal: 20_000,
};

/** Resolves after some milliseconds; does not keep the process alive. Tests have their own. */
type Sleep = (milliseconds: number) => Promise<void>;

const systemSleep: Sleep = (milliseconds) => delay(milliseconds, undefined, { ref: false });

/** Bytes that are passed on between two collections. */
const COLLECTED_AT = 1 << 20;
/** Bytes that may wait for standard output before standard input has to. */
const ECHO_BUFFER = 1 << 20;
/** Milliseconds in which standard output and error may take the rest when all else is done. */
const LAST_BYTES = 1_000;

/**
 * Passes standard input on until it ends, whatever signal comes: a training that is asked to end still saves its model,
 * and would be ended by a broken pipe. Returns the exit code.
 */
export async function runPipe(
  command: ReaderCommand,
  limits: PipeLimits = LIMITS,
  sleep: Sleep = systemSleep,
): Promise<number> {
  return await new Pipe(command, limits, sleep).run();
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

/**
 * Makes what collects young objects, in some tenths of a millisecond. It changes flags of V8 for the whole process, so
 * only the process of a pipe may call it: the others live by the compiler.
 */
function youngCollector(): () => void {
  setFlagsFromString("--expose-gc");
  // What runs once a chunk gains nothing by it, and the compiler keeps some MB.
  setFlagsFromString("--no-opt");
  const collect = runInNewContext("gc") as (options: { type: "minor" }) => void;
  return () => collect({ type: "minor" });
}

class Pipe {
  readonly #limits: PipeLimits;
  readonly #command: ReaderCommand;
  readonly #sleep: Sleep;
  readonly #collectYoung = youngCollector();
  readonly #echo = new DescriptorWriter(1);
  readonly #said = new DescriptorWriter(2);
  readonly #feed: LineBuffer;
  readonly #input: Readable = process.stdin;
  #signal: StopName | undefined;
  /** Bytes since the last collection. */
  #passed = 0;

  constructor(command: ReaderCommand, limits: PipeLimits, sleep: Sleep) {
    this.#limits = limits;
    this.#sleep = sleep;
    this.#command = command;
    this.#feed = new LineBuffer(limits.buffer);
  }

  async run(): Promise<number> {
    process.on("uncaughtException", (error) => this.#say(`internal error: ${error.message}`));
    const stopped = this.#watchSignals();
    const inputEnded = this.#passOn();
    const reader = new ReaderProcess(this.#command, (bytes) => this.#relay(bytes));
    if (reader.input !== undefined) this.#feed.start(reader.input);
    let end: ReaderEnd | undefined;
    void reader.ended.then((how) => {
      end = how;
      this.#feed.stop();
      this.#sayEarlyEnd(how);
    });
    void stopped.then((signal) => reader.stop(signal));
    await inputEnded;
    reader.logEnds(this.#feed.isWhole);
    this.#feed.end();
    const tooLate = stopped.then(() => this.#sleep(this.#limits.afterSignal));
    await Promise.race([this.#echo.drained(), tooLate]);
    await this.#readerEnds(reader, tooLate);
    if (end?.code !== EXIT.usage) this.#sayLoss();
    await Promise.race([Promise.all([this.#echo.drained(), this.#said.drained()]), delay(LAST_BYTES)]);
    stuck = this.#echo.waiting + this.#said.waiting > 0;
    await signalsDelivered();
    return this.#code(end, reader.trial);
  }

  /** Settles when there is nothing more to pass on. */
  #passOn(): Promise<void> {
    return new Promise((resolve) => {
      this.#input.on("data", (chunk: Buffer) => {
        this.#echo.write(chunk);
        this.#feed.push(chunk);
        this.#letGo(chunk.length);
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

  /**
   * Has the chunks collected that were passed on. Their bytes lie outside the heap, where they take next to nothing,
   * so that V8 would let them come to 10 MB and more before it looks.
   */
  #letGo(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed < COLLECTED_AT) return;
    this.#passed = 0;
    this.#collectYoung();
  }

  /** Settles with the first signal to stop. No signal ends this process: only its input does. */
  #watchSignals(): Promise<StopName> {
    ignoreOtherSignals();
    return new Promise((resolve) => {
      for (const name of ["SIGINT", "SIGTERM"] as const) {
        process.on(name, () => {
          this.#signal ??= name;
          resolve(name);
        });
      }
    });
  }

  async #readerEnds(reader: ReaderProcess, tooLate: Promise<void>): Promise<void> {
    const { atEnd, afterSignal } = this.#limits;
    const late = await Promise.race([
      reader.ended.then(() => undefined),
      this.#sleep(atEnd).then(() => `${atEnd / 1000} s of the end of standard input`),
      tooLate.then(() => `${afterSignal / 1000} s of ${this.#signal} and the end of standard input`),
    ]);
    if (late === undefined) return;
    this.#say(
      `the reading process did not end within ${late} and was killed; what it had not delivered is not published`,
    );
    reader.kill();
    await reader.ended;
  }

  #sayEarlyEnd({ code, signal, fault }: ReaderEnd): void {
    // Wrong flags and what it came to at its end it has told itself.
    if (code === EXIT.usage) return;
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
    if (this.#signal !== undefined) return stopCode(this.#signal);
    const ended = end?.code ?? EXIT.publisher;
    const whole = this.#feed.loss === undefined && this.#echo.fault === undefined;
    const foreign = ended === EXIT.interrupted || ended === EXIT.terminated;
    const code = foreign || (ended === EXIT.ok && !whole) ? EXIT.publisher : ended;
    return automationCode(code, process.env, trial);
  }
}

/**
 * The exit code of `parse_tc_logs`. In automation a fault of the publication must not look like one of the training;
 * in a trial run it is to show. A training that failed always shows, as somebody has asked for it.
 *
 * @param trial Whether the task's group is known to be none that an action has started.
 */
export function automationCode(
  code: number,
  environment: Readonly<Record<string, string | undefined>>,
  trial: boolean,
): number {
  if (!environment["MOZ_AUTOMATION"] || code === EXIT.ok || code === EXIT.taskFailed) return code;
  return trial ? EXIT.input : EXIT.ok;
}
