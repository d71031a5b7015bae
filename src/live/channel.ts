/** What the process that passes a log on and the one that reads it say to each other. */

/** Set for the reading process: the descriptor by which it tells what it knows. */
export const CHANNEL = "MARIAN_TRACKING_CHANNEL";

/** Set for the reading process: the pipe from which the log comes, as /proc names it. */
export const INPUT = "MARIAN_TRACKING_INPUT";

/** What the reading process tells: it takes signals; the task belongs to a trial run, in which faults are to show. */
export const READY = "ready";
export const TRIAL = "trial";

/** What it is told before its input ends: that it ends with the log, or that it lacks the log's end. */
export const END = "end";
export const CUT = "cut";

/** Whether this process reads what another one passes on. */
export function isReader(): boolean {
  return process.env[CHANNEL] !== undefined;
}
