/** Publishes a log whose end must be known before its publication begins. */
import type { ParserOptions } from "../core/log-parser.js";
import type { Source } from "../io/source.js";
import type { PublisherOutcome, UpdatePublisher } from "../publishers/update-publisher.js";
import { type RunPlan, RunPlanner } from "../run/run-plan.js";
import type { RunUpdate } from "../run/run-reader.js";
import type { StepRow } from "../run/step-rows.js";
import { rowsOf, updatesOf } from "./plan-source.js";

/** Bytes of a log and its columns that are kept in memory; a log that needs more is read again. */
const MAX_KEPT = 48 * 1024 * 1024;

/** Where a whole log goes. */
export interface WholeLogOptions {
  /** Opens the log for another reading. */
  readonly again: () => Source;
  readonly parser: ParserOptions;
  /** Ends the publication early. */
  readonly stop: AbortSignal;
  /** Makes the publisher; `rows` yields the rows of the plan, any number of times. */
  readonly make: (plan: RunPlan, rows: () => AsyncIterable<StepRow>) => UpdatePublisher;
}

/** Plans the log while it is read, and publishes it from memory at its end. A log without rows is not published. */
export class WholeLogPublisher implements UpdatePublisher {
  readonly name: string;
  readonly #options: WholeLogOptions;
  readonly #planner = new RunPlanner();
  #kept: RunUpdate[] | undefined = [];
  #bytes = 0;
  #publisher: UpdatePublisher | undefined;

  constructor(name: string, options: WholeLogOptions) {
    this.name = name;
    this.#options = options;
  }

  async publish(update: RunUpdate): Promise<void> {
    this.#planner.take(update);
    if (this.#kept === undefined) return;
    // The next batch and chunk may come in the same memory; a Buffer's own slice would be no copy.
    const chunk = update.chunk && new Uint8Array(update.chunk);
    this.#bytes += update.batch.keep() + (chunk?.length ?? 0);
    if (this.#bytes > MAX_KEPT) this.#kept = undefined;
    else this.#kept.push({ ...update, chunk });
  }

  async close(): Promise<PublisherOutcome> {
    const { plan } = this.#planner;
    if (plan.rows === 0) return { outputs: [] };
    const { make, stop } = this.#options;
    const publisher = make(plan, () => rowsOf(this.#updates(), plan));
    this.#publisher = publisher;
    for await (const update of this.#updates()) {
      await publisher.publish(update);
      // What is in memory is published to its end, into the offline file at least: that takes no second reading.
      if (stop.aborted && this.#kept === undefined) break;
    }
    return stop.aborted ? this.keep() : publisher.close();
  }

  async discard(): Promise<void> {
    await this.keep();
  }

  async keep(): Promise<PublisherOutcome> {
    const kept = await this.#publisher?.keep?.();
    if (kept === undefined) await this.#publisher?.discard();
    return kept ?? { outputs: [] };
  }

  #updates(): Iterable<RunUpdate> | AsyncIterable<RunUpdate> {
    const { again, parser } = this.#options;
    return this.#kept ?? updatesOf(again(), parser);
  }
}
