/** Reads a log for what it holds. */

import { LogParser, type ParserOptions } from "../core/log-parser.js";
import { decompress } from "../io/packed/decompress.js";
import { refuseTar } from "../io/packed/tar-header.js";
import type { Source } from "../io/source.js";
import { linesOf } from "../io/whole-lines.js";
import { nodeCore } from "../node-core.js";
import { planRun, type RunPlan } from "../run/run-plan.js";
import { type StepRow, StepRows } from "../run/step-rows.js";

/** The plan of what can be read of a source; a fault is told by the job that reads it again. */
export async function planSource(source: Source, options: ParserOptions): Promise<RunPlan> {
  using parser = new LogParser(nodeCore(), options);
  return await planRun(parser, readable(source));
}

/** The rows of a log with this plan, one an update. */
export async function* rowsOfSource(
  source: Source,
  options: ParserOptions,
  plan: RunPlan,
): AsyncGenerator<StepRow> {
  using parser = new LogParser(nodeCore(), options);
  const rows = new StepRows(parser.time, plan);
  for await (const chunk of readable(source)) yield* rows.each(parser.feed(chunk));
  yield* rows.each(parser.finish());
  yield* rows.finish();
}

async function* readable(source: Source): AsyncGenerator<Uint8Array> {
  const chunks = linesOf(source, refuseTar(decompress(source.chunks(), source.again)));
  try {
    for (;;) {
      const next = await chunks.next().catch(() => undefined);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    await chunks.return(undefined);
  }
}
