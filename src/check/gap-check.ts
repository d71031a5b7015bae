/** `gap`: rows that are missing, and long silence. */
import type { Thresholds } from "./check-options.js";
import { Check, type LogPosition, type ReportFinding } from "./finding.js";
import { counted, formatSeconds } from "./format.js";
import { positionOf, type TrainingRow, type ValidationRow } from "./records.js";
import { RunningMedian } from "./running-median.js";
import type { Schedule } from "./schedule.js";

/** Without a configuration, a distance counts as Marian's if it came this often in a row. */
const SURE = 10;
/** A silence is long if it is this many times the usual. */
const LONG = 10;
/** A validation may take long; it is a silence if it takes this many times the longest before. */
const LONG_VALIDATION = 3;
/** Validations before the first that may be a silence. */
const VALIDATIONS = 3;
/** Seconds. If the clock changes by an hour, the row's own `Time` does not. */
const CLOCK_CHANGE = 3600;
const CLOCK_EXACT = 90;

/** The longest silence since the last training row. */
interface Silence {
  seconds: number;
  position: LogPosition;
  /** Whether it starts or ends at a validation. */
  validation: boolean;
}

/** Watches updates and times of one part of a log. */
export class GapCheck extends Check {
  readonly #minSeconds: number;
  #interval: number | undefined;
  #candidate = 0;
  #times = 0;
  #last: LogPosition | undefined;
  /** Milliseconds of the last record and of the last training row. */
  #at: number | undefined;
  #rowAt: number | undefined;
  #afterValidation = false;
  #silence: Silence | undefined;
  #usual = new RunningMedian();
  #validations = 0;
  #longest = 0;

  constructor({ gapSeconds }: Thresholds, report: ReportFinding) {
    super(report);
    this.#minSeconds = gapSeconds;
  }

  training(row: TrainingRow): void {
    this.#updates(row);
    this.#listen(row, false);
    this.#judge(row);
    this.#last = positionOf(row);
    this.#rowAt = row.at;
  }

  validation(row: ValidationRow): void {
    this.#listen(row, true);
  }

  /** A new part of the log. Rows that are missing before it are still found; the silence before it is the restart's. */
  start(schedule: Schedule | undefined): void {
    this.#interval = schedule?.displayUpdates;
    this.#candidate = 0;
    this.#times = 0;
    this.#at = undefined;
    this.#rowAt = undefined;
    this.#silence = undefined;
    this.#usual = new RunningMedian();
    this.#validations = 0;
    this.#longest = 0;
  }

  #updates(row: TrainingRow): void {
    if (this.#last?.up === undefined) return;
    const before = this.#last.up;
    const distance = row.up - before;
    if (this.#interval === undefined) {
      if (distance === this.#candidate) this.#times += 1;
      else [this.#candidate, this.#times] = [distance, 1];
      if (this.#times >= SURE && distance > 0) this.#interval = distance;
    } else if (this.#interval > 0 && distance > this.#interval) {
      const interval = this.#interval;
      const missing = Math.ceil(distance / interval) - 1;
      this.report(row, {
        kind: "gap",
        severity: "warning",
        words:
          `${counted(missing, "training row")} ${missing === 1 ? "is" : "are"} missing between updates ${before} and ` +
          `${row.up}; there is one every ${counted(interval, "update")}`,
        numbers: { last_up: before, missing, interval },
      });
    }
  }

  /** Measures the silence before this record. */
  #listen(row: TrainingRow | ValidationRow, validation: boolean): void {
    const { at } = row;
    if (at !== undefined && this.#at !== undefined) {
      const seconds = (at - this.#at) / 1000;
      const around = validation || this.#afterValidation;
      if (seconds > (this.#silence?.seconds ?? 0))
        this.#silence = { seconds, position: positionOf(row), validation: around };
    }
    if (at !== undefined) this.#at = at;
    this.#afterValidation = validation;
  }

  #judge(row: TrainingRow): void {
    const silence = this.#silence;
    this.#silence = undefined;
    if (silence === undefined) return;
    const { seconds, position, validation } = silence;
    const usual = this.#usual.value;
    const long =
      this.#usual.count >= SURE &&
      seconds >= this.#minSeconds &&
      seconds > usual * LONG &&
      (!validation || (this.#validations >= VALIDATIONS && seconds > this.#longest * LONG_VALIDATION));
    if (long && !this.#clockChanged(row)) {
      this.report(position, {
        kind: "gap",
        severity: "warning",
        words:
          `nothing was written for ${formatSeconds(seconds)} before this line; ` +
          `a row every ${formatSeconds(usual)} is usual`,
        numbers: { seconds, usual_seconds: usual },
      });
      return;
    }
    if (validation) {
      this.#validations += 1;
      this.#longest = Math.max(this.#longest, seconds);
    } else this.#usual.add(seconds);
  }

  /** Whether the log's clock advanced by an hour and Marian's timer did not. */
  #clockChanged({ at, time, utc }: TrainingRow): boolean {
    if (utc || at === undefined || this.#rowAt === undefined || time === undefined) return false;
    return Math.abs((at - this.#rowAt) / 1000 - time - CLOCK_CHANGE) < CLOCK_EXACT;
  }
}
