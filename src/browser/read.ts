/** The four ways of reading a log, over one that is open. */

import type { CheckReport } from "../check/check-log.js";
import type { CheckOptions } from "../check/check-options.js";
import type { Batch } from "../core/batch.js";
import type { Measurement } from "../core/measurement.js";
import type { WebLogInput } from "../io/web-log.js";
import { wholeRun } from "../run/marian-log.js";
import { RunReader, type RunTally, type RunUpdate } from "../run/run-reader.js";
import { readTrainingRun, type TrainingRun } from "../run/training-run.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import { openLog } from "./log-opener.js";
import type { ReadOptions } from "./open-log.js";
import type { Setup } from "./setup.js";

/** What a part of a log brought to its training, and what was counted up to there. */
export interface PageUpdate extends RunUpdate {
  readonly tally: RunTally;
}

/** So many logs are read at once; a page may ask for hundreds. */
const limit = new ConcurrencyLimit(Math.min(8, globalThis.navigator?.hardwareConcurrency ?? 4));

export async function* batchesOf(
  setup: Setup,
  input: WebLogInput,
  options: ReadOptions,
): AsyncGenerator<Batch> {
  const log = await openLog(setup, input, options);
  try {
    for await (const chunk of log.chunks) yield log.parser.feed(chunk);
    yield log.parser.finish();
    if (log.fault !== undefined) throw log.fault;
  } finally {
    log.close();
  }
}

export async function* measurementsOf(
  setup: Setup,
  input: WebLogInput,
  options: ReadOptions,
): AsyncGenerator<Measurement> {
  for await (const batch of batchesOf(setup, input, options)) yield* batch.measurements();
}

export async function* updatesOf(
  setup: Setup,
  input: WebLogInput,
  options: ReadOptions,
): AsyncGenerator<PageUpdate> {
  const log = await openLog(setup, input, options);
  try {
    const reader = new RunReader(log.parser);
    const told = (update: RunUpdate): PageUpdate => ({ ...update, chunk: undefined, tally: reader.tally });
    for await (const chunk of log.chunks) yield told(await reader.read(chunk));
    yield told(await reader.finish());
    if (log.fault !== undefined) throw log.fault;
  } finally {
    log.close();
  }
}

export async function checkOf(
  setup: Setup,
  input: WebLogInput,
  options: ReadOptions & CheckOptions,
): Promise<CheckReport> {
  // Loaded now: pages that draw need none of it.
  const { checkInPage } = await import("./check.js");
  return limit.run(options.signal, () => checkInPage(setup, input, options));
}

export function runOf(setup: Setup, input: WebLogInput, options: ReadOptions): Promise<TrainingRun> {
  return limit.run(options.signal, async () => {
    const log = await openLog(setup, input, options);
    try {
      return wholeRun(await readTrainingRun(log.parser, log.chunks), log);
    } finally {
      log.close();
    }
  });
}
