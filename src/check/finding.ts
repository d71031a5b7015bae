/** What a check finds. */

/** What can be found, in the order of the documentation. */
export const FINDING_KINDS = [
  /** A value is NaN or infinite. */
  "nan",
  /** The cost is far above its best for long, or Marian says that the training diverged. */
  "divergence",
  /** A validation metric has lost what it had reached. */
  "collapse",
  /** A validation metric has not improved for long. */
  "stall",
  /** Rows are missing, or nothing was written for long. */
  "gap",
  /** Marian started again, or updates go back without a start. */
  "restart",
  /** An epoch or a clock goes back. */
  "order",
  /** Words per second are far below their median for long. */
  "throughput",
  /** The log ends, or Marian ended, before the training was finished. */
  "unfinished",
  /** A line looks like a measurement and could not be read. */
  "unmatched",
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** `error`: the training is broken; `warning`: look at it; `info`: nothing is wrong, but it explains the curves. */
export type Severity = "error" | "warning" | "info";

/** One finding. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** Line of the log where it begins, from 1. */
  readonly line: number;
  /** How many starts of Marian came before this one's. */
  readonly segment: number;
  /** Of that line, as measurements have it; absent where the line has none. */
  readonly timestamp?: string;
  /** Of the record on that line, or before it; absent where there is none. */
  readonly epoch?: number;
  readonly up?: number;
  /** The field or metric that it is about, such as `cost` or `bleu-detok`. */
  readonly metric?: string;
  /** A sentence for people. */
  readonly words: string;
  /** What the sentence says, as numbers by name; NaN and infinity included. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Where a finding begins. */
export interface LogPosition {
  readonly line: number;
  readonly segment: number;
  /** Milliseconds on the log's own clock; absent where the line has no time. */
  readonly at: number | undefined;
  /** Whether that clock is UTC. */
  readonly utc: boolean;
  readonly epoch: number | undefined;
  readonly up: number | undefined;
}

/** What a check says of a finding besides its position. */
export interface FindingDetails {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly metric?: string;
  readonly words: string;
  readonly numbers?: Readonly<Record<string, number>>;
}

/** Takes findings. */
export type ReportFinding = (position: LogPosition, details: FindingDetails) => void;
