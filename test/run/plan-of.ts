/** Plans the publication of a log. */
import type { LogParser } from "../../src/core/log-parser.js";
import { type RunPlan, RunPlanner } from "../../src/run/run-plan.js";
import { RunReader } from "../../src/run/run-reader.js";

/** Reads all chunks with the parser and returns the plan. */
export async function planOf(
  parser: LogParser,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<RunPlan> {
  const reader = new RunReader(parser);
  const planner = new RunPlanner();
  for await (const chunk of chunks) planner.take(await reader.read(chunk));
  planner.take(await reader.finish());
  return planner.plan;
}
