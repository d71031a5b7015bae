/** The report of a check, where something may not be a log. Apart from the reading: pages that draw load none of it. */

import { type LogReading, refusalOf } from "../run/marian-log.js";
import type { CheckReport } from "./check-log.js";

/** The report, with a fault where nothing says that it is one of a log. */
export function logReport(report: CheckReport, { fault, timed }: LogReading): CheckReport {
  // What was found in it is of a log.
  const found = report.findings.length > 0 || report.death !== undefined;
  const why = fault ?? (found ? undefined : refusalOf(report.tally.counts, timed));
  return why === undefined ? report : { ...report, fault: why };
}
