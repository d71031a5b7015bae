/** A publisher that takes a running log before it is known where the run goes. */
import { nodeCore } from "../node-core.js";
import { LogParser } from "../parser/log-parser.js";
import type { TimestampFormat } from "../parser/timestamp.js";
import type { PublisherOutcome, UpdatePublisher } from "../publishers/update-publisher.js";
import { RunReader, type RunUpdate } from "../run/run-reader.js";

/** Bytes of log that may wait; then the reading does. */
const MOST_WAITING = 32e6;

/** Makes the publisher when the place is known; undefined where nothing is to be published. */
export type PublisherOpening = (time: TimestampFormat) => UpdatePublisher;

/**
 * Keeps the bytes of the log until the publisher is there, and then gives it everything from the first line on, by a
 * parser of its own.
 */
export class LatePublisher implements UpdatePublisher {
  readonly name: string;
  readonly #parser = new LogParser(nodeCore());
  readonly #reader = new RunReader(this.#parser);
  #publisher: UpdatePublisher | undefined;
  #opened = false;
  #waiting = 0;
  #work: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  /** @param opening Must not reject. */
  constructor(name: string, opening: Promise<PublisherOpening | undefined>) {
    this.name = name;
    this.#work = opening.then((open) => {
      this.#opened = true;
      this.#publisher = open?.(this.#parser.time);
    });
  }

  async publish({ chunk }: RunUpdate): Promise<void> {
    if (this.#opened && this.#publisher === undefined) return;
    const bytes = chunk?.slice();
    this.#waiting += bytes?.length ?? 0;
    this.#work = this.#work.then(() => this.#give(bytes));
    if (this.#opened || this.#waiting > MOST_WAITING) await this.#work;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async close(): Promise<PublisherOutcome> {
    await this.#work;
    if (this.#failure !== undefined) throw this.#failure.error;
    const outcome = await this.#publisher?.close();
    this.#parser.free();
    return outcome ?? { outputs: [] };
  }

  async discard(): Promise<void> {
    await this.#work;
    await this.#publisher?.discard();
    this.#parser.free();
  }

  async #give(bytes: Uint8Array | undefined): Promise<void> {
    this.#waiting -= bytes?.length ?? 0;
    const publisher = this.#publisher;
    if (publisher === undefined || this.#failure !== undefined) return;
    try {
      const update = bytes === undefined ? await this.#reader.finish() : await this.#reader.read(bytes);
      await publisher.publish(update);
    } catch (error) {
      this.#failure = { error };
    }
  }
}
