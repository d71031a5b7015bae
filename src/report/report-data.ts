/** What a report holds: the trainings, ready to be drawn. */
import type { Finding } from "../check/finding.js";
import type { Counts } from "../core/layout.js";
import type { Evaluation } from "../evaluation/evaluation.js";
import type { MarkKind } from "../run/log-mark.js";
import type { Segment } from "../run/segment.js";
import type { Table } from "./table.js";

/** Marks that charts leave out. */
const NOT_DRAWN = ["started", "translate", "score", "data", "fed"] as const satisfies readonly MarkKind[];

/** A mark of the log that charts draw. */
export type DrawnKind = Exclude<MarkKind, (typeof NOT_DRAWN)[number]>;

export function isDrawn(kind: MarkKind): kind is DrawnKind {
  return !NOT_DRAWN.some((other) => other === kind);
}

/** Something that happened between records, to be marked in the charts. */
export interface ReportMark {
  /** `restart` is a start of Marian after the first; the others are what the log says itself. */
  readonly kind: "restart" | DrawnKind;
  /** Line of the log, from 1. */
  readonly line: number;
  readonly segment: number;
  /** Milliseconds since 1970, see the run's `clock`; absent where the line has no time. */
  readonly timestamp?: number;
  /** The update before it; absent where there is none. */
  readonly up?: number;
  /** What the line says: `Saving model weights and runtime parameters to model.npz`; of a restart, Marian's version. */
  readonly text: string;
}

/** One training. */
export interface ReportRun {
  /** Different from every other run's of the report. */
  readonly name: string;
  /** Absent where the log stands for itself. */
  readonly project?: string;
  readonly group?: string;
  /** The log, as it was given. */
  readonly source: string;
  /** Starts of Marian, in the order of the log; empty where it shows none. */
  readonly segments: readonly Segment[];
  /**
   * A row a training record: `line`, `segment`, `timestamp`, `epoch`, `up`, `sen`, `cost`, and what else the lines
   * had. Times are milliseconds since 1970, see `clock`.
   */
  readonly training: Table;
  /** By Marian's name of the metric, a row a record: `line`, `segment`, `timestamp`, `epoch`, `up`, `value`, `stalled`, `best`. */
  readonly validation: ReadonlyMap<string, Table>;
  /** By `<pattern>/<group>`, a row a match that is a number: `line`, `segment`, `up`, `value`. */
  readonly patterns: ReadonlyMap<string, Table>;
  /** Whether times are UTC, or Marian's clock in an unknown zone; absent where the log has no times. */
  readonly clock?: "utc" | "local";
  readonly counts: Counts;
  /** Marian's versions, in the order of their starts. */
  readonly versions: readonly string[];
  readonly unmatchedSamples: readonly { readonly line: number; readonly text: string }[];
  readonly warnings: readonly string[];
  /** What a check of the log found, in its order. */
  readonly findings: readonly Finding[];
  /** In the order of the log. */
  readonly marks: readonly ReportMark[];
  /** Why the log was not read to its end. */
  readonly error?: string;
}

/** Scores, with the place of their model. */
export interface ReportEvaluation extends Evaluation {
  /** As of runs; absent where nothing tells it. */
  readonly project?: string;
  readonly group?: string;
}

/** An input that gave nothing to draw. */
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
