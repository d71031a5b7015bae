/** The content of a report: trainings and evaluations, ready to be drawn. */
import type { Finding } from "../check/finding.js";
import type { Counts } from "../core/layout.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import type { MarkKind } from "../run/log-mark.js";
import type { Segment } from "../run/segment.js";
import type { Table } from "./table.js";

/** Marks that charts leave out. */
const NOT_DRAWN = ["started", "translate", "score", "data", "fed"] as const satisfies readonly MarkKind[];

/** A kind of mark that charts draw. */
export type DrawnKind = Exclude<MarkKind, (typeof NOT_DRAWN)[number]>;

/** Whether charts draw marks of this kind. */
export function isDrawn(kind: MarkKind): kind is DrawnKind {
  return !NOT_DRAWN.some((other) => other === kind);
}

/** Something between records that charts draw. */
export interface ReportMark {
  /** `restart` is a start of Marian after the first; the others are marks of the log. */
  readonly kind: "restart" | DrawnKind;
  /** Line of the log, from 1. */
  readonly line: number;
  readonly segment: number;
  /** Milliseconds since 1970, see the run's `clock`; absent if the line has no time. */
  readonly timestamp?: number;
  /** The update before it; absent if there is none. */
  readonly up?: number;
  /** The line's text: `Saving model weights and runtime parameters to model.npz`; for a restart, Marian's version. */
  readonly text: string;
}

/** One training. */
export interface ReportRun {
  /** Unique in the report. */
  readonly name: string;
  /** Absent if the log was given by itself. */
  readonly project?: string;
  readonly group?: string;
  /** The log's name, as given. */
  readonly source: string;
  /** Starts of Marian, in the order of the log; empty if it has none. */
  readonly segments: readonly Segment[];
  /**
   * A row for each training record: `line`, `segment`, `timestamp`, `epoch`, `up`, `sen`, `cost`, and what else the
   * lines have. Times are milliseconds since 1970, see `clock`.
   */
  readonly training: Table;
  /** By Marian's name of the metric, a row for each record: `line`, `segment`, `timestamp`, `epoch`, `up`, `value`, `stalled`, `best`. */
  readonly validation: ReadonlyMap<string, Table>;
  /** By `<pattern>/<group>`, a row for each match that is a number: `line`, `segment`, `up`, `value`. */
  readonly patterns: ReadonlyMap<string, Table>;
  /** Whether times are UTC, or Marian's clock in an unknown zone; absent if the log has no times. */
  readonly clock?: "utc" | "local";
  readonly counts: Counts;
  /** Marian's versions, in the order of their starts. */
  readonly versions: readonly string[];
  readonly unmatchedSamples: readonly { readonly line: number; readonly text: string }[];
  readonly warnings: readonly string[];
  /** What a check of the log found, in the order of the log. */
  readonly findings: readonly Finding[];
  /** In the order of the log. */
  readonly marks: readonly ReportMark[];
  /** Why the log was not read to its end. */
  readonly error?: string;
}

/** Scores, with their project and group. */
export interface ReportEvaluation extends Evaluation {
  /** As for runs; absent if unknown. */
  readonly project?: string;
  readonly group?: string;
}

/** A problem of an input. */
export interface ReportProblem {
  readonly source: string;
  readonly reason: string;
}

/** A whole report. */
export interface ReportData {
  readonly title: string;
  /** When it was made: ISO 8601, UTC. */
  readonly created: string;
  readonly runs: readonly ReportRun[];
  readonly evaluations: readonly ReportEvaluation[];
  readonly problems: readonly ReportProblem[];
}
