/** What a check finds, and the list of it. */
import type { TimestampFormat } from "../core/timestamp.js";

/** Kinds of findings, in the order of the documentation. */
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
  /** The segment, from 0. */
  readonly segment: number;
  /** The time of that line, in the form of measurements; absent if the line has none. */
  readonly timestamp?: string;
  /** Epoch and update of the record on that line, or before it; absent if there is none. */
  readonly epoch?: number;
  readonly up?: number;
  /** The field or metric, such as `cost` or `bleu-detok`. */
  readonly metric?: string;
  /** A sentence for people; its text may change. */
  readonly words: string;
  /** The numbers of the sentence by name, NaN and infinity included. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** A position in a log, where a finding starts. */
export interface LogPosition {
  readonly line: number;
  readonly segment: number;
  /** Milliseconds on the log's own clock; undefined if the line has no time. */
  readonly at: number | undefined;
  /** Whether that clock is UTC. */
  readonly utc: boolean;
  readonly epoch: number | undefined;
  readonly up: number | undefined;
}

/** A finding without its position. */
export interface FindingDetails {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly metric?: string;
  readonly words: string;
  readonly numbers?: Readonly<Record<string, number>>;
}

/** Takes findings. */
export type ReportFinding = (position: LogPosition, details: FindingDetails) => void;

/** A check, which reports what it finds. */
export abstract class Check {
  protected readonly report: ReportFinding;

  constructor(report: ReportFinding) {
    this.report = report;
  }
}

/** So many findings of each kind and severity are listed; one last finding counts the others. */
const MAX_LISTED = 100;

/** The findings of one run. A log that is broken in every line gives a bounded list. */
export class FindingList {
  readonly #time: TimestampFormat;
  readonly #kinds: ReadonlySet<FindingKind>;
  readonly #list: Finding[] = [];
  readonly #counts = new Map<
    string,
    { kind: FindingKind; severity: Severity; count: number; last: LogPosition }
  >();

  constructor(time: TimestampFormat, kinds: ReadonlySet<FindingKind>) {
    this.#time = time;
    this.#kinds = kinds;
  }

  readonly report = (
    position: LogPosition,
    { kind, severity, metric, words, numbers = {} }: FindingDetails,
  ): void => {
    if (!this.#kinds.has(kind)) return;
    const key = `${kind} ${severity}`;
    const known = this.#counts.get(key) ?? { kind, severity, count: 0, last: position };
    this.#counts.set(key, known);
    known.count += 1;
    if (known.count > MAX_LISTED) {
      known.last = { ...position };
      return;
    }
    const { line, segment, at, utc, epoch, up } = position;
    this.#list.push(
      Object.freeze({
        kind,
        severity,
        line,
        segment,
        ...(at === undefined ? {} : { timestamp: this.#time.format(at, utc, segment) }),
        ...(epoch === undefined ? {} : { epoch }),
        ...(up === undefined ? {} : { up }),
        ...(metric === undefined ? {} : { metric }),
        words,
        numbers: Object.freeze(numbers),
      }),
    );
  };

  /** All findings in the order of the log. */
  list(): readonly Finding[] {
    for (const { kind, severity, count, last } of [...this.#counts.values()]) {
      const more = count - MAX_LISTED;
      if (more <= 0) continue;
      this.#counts.delete(`${kind} ${severity}`);
      this.report(last, {
        kind,
        severity,
        words: `${more} more findings of this kind, up to this line`,
        numbers: { findings: more },
      });
    }
    return this.#list.sort((one, other) => one.line - other.line);
  }
}
