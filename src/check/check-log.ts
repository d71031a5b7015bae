/** Checks a whole log. */
import type { BatchParser } from "../core/log-parser.js";
import type { TimestampFormat } from "../core/timestamp.js";
import { RunReader, type RunTally, type RunUpdate } from "../run/run-reader.js";
import type { CheckOptions } from "./check-options.js";
import type { Death } from "./course-check.js";
import type { Finding } from "./finding.js";
import { RunChecker } from "./run-checker.js";

/** What a check of a log gives. */
export interface CheckReport {
  /** In the order of the log. */
  readonly findings: readonly Finding[];
  /** What was counted: lines, records, unmatched lines. */
  readonly tally: RunTally;
  /** What the process printed when it died; absent where it did not. */
  readonly death?: Death;
  /** Why the log could not be read to its end; absent where it was. The findings are those up to there. */
  readonly fault?: unknown;
}

/** Reads a log to its end, or to its fault, and checks it. The parser must look for marks. */
export async function checkLog(
  parser: BatchParser & { readonly time: TimestampFormat },
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const reader = new RunReader(parser);
  const check = new RunChecker(parser.time, options);
  const take = (update: RunUpdate) => check.take(update);
  let fault: { readonly fault: unknown } | undefined;
  try {
    for await (const chunk of chunks) take(await reader.read(chunk));
  } catch (error) {
    fault = { fault: error };
  }
  take(await reader.finish());
  const findings = check.finish(fault === undefined);
  const { death } = check;
  return { findings, tally: reader.tally, ...(death === undefined ? {} : { death }), ...fault };
}
