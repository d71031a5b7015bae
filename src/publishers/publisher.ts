/** A publisher of one's own: the extension point of the library. */

import type { PatternMeasurement, TrainingMeasurement } from "../core/measurement.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import type { LogText } from "../run/log-lines.js";
import type { RunTally } from "../run/run-reader.js";
import type { Segment } from "../run/segment.js";
import type { ValidationPoint } from "../run/validation-point.js";

/** Which run is published. */
export interface RunInfo {
  /** The log, as the user named it; `-` is standard input. */
  readonly source: string;
}

/** How a run ended. */
export interface RunEnd {
  /** What the run held, counted. */
  readonly tally: RunTally;
}

/**
 * Takes the measurements of one run. Implement what is of use; calls come in the order of the log, one after the
 * other, and each is awaited before the next. Rows are frozen.
 *
 * A method that throws switches this publisher off for the rest of the run, and the receipt says why. The others do
 * not notice.
 */
export interface Publisher {
  /** What the receipt calls it. */
  readonly name: string;
  open?(run: RunInfo): Promise<void> | void;
  /** Starts of Marian, with version, arguments and configuration. */
  segments?(segments: readonly Segment[]): Promise<void> | void;
  training?(rows: readonly TrainingMeasurement[]): Promise<void> | void;
  /** Validation points: all metrics of one update. */
  validation?(points: readonly ValidationPoint[]): Promise<void> | void;
  /** Matches of the user's patterns. */
  patterns?(matches: readonly PatternMeasurement[]): Promise<void> | void;
  /** Scores of the trained model on datasets, if they are known: once, after the whole log. */
  evaluations?(evaluations: readonly Evaluation[]): Promise<void> | void;
  /** The lines of the log as text. */
  logLines?(lines: readonly LogText[]): Promise<void> | void;
  close?(end: RunEnd): Promise<void> | void;
}

/** Makes a publisher for each run. A module for `--publisher` exports this function as `createPublisher`. */
export type PublisherMaker = () => Publisher | Promise<Publisher>;
