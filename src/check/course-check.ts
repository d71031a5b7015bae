/** `restart` and `unfinished`: where trainings begin, and how they end. */
import type { Place, Report } from "./finding.js";
import type { Mark } from "./log-marks.js";
import { placeOf, type TrainingRow, type ValidationRow } from "./records.js";
import type { Schedule } from "./schedule.js";
import { formatSeconds } from "./words.js";

/** What lies between a start of Marian and the next. */
interface Part {
  /** The line of its start; absent for what stands before the first. */
  readonly start: Place | undefined;
  readonly version: string | undefined;
  /** Whether `Training started` came. */
  started: boolean;
  last: Place | undefined;
  lastUpdate: number | undefined;
  finished: Mark | undefined;
  interrupted: Mark | undefined;
  /** The first error; those that follow tell where in the program it was. */
  error: Mark | undefined;
}

/** Follows a training from start to start. */
export class CourseCheck {
  readonly #report: Report;
  #part = emptyPart(undefined, undefined);
  #before: Part | undefined;
  /** Whether the restart that began this part is still to be told: its first row says where it goes on. */
  #waiting = false;
  #starts = 0;
  #everFinished = false;
  #rows = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** A start of Marian, or of a training where the log has no banner. */
  start(place: Place, version: string | undefined): void {
    const ended = this.#part;
    this.#tell();
    this.#starts += 1;
    this.#part = emptyPart(place, version);
    this.#everFinished ||= ended.finished !== undefined;
    this.#waiting = ended.start !== undefined || ended.started || ended.last !== undefined;
    this.#before = ended;
  }

  mark(mark: Mark): void {
    if (mark.kind === "started") this.#part.started = true;
    else if (mark.kind === "error") this.#part.error ??= mark;
    else if (mark.kind !== "diverged") this.#part[mark.kind] = mark;
  }

  /** Whether a training has begun in this part, so that `Training started` begins another. */
  get isTraining(): boolean {
    return this.#part.started || this.#part.last !== undefined;
  }

  /** Takes a row and returns whether another training must have begun before it, without a line that says so. */
  training(row: TrainingRow): boolean {
    const part = this.#part;
    const before = part.lastUpdate;
    const backwards = before !== undefined && row.up < before;
    this.#rows += 1;
    if (this.#waiting) this.#tell(row);
    else if (backwards) this.#backwards(row, before);
    part.last = placeOf(row);
    part.lastUpdate = row.up;
    // It goes on, whatever was printed.
    part.finished = undefined;
    part.interrupted = undefined;
    part.error = undefined;
    return backwards;
  }

  validation(row: ValidationRow): void {
    const part = this.#part;
    // A log of validations alone.
    if (this.#rows === 0) {
      if (part.lastUpdate !== undefined && row.up < part.lastUpdate) this.#backwards(row, part.lastUpdate);
      part.lastUpdate = row.up;
    }
    part.last = placeOf(row);
  }

  /** The end of the log. @param early Whether the stalled counts ask for it. */
  end(schedule: Schedule | undefined, early: boolean, lastLine: Place): void {
    this.#tell();
    const { start, started, last, lastUpdate, finished, interrupted, error } = this.#part;
    const place = last ?? start ?? lastLine;
    const at = lastUpdate === undefined ? "before its first update" : `after update ${lastUpdate}`;
    const numbers = lastUpdate === undefined ? {} : { last_up: lastUpdate };
    if (error !== undefined) {
      const behind =
        finished === undefined || finished.line > error.line ? "" : ", when the training was finished";
      this.#report(
        { ...place, line: error.line, at: undefined },
        {
          kind: "unfinished",
          severity: behind === "" ? "error" : "warning",
          words: `Marian ended with an error ${at}${behind}: ${error.text}`,
          numbers,
        },
      );
    } else if (interrupted !== undefined) {
      this.#report(
        { ...place, line: interrupted.line, at: undefined },
        {
          kind: "unfinished",
          severity: "warning",
          words: `the training was interrupted by a signal ${at}`,
          numbers,
        },
      );
    } else if (finished === undefined && !early && !reached(schedule, place, lastUpdate)) {
      // The log shows measurements only.
      if (start === undefined && !started) return;
      // A start that came to nothing, after a training that was finished.
      if (!started && last === undefined && this.#everFinished) return;
      this.#report(place, {
        kind: "unfinished",
        severity: "warning",
        words: `the log ends ${at}, without 'Training finished': the training was stopped, or is still running`,
        numbers,
      });
    }
  }

  /** Tells of the restart that began this part, with the row at which it went on if there was one. */
  #tell(row?: TrainingRow): void {
    const { start, version } = this.#part;
    const before = this.#before;
    if (!this.#waiting || start === undefined || before === undefined) return;
    this.#waiting = false;
    const { lastUpdate, last, error, finished, interrupted } = before;
    const known = last?.at !== undefined && start.at !== undefined && last.utc === start.utc;
    const idle = known && start.at >= last.at ? (start.at - last.at) / 1000 : undefined;
    const after =
      error !== undefined
        ? ` after an error (${shortened(error.text)})`
        : finished !== undefined
          ? " after a finished training"
          : interrupted !== undefined
            ? " after a signal"
            : "";
    const went =
      row === undefined
        ? ", but no update followed"
        : lastUpdate === undefined
          ? ` and came to update ${row.up}`
          : ` and went from update ${lastUpdate} to ${row.up}`;
    this.#report(start, {
      kind: "restart",
      // An error before the first update has cost nothing.
      severity: error === undefined || finished !== undefined || last === undefined ? "info" : "warning",
      words:
        `Marian ${version === undefined ? "" : `${version} `}started again${after}${went}` +
        (idle === undefined ? "" : `, ${formatSeconds(idle)} after the last record`),
      numbers: {
        ...(lastUpdate === undefined ? {} : { last_up: lastUpdate }),
        ...(row === undefined ? {} : { next_up: row.up }),
        ...(idle === undefined ? {} : { idle_seconds: idle }),
      },
    });
  }

  #backwards(row: TrainingRow | ValidationRow, before: number): void {
    this.#report(row, {
      kind: "restart",
      // A log without any start can't show this one either.
      severity: this.#starts === 0 ? "info" : "warning",
      words: `updates go back from ${before} to ${row.up} without a start of Marian`,
      numbers: { last_up: before, next_up: row.up },
    });
  }
}

function emptyPart(start: Place | undefined, version: string | undefined): Part {
  return {
    start,
    version,
    started: false,
    last: undefined,
    lastUpdate: undefined,
    finished: undefined,
    interrupted: undefined,
    error: undefined,
  };
}

/** Errors of CUDA tell the path of a source file. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Whether the configured end was reached; of an epoch only the start of the next one shows that it is over. */
function reached(schedule: Schedule | undefined, { epoch }: Place, lastUpdate: number | undefined): boolean {
  const { lastUpdate: updates, lastEpoch } = schedule ?? {};
  if (updates !== undefined && lastUpdate !== undefined && lastUpdate >= updates) return true;
  return lastEpoch !== undefined && epoch !== undefined && epoch > lastEpoch;
}
