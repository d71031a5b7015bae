/** The check of a log in a page. */

import { type CheckReport, checkLog } from "../check/check-log.js";
import type { CheckOptions } from "../check/check-options.js";
import { logReport } from "../check/log-report.js";
import { InputError } from "../io/packed/packing.js";
import type { WebLogInput } from "../io/web-log.js";
import { RunReader } from "../run/run-reader.js";
import { openLog } from "./log-opener.js";
import type { OpenLog, ReadOptions } from "./open-log.js";
import { PackedParser } from "./packed-parser.js";
import type { Setup } from "./setup.js";

/** Checks a log up to its end, or to its fault, which the report tells. */
export async function checkInPage(
  setup: Setup,
  input: WebLogInput,
  options: ReadOptions & CheckOptions,
): Promise<CheckReport> {
  let log: OpenLog;
  try {
    log = await openLog(setup, input, { ...options, marks: true });
  } catch (fault) {
    if (!(fault instanceof InputError)) throw fault;
    return { findings: [], tally: new RunReader(new PackedParser()).tally, fault };
  }
  try {
    const report = await checkLog(log.parser, log.chunks, options);
    options.signal?.throwIfAborted();
    return logReport(report, log);
  } finally {
    log.close();
  }
}
