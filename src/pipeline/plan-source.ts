/** Reads a log for what it holds, any number of times. */

import { LogParser, type ParserOptions } from "../core/log-parser.js";
import { decompress } from "../io/packed/decompress.js";
import { refuseTar } from "../io/packed/tar-header.js";
import type { Source } from "../io/source.js";
import { linesOf } from "../io/whole-lines.js";
import { nodeCore } from "../node-core.js";
import { type RunPlan, RunPlanner } from "../run/run-plan.js";
import { RunReader, type RunUpdate } from "../run/run-reader.js";
import { type StepRow, StepRows } from "../run/step-rows.js";

/** The updates of what can be read of a source; an error of the source ends them. */
export async function* updatesOf(source: Source, options: ParserOptions): AsyncGenerator<RunUpdate> {
  using parser = new LogParser(nodeCore(), options);
  const reader = new RunReader(parser);
  const chunks = linesOf(source, refuseTar(decompress(source.chunks(), source.again)));
  try {
    for (;;) {
      const next = await chunks.next().catch(() => undefined);
      if (next === undefined || next.done) break;
      yield await reader.read(next.value);
    }
    yield await reader.finish();
  } finally {
    await chunks.return(undefined);
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
