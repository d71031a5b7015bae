/** Gives a publisher a queue of its own. */

import type { PatternMeasurement, TrainingMeasurement } from "../core/measurement.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import { nodeCore } from "../node-core.js";
import { LogLines, type LogText } from "../run/log-lines.js";
import type { RunUpdate } from "../run/run-reader.js";
import type { Publisher } from "./publisher.js";
import type { OpenedRun, PublisherOutcome, UpdatePublisher } from "./update-publisher.js";

/** More rows and lines than this do not wait for a publisher. */
const QUEUE = 50_000;

/**
 * Feeds a publisher in its own time. When the queue is full, the reading of a file waits; a training that is running
 * does not: what finds no place is left out and counted.
 */
export class PublisherQueue implements UpdatePublisher {
  readonly name: string;
  readonly #publisher: Publisher;
  readonly #live: boolean;
  readonly #evaluations: readonly Evaluation[];
  #run: OpenedRun | undefined;
  #lines: LogLines | undefined;
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #leftOut = 0;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param live Whether the log comes from a training that must not wait.
   * @param evaluations Of the trained model.
   */
  constructor(publisher: Publisher, live: boolean, evaluations: readonly Evaluation[] = []) {
    this.name = publisher.name;
    this.#publisher = publisher;
    this.#live = live;
    this.#evaluations = evaluations;
  }

  open(run: OpenedRun): void {
    this.#run = run;
    this.#work = this.#try(() => this.#publisher.open?.({ source: run.source }));
  }

  async publish(update: RunUpdate): Promise<void> {
    const { batch, chunk, segments, points } = update;
    const training: TrainingMeasurement[] = [];
    const patterns: PatternMeasurement[] = [];
    for (const measurement of batch.measurements()) {
      if (measurement.type === "training") training.push(measurement);
      else if (measurement.type === "pattern") patterns.push(measurement);
    }
    if (this.#publisher.logLines !== undefined) this.#lines ??= new LogLines(nodeCore(), batch.time);
    this.#lines?.startSegments(segments.values());
    const lines: LogText[] = (chunk === undefined ? this.#lines?.finish() : this.#lines?.take(chunk)) ?? [];
    const size = training.length + patterns.length + points.length + lines.length;
    if (this.#live && this.#waiting + size > QUEUE) {
      this.#leftOut += size;
    } else {
      this.#waiting += size;
      this.#work = this.#work.then(async () => {
        const publisher = this.#publisher;
        await this.#give([...segments.values()], (list) => publisher.segments?.(list));
        await this.#give(training, (list) => publisher.training?.(list));
        await this.#give(points, (list) => publisher.validation?.(list));
        await this.#give(patterns, (list) => publisher.patterns?.(list));
        await this.#give(lines, (list) => publisher.logLines?.(list));
        this.#waiting -= size;
      });
      if (!this.#live && this.#waiting > QUEUE) await this.#work;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async close(): Promise<PublisherOutcome> {
    await this.#work;
    await this.#give(this.#evaluations, (list) => this.#publisher.evaluations?.(list));
    const run = this.#run;
    if (this.#failure === undefined && run !== undefined)
      await this.#try(() => this.#publisher.close?.({ tally: run.tally() }));
    if (this.#failure !== undefined) throw this.#failure.error;
    const lost =
      this.#leftOut > 0
        ? `${this.#leftOut} rows and lines of ${run?.source} did not fit in its queue`
        : undefined;
    return { outputs: [], undelivered: lost };
  }

  async discard(): Promise<void> {
    await this.#work;
  }

  async #give<Item>(
    list: readonly Item[],
    call: (list: readonly Item[]) => Promise<void> | void,
  ): Promise<void> {
    if (list.length > 0 && this.#failure === undefined) await this.#try(() => call(list));
  }

  async #try(call: () => Promise<void> | void): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}
