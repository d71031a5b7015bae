/** A publisher that takes a running log in its own time. */
import type { TrainingState } from "../check/course-check.js";
import { RunChecker } from "../check/run-checker.js";
import { LogParser, type ParserOptions } from "../core/log-parser.js";
import { nodeCore } from "../node-core.js";
import type { PublisherOutcome, UpdatePublisher } from "../publishers/update-publisher.js";
import { RunReader, type RunUpdate } from "../run/run-reader.js";
import { Backlog } from "./backlog.js";

/** A publisher that can be told to make haste. */
export interface LivePublisher extends UpdatePublisher {
  /** Settles when everything so far is delivered, or is where a later delivery finds it. */
  flush?(): Promise<void>;
  /** Learns that the log is over, though a part of it still waits. */
  logEnds?(): void;
  /** Gives the server up: from here on, everything is kept for a later delivery. */
  giveUp?(): void;
}

/**
 * Makes the publisher when the place is known; undefined if nothing is to be published. `trainingState` is how the training
 * stands, known when the log has been published; undefined if the log does not tell.
 */
export type PublisherOpening = (trainingState: () => TrainingState | undefined) => LivePublisher;

/** How the log is read, and until when. */
export interface BufferedOptions {
  readonly parser?: ParserOptions;
  /** What is there is to be delivered soon, though the log may go on. */
  readonly stop?: AbortSignal | undefined;
  /** Whether the log is over, asked at its end: if not, more may come than was read. */
  readonly closed?: () => boolean;
}

/** Milliseconds in which what is there may be delivered: after the order to stop, and after the end of the log. */
const AFTER_STOP = 7_500;
/** Bytes of the log that get into the offline file in a millisecond, also on a machine under load. */
const OFFLINE_RATE = 8_000;
/** Milliseconds after the order to stop in which a record that may be cut is settled by its log: by a line or a pause. */
const SETTLED_BY_LOG = 5_500;
const AFTER_END = 4 * 60_000;

/**
 * Keeps the bytes of the log until the publisher is there and takes them, and gives it everything from the first line
 * on, by a parser of its own. Nobody waits for it: neither a server that hangs nor a slow disk holds the reading up,
 * and what waits takes no memory worth mentioning.
 */
export class BufferedPublisher implements UpdatePublisher {
  readonly name: string;
  readonly #parser: LogParser;
  readonly #reader: RunReader;
  readonly #check: RunChecker;
  readonly #backlog = new Backlog();
  readonly #stop: AbortSignal | undefined;
  readonly #work: Promise<void>;
  #publisher: LivePublisher | undefined;
  /** Nothing is to be published, or no longer. */
  #idle = false;
  #ended = false;
  /** What the parser holds is to be taken for whole as soon as nothing more waits. */
  #settles = false;
  #ending: NodeJS.Timeout | undefined;
  #wake: () => void = () => {};
  #failure: { readonly error: unknown } | undefined;
  /** Bytes that are to be delivered soon. */
  #urgent = 0;
  readonly #hurry = () => void this.#deliverSoon();

  /** @param opening Must not reject. */
  constructor(
    name: string,
    opening: Promise<PublisherOpening | undefined>,
    { parser = {}, stop, closed = () => false }: BufferedOptions = {},
  ) {
    this.name = name;
    this.#stop = stop;
    this.#parser = new LogParser(nodeCore(), { ...parser, live: true, marks: true });
    this.#reader = new RunReader(this.#parser);
    this.#check = new RunChecker(this.#parser.time, { kinds: ["unfinished"], closed });
    this.#work = this.#run(opening);
  }

  async publish({ chunk }: RunUpdate): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (chunk === undefined) this.#end();
    else if (!this.#idle) this.#backlog.push(chunk);
    // The log has paused: what waits for its next line waits no longer.
    if (chunk?.length === 0) this.#settles = true;
    this.#wake();
  }

  async close(): Promise<PublisherOutcome> {
    this.#end();
    await this.#work;
    try {
      if (this.#failure !== undefined) throw this.#failure.error;
      return (await this.#publisher?.close()) ?? { outputs: [] };
    } finally {
      this.#free();
    }
  }

  async discard(): Promise<void> {
    this.#idle = true;
    this.#end();
    await this.#work;
    await this.#publisher?.discard();
    this.#free();
  }

  #end(): void {
    this.#wake();
    if (this.#ended) return;
    this.#ended = true;
    this.#publisher?.logEnds?.();
    const time = this.#stop?.aborted ? this.#patience : AFTER_END;
    this.#ending = setTimeout(() => this.#publisher?.giveUp?.(), time).unref();
  }

  /** Milliseconds that the server has after the order to stop: the more waits, the more of the time the disk needs. */
  get #patience(): number {
    return Math.max(0, AFTER_STOP - this.#backlog.bytes / OFFLINE_RATE);
  }

  #free(): void {
    clearTimeout(this.#ending);
    this.#stop?.removeEventListener("abort", this.#hurry);
    this.#backlog.close();
    this.#parser.free();
  }

  async #run(opening: Promise<PublisherOpening | undefined>): Promise<void> {
    const open = await opening;
    try {
      this.#publisher = open?.(() => this.#check.state);
      if (this.#ended) this.#publisher?.logEnds?.();
      if (this.#publisher === undefined) this.#idle = true;
      else if (this.#stop?.aborted) this.#hurry();
      else this.#stop?.addEventListener("abort", this.#hurry, { once: true });
      while (this.#publisher !== undefined && !this.#idle) {
        const bytes = this.#backlog.shift();
        if (bytes !== undefined) {
          await this.#take(await this.#reader.read(bytes));
          this.#urgent -= bytes.length;
        } else if (this.#ended) {
          break;
        } else if (this.#settles) {
          if (this.#parser.holds) await this.#take(await this.#reader.settle(this.#parser.settle()));
          this.#settles = false;
        } else {
          await this.#more();
        }
      }
      if (!this.#idle) {
        await this.#take(await this.#reader.finish());
        this.#check.finish();
      }
    } catch (error) {
      this.#failure = { error };
      this.#idle = true;
    }
    if (this.#idle) this.#backlog.close();
  }

  async #take(update: RunUpdate): Promise<void> {
    this.#check.take(update);
    await this.#publisher?.publish(update);
  }

  /** Settles with the next bytes, or the end. */
  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** What is there is delivered, or, when its time is over, given to where a later delivery finds it. */
  async #deliverSoon(): Promise<void> {
    const publisher = this.#publisher;
    const timer = setTimeout(() => publisher?.giveUp?.(), this.#patience).unref();
    const settled = performance.now() + SETTLED_BY_LOG;
    this.#urgent = this.#backlog.bytes;
    this.#wake();
    await this.#while(() => this.#urgent > 0);
    // What comes after the signal decides over the last record before it; nothing may come.
    await this.#while(() => this.#urgent === 0 && this.#parser.holds && performance.now() < settled);
    if (!this.#ended && this.#urgent === 0) this.#settles = true;
    this.#wake();
    await this.#while(() => this.#settles);
    await publisher?.flush?.();
    clearTimeout(timer);
  }

  /** Settles when it is the case no longer, or never will be. */
  async #while(holds: () => boolean): Promise<void> {
    while (!this.#idle && !this.#ended && holds()) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
