/** Reads a log for what it holds, any number of times. */

import { LendingParser } from "../core/lending-parser.js";
import type { ParserOptions } from "../core/log-parser.js";
import type { Source } from "../io/source.js";
import { nodeCore } from "../node-core.js";
import { type RunPlan, RunPlanner } from "../run/run-plan.js";
import { RunReader, type RunUpdate } from "../run/run-reader.js";
import { type StepRow, StepRows } from "../run/step-rows.js";
import { readLog } from "./read-log.js";

/** The updates of what can be read of a source; an error of the source ends them. */
export async function* updatesOf(source: Source, options: ParserOptions): AsyncGenerator<RunUpdate> {
  using parser = new LendingParser(nodeCore(), options);
  const reader = new RunReader(parser);
  const updates = readLog(source, parser, reader);
  try {
    for (;;) {
      const next = await updates.next().catch(() => undefined);
      if (next === undefined || next.done) break;
      yield next.value;
    }
    yield await reader.finish();
  } finally {
    await updates.return(undefined);
  }
}

/** Plans the publication of what can be read of a source. */
export async function planSource(source: Source, options: ParserOptions): Promise<RunPlan> {
  const planner = new RunPlanner();
  for await (const update of updatesOf(source, options)) planner.take(update);
  return planner.plan;
}

/** The rows of a log with this plan, one for each update. */
export async function* rowsOf(
  updates: AsyncIterable<RunUpdate> | Iterable<RunUpdate>,
  plan: RunPlan,
): AsyncGenerator<StepRow> {
  let rows: StepRows | undefined;
  for await (const { batch } of updates) {
    rows ??= new StepRows(batch.time, plan);
    yield* rows.each(batch);
  }
  if (rows !== undefined) yield* rows.finish();
}

/** The rows of a log with this plan, which reads the log again. */
export function rowsOfSource(source: Source, options: ParserOptions, plan: RunPlan): AsyncGenerator<StepRow> {
  return rowsOf(updatesOf(source, options), plan);
}
