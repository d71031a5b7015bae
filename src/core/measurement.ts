/** What the parser finds, as objects: the NDJSON form without its `source`. */

/** A training record. Counts are exact integers; absent fields were not on the line. */
export interface TrainingMeasurement {
  readonly type: "training";
  /** How many starts of Marian came before this one's: 0 for the first. */
  readonly segment: number;
  /** Line of the log, from 1. */
  readonly line: number;
  /** ISO 8601; without a zone where Marian's own clock is the only one. */
  readonly timestamp?: string;
  /** With decimals where logical epochs are on. */
  readonly epoch: number;
  /** Update. */
  readonly up: number;
  /** Sentences in this epoch. */
  readonly sen: number;
  /** May be NaN or infinite when the training diverged. */
  readonly cost: number;
  readonly labels?: number;
  readonly batch_labels?: number;
  readonly total_labels?: number;
  /** Seconds since the record before. */
  readonly time?: number;
  /** Words per second. */
  readonly rate?: number;
  readonly gnorm?: number;
  readonly learning_rate?: number;
}

/** A validation record: one metric at one update. */
export interface ValidationMeasurement {
  readonly type: "validation";
  readonly segment: number;
  readonly line: number;
  readonly timestamp?: string;
  /** Absent before Marian 1.5. */
  readonly epoch?: number;
  readonly up: number;
  /** As Marian spells it: `bleu-detok`. */
  readonly metric: string;
  readonly value: number;
  /** How often in a row the metric did not improve; absent for a new best and for other words (`no effect`). */
  readonly stalled?: number;
  /** The last best value. */
  readonly best?: number;
}

/** A start of Marian. It comes when its configuration has ended. */
export interface SegmentMeasurement {
  readonly type: "segment";
  readonly segment: number;
  readonly line: number;
  readonly timestamp?: string;
  /** `v1.10.25`; absent if a log has a configuration without a banner. */
  readonly marian_version?: string;
  readonly revision?: string;
  /** As Marian prints it, with the line feeds that its quoted arguments hold. */
  readonly command_line?: string;
  /** The `[config]` lines: YAML 1.1. */
  readonly config_text?: string;
  /**
   * Lines without a header that may belong to the command line or the configuration, and were read as part of neither;
   * absent if there are none.
   */
  readonly loose_text?: string;
}

/** A line that looks like a measurement and could not be read. Only the first 20 of a log come; all are counted. */
export interface UnmatchedMeasurement {
  readonly type: "unmatched";
  readonly line: number;
  readonly text: string;
}

/** A match of a pattern that the user defined. */
export interface PatternMeasurement {
  readonly type: "pattern";
  readonly segment: number;
  readonly line: number;
  readonly name: string;
  /** The latest update before it, if any. */
  readonly up?: number;
  /** Texts of the named groups that took part. */
  readonly values: Readonly<Record<string, string>>;
}

/** Anything that the parser finds. */
export type Measurement =
  | TrainingMeasurement
  | ValidationMeasurement
  | SegmentMeasurement
  | UnmatchedMeasurement
  | PatternMeasurement;
