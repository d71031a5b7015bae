/** Reads one input and gives it to its publishers. */

import { RunChecker } from "../check/run-checker.js";
import { TrainingSummaryReader } from "../check/training-summary.js";
import { LendingParser } from "../core/lending-parser.js";
import type { ParserOptions } from "../core/log-parser.js";
import { isOfSystem } from "../io/input-error.js";
import type { Source } from "../io/source.js";
import { nodeCore } from "../node-core.js";
import type { OpenedRun, PublisherOutcome, UpdatePublisher } from "../publishers/update-publisher.js";
import { isMeasured, RunReader, type RunTally, type RunUpdate } from "../run/run-reader.js";
import { inputErrorText, outputErrorText } from "./error-text.js";
import type { InputReceipt, PublisherResult } from "./input-receipt.js";
import { type LogEnd, LogTail } from "./log-tail.js";
import { type ReadControl, readLog } from "./read-log.js";
import { YoungObjects } from "./young-objects.js";

/** How the reading of a log is watched and stopped, and what becomes of it. */
export interface LogControl extends ReadControl {
  /** The log grows: what was published before a stop is kept. */
  readonly growing?: boolean;
  /** Milliseconds without a record after which a training is silent. Default: by the distances of its records. */
  readonly silentAfter?: number | undefined;
  /**
   * False: the receipt says nothing of how the training is doing and how it ended, but for a death before the first
   * measurement.
   */
  readonly summary?: boolean | undefined;
  /** A publisher of several logs: it gets this one first, and its owner closes it. */
  readonly shared?: UpdatePublisher | undefined;
}

/**
 * Reads `source` to its end. Never rejects for an error of the input or of a publisher: the receipt has it. A publisher
 * that fails gets nothing more; the others go on.
 */
export async function publishLog(
  source: Source,
  options: ParserOptions,
  publishers: readonly UpdatePublisher[],
  control: LogControl = {},
): Promise<InputReceipt> {
  // A log that is still written is watched as it comes, because it may end in a death; a file's last lines show one.
  const watched = options.live === true || source.closed !== undefined;
  using parser = new LendingParser(nodeCore(), { ...options, marks: watched || options.marks === true });
  const reader = new RunReader(parser);
  const run = new RunPublishers(publishers, control.shared);
  const summary = new TrainingSummaryReader();
  run.open(source.name, reader, summary);
  const closed = () => source.closed === true;
  const check = watched ? new RunChecker(parser.time, { kinds: ["unfinished"], closed }) : undefined;
  const tail = new LogTail();
  let isSummarised = true;
  const see = (text: Uint8Array) => {
    if (isSummarised && check === undefined) tail.take(text);
  };
  const take = async (update: RunUpdate) => {
    if (control.summary === false && isMeasured(update.batch)) isSummarised = false;
    if (isSummarised) {
      check?.take(update);
      summary.take(update);
    }
    await run.publish(update);
  };
  const young = new YoungObjects();
  let error: string | undefined;
  let isUnread = false;
  try {
    for await (const update of readLog(source, parser, reader, control, { live: options.live, see })) {
      await take(update);
      young.limit();
      if (control.signal?.aborted) break;
    }
  } catch (thrown) {
    error = inputErrorText(thrown);
    isUnread = isOfSystem(thrown);
  }
  try {
    await take(await reader.finish());
  } catch (thrown) {
    error ??= inputErrorText(thrown);
  }
  const stopped = control.signal?.aborted === true;
  const unopened = error !== undefined && reader.tally.counts.bytes === 0;
  // A pipe can't be read again, so its results are kept; a file's old results are better than half of the new ones.
  // An input that could not be opened has no results.
  if (unopened || (stopped && source.name !== "-" && control.growing !== true)) await run.discard();
  else await run.close();
  if (stopped) error = "stopped before its end";
  const whole = error === undefined;
  const end = whole && isSummarised ? await endOf(check ?? tail, reader.tally, summary) : undefined;
  const training = isSummarised
    ? summary.finish({
        state: end?.state,
        whole,
        now: Date.now(),
        modified: source.modified,
        silentAfter: control.silentAfter,
      })
    : undefined;
  return {
    source: source.name,
    ...reader.tally,
    ...(error === undefined ? {} : { error }),
    ...(isUnread ? { unread: true } : {}),
    ...(source.changed === true ? { running: true } : {}),
    ...(end?.death === undefined ? {} : { death: end.death }),
    ...(training === undefined ? {} : { summary: training }),
    publishers: run.results,
  };
}

async function endOf(
  watch: RunChecker | LogTail,
  { counts }: RunTally,
  { part }: TrainingSummaryReader,
): Promise<LogEnd> {
  if (watch instanceof LogTail) return watch.end(counts.lines, part);
  watch.finish();
  return watch;
}

/** What is known of the end of a log that is being read. */
const UNENDED = { state: undefined, whole: false, modified: undefined, silentAfter: undefined } as const;

/** The publishers of a run and their results. */
class RunPublishers {
  readonly results: PublisherResult[] = [];
  readonly #shared: UpdatePublisher | undefined;
  #working: readonly UpdatePublisher[];

  constructor(own: readonly UpdatePublisher[], shared: UpdatePublisher | undefined) {
    this.#shared = shared;
    this.#working = shared === undefined ? own : [shared, ...own];
  }

  open(source: string, reader: RunReader, training: TrainingSummaryReader): void {
    const run: OpenedRun = {
      source,
      tally: () => reader.tally,
      summary: () => training.finish({ ...UNENDED, now: Date.now() }),
    };
    for (const publisher of this.#working) publisher.open?.(run);
  }

  publish(update: RunUpdate): Promise<void> {
    return this.#each((publisher) => publisher.publish(update));
  }

  async close(): Promise<void> {
    await this.#each(async (publisher) => {
      if (publisher !== this.#shared) this.#add(publisher, await publisher.close());
    });
  }

  /** Gives the run up; what a publisher keeps of it is in the results. */
  async discard(): Promise<void> {
    await this.#each(async (publisher) => {
      if (publisher === this.#shared) return;
      const kept = await giveUp(publisher);
      if (kept !== undefined) this.#add(publisher, kept);
    });
  }

  async #each(call: (publisher: UpdatePublisher) => Promise<void>): Promise<void> {
    const failed = new Set<UpdatePublisher>();
    for (const publisher of this.#working) {
      try {
        await call(publisher);
      } catch (error) {
        failed.add(publisher);
        const isShared = publisher === this.#shared;
        const kept = isShared ? undefined : await giveUp(publisher).catch(() => undefined);
        this.#add(publisher, kept ?? { outputs: [] }, outputErrorText(error));
      }
    }
    if (failed.size > 0) this.#working = this.#working.filter((publisher) => !failed.has(publisher));
  }

  #add(publisher: UpdatePublisher, { undelivered, ...outcome }: PublisherOutcome, error?: string): void {
    const errors = [error, undelivered].filter((text) => text !== undefined);
    const shared = publisher === this.#shared ? ({ shared: true } as const) : {};
    this.results.push({ name: publisher.name, ...outcome, errors, ...shared });
  }
}

async function giveUp(publisher: UpdatePublisher): Promise<PublisherOutcome | undefined> {
  if (publisher.keep !== undefined) return publisher.keep();
  await publisher.discard();
  return undefined;
}
