/** A publisher as CONTRIBUTING.md describes one: the update of the best validation, as a file. */
import { PRESENT } from "../../src/core/layout.js";
import { LineFile } from "../../src/publishers/ndjson.js";
import type { PublisherOutcome, UpdatePublisher } from "../../src/publishers/update-publisher.js";
import type { RunUpdate } from "../../src/run/run-reader.js";

/** Writes the update at which a metric improved last, when the log ends. Nothing is written if no metric did. */
export class BestUpdatePublisher implements UpdatePublisher {
  readonly name = "best update";
  readonly #file: LineFile;
  #up: number | undefined;

  constructor(path: string) {
    this.#file = new LineFile(path, "whole");
  }

  async publish({ batch: { validation } }: RunUpdate): Promise<void> {
    // The rows, not the points: a partial point may close after later ones.
    for (const [row, present] of validation.present.entries())
      if ((present & PRESENT.stalled) === 0) this.#up = validation.up[row];
  }

  async close(): Promise<PublisherOutcome> {
    if (this.#up === undefined)
      return { outputs: [], notes: [{ text: "no metric improved: no best update" }] };
    await this.#file.write(`${this.#up}\n`);
    return { outputs: await this.#file.close() };
  }

  async discard(): Promise<void> {
    await this.#file.discard();
  }
}
