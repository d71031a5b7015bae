/** Publishes a log, given as text or bytes, to TensorBoard. */

import { LogParser, type ParserOptions } from "../../../src/core/log-parser.js";
import { nodeCore } from "../../../src/node-core.js";
import {
  type TensorboardOptions,
  TensorboardPublisher,
} from "../../../src/publishers/tensorboard/tensorboard-publisher.js";
import type { PublisherOutcome } from "../../../src/publishers/update-publisher.js";
import { RunReader } from "../../../src/run/run-reader.js";

/** A publisher that is fed by hand, chunk by chunk. */
export class Publication implements Disposable {
  readonly publisher: TensorboardPublisher;
  readonly #live: boolean;
  readonly #parser: LogParser;
  readonly #reader: RunReader;

  constructor(
    options: Partial<TensorboardOptions> & { folder: string; source?: string },
    parser: ParserOptions = {},
  ) {
    const { source = "train.log", ...rest } = options;
    this.#live = rest.mode === "live";
    this.#parser = new LogParser(nodeCore(), { ...parser, live: this.#live });
    this.#reader = new RunReader(this.#parser);
    this.publisher = new TensorboardPublisher({ mode: "whole", step: "updates", ...rest });
    this.publisher.open({ source, tally: () => this.#reader.tally, summary: () => undefined });
  }

  /** Of a training that is running, what is held for the next line is settled, as by a pause of the log. */
  async write(log: string | Uint8Array): Promise<void> {
    const bytes = typeof log === "string" ? new TextEncoder().encode(log) : log;
    await this.publisher.publish(await this.#reader.read(bytes));
    if (this.#live && this.#parser.holds)
      await this.publisher.publish(await this.#reader.settle(this.#parser.settle()));
  }

  async close(): Promise<PublisherOutcome> {
    await this.publisher.publish(await this.#reader.finish());
    return this.publisher.close();
  }

  [Symbol.dispose](): void {
    this.#parser.free();
  }
}

/** Publishes a whole log, cut into chunks of `size` bytes. */
export async function writeEvents(
  log: string | Uint8Array,
  options: Partial<TensorboardOptions> & { folder: string; source?: string },
  parser: ParserOptions = {},
  size = 1 << 20,
): Promise<PublisherOutcome> {
  using publication = new Publication(options, parser);
  const bytes = typeof log === "string" ? new TextEncoder().encode(log) : log;
  for (let at = 0; at < bytes.length; at += size) await publication.write(bytes.subarray(at, at + size));
  return await publication.close();
}
