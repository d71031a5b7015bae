/** `restart` and `unfinished`: where trainings start, and how they end. */
import type { LogMark } from "../run/log-mark.js";
import { Check, type LogPosition, type ReportFinding, type Severity } from "./finding.js";
import { formatSeconds } from "./format.js";
import { positionOf, type TrainingRow, type ValidationRow } from "./records.js";
import { missedLimits, reachedLimits, type Schedule } from "./schedule.js";

/** What a process printed when it died. */
export interface Death {
  /** Line of the log, from 1. */
  readonly line: number;
  /** The line without its prefix. */
  readonly text: string;
}

/** The state of a training at the end of its log. */
export type TrainingState = "finished" | "failed" | "running";

/** What rows and starts show of the last part of a log, without the marks between them. */
export interface PartSoFar {
  /** Its start; undefined if the log shows none. */
  readonly start: LogPosition | undefined;
  readonly schedule: Schedule | undefined;
  /** The last record; undefined if the part has none. */
  readonly last: LogPosition | undefined;
  readonly lastUpdate: number | undefined;
  /** The maximum distance between two training rows, in updates. */
  readonly distance: number;
  /** The same in epochs. */
  readonly epochs: number;
  /** By metric, in the order of the log. */
  readonly stalls: ReadonlyMap<string, number>;
}

/** A part of the log: from a start of Marian to the next. */
interface Part {
  /** The line of its start; undefined before the first start. */
  readonly start: LogPosition | undefined;
  readonly version: string | undefined;
  /** Whether the log said `Training started`. */
  started: boolean;
  last: LogPosition | undefined;
  lastUpdate: number | undefined;
  /** The maximum distance between two training rows, in updates. */
  distance: number;
  /** The same in epochs. */
  epochs: number;
  finished: LogMark | undefined;
  interrupted: LogMark | undefined;
  /** The first error or death; later ones are its traceback or its consequences. */
  error: LogMark | undefined;
  /** The last death that records followed: not Marian died, but perhaps the process that feeds it. */
  outlived: LogMark | undefined;
  /** What Marian has been doing since the last record. */
  doing: LogMark | undefined;
  /** Whether a model was loaded: a resumed training may have reached its limits before. */
  loaded: boolean;
  /** Whether the curriculum that feeds Marian reached its end. */
  fed: boolean;
}

/** The facts that a log ends with. */
export interface EndOfLog {
  readonly schedule: Schedule | undefined;
  /** Whether the deciding metrics have stalled so often that Marian stops. */
  readonly stopsEarly: boolean;
  /** The maximum stalled count of the metrics; undefined if nothing was validated since the start. */
  readonly stalled: number | undefined;
  readonly lastLine: LogPosition;
  /** Whether nothing more can come, as from a pipe that has ended. */
  readonly closed: boolean;
  /** Whether the log changed while it was read. */
  readonly running: boolean;
}

/** Follows a training from start to start. */
export class CourseCheck extends Check {
  readonly #clock: (position: Pick<LogPosition, "at" | "utc" | "segment">) => string | undefined;
  #part = emptyPart(undefined, undefined);
  /** What is known of this part without having seen its beginning. */
  #known: PartSoFar | undefined;
  #before: Part | undefined;
  /** Whether the restart at the start of this part is still unreported: it waits for the first row. */
  #pendingRestart = false;
  #starts = 0;
  #everFinished = false;
  #rows = 0;
  #death: Death | undefined;
  #state: TrainingState | undefined;

  /** @param clock Formats the time of a position; returns undefined if it has none. */
  constructor(
    report: ReportFinding,
    clock: (position: Pick<LogPosition, "at" | "utc" | "segment">) => string | undefined,
  ) {
    super(report);
    this.#clock = clock;
  }

  /** What the process printed when it died; undefined if it did not die, or printed nothing. Known at the end. */
  get death(): Death | undefined {
    return this.#death;
  }

  /** The state of the training; undefined if the log shows measurements only. Known at the end. */
  get state(): TrainingState | undefined {
    return this.#state;
  }

  /** Whether the last part says that its training has finished. */
  get saysFinished(): boolean {
    return this.#part.finished !== undefined;
  }

  /** Continues a part whose beginning it does not see. */
  resume(known: PartSoFar): void {
    this.#known = known;
    this.#part = { ...emptyPart(known.start, undefined), distance: known.distance, epochs: known.epochs };
  }

  /** A start of Marian, or of a training if the log has no banner. */
  start(position: LogPosition, version: string | undefined): void {
    const ended = this.#part;
    this.#reportRestart();
    this.#starts += 1;
    this.#known = undefined;
    this.#part = emptyPart(position, version);
    this.#everFinished ||= ended.finished !== undefined;
    this.#pendingRestart = ended.start !== undefined || ended.started || ended.last !== undefined;
    this.#before = ended;
  }

  mark(mark: LogMark): void {
    const part = this.#part;
    const { kind, text } = mark;
    if (kind in ACTIVITIES) part.doing = mark;
    if (kind === "started") part.started = true;
    else if (kind === "load") part.loaded = true;
    else if (kind === "fed") part.fed = true;
    else if (kind === "interrupted") part.interrupted = mark;
    else if (kind === "error") part.error ??= mark;
    else if (kind === "finished") {
      part.finished = mark;
      part.doing = undefined;
    } else if (kind === "death") {
      // Python prints this if somebody pressed Ctrl+C.
      if (text.startsWith("KeyboardInterrupt")) part.interrupted ??= mark;
      // The process that feeds Marian finds the pipe closed after Marian has ended.
      else if (part.finished === undefined || !text.startsWith("BrokenPipeError")) part.error ??= mark;
    }
  }

  /** Whether a training has started in this part, so that `Training started` begins another. */
  get isTraining(): boolean {
    return this.#part.started || this.#part.last !== undefined;
  }

  /** Takes a row. Returns whether another training must have started before it, without a line that says so. */
  training(row: TrainingRow): boolean {
    const part = this.#part;
    const before = part.lastUpdate;
    const backwards = before !== undefined && row.up < before;
    this.#rows += 1;
    if (this.#pendingRestart) this.#reportRestart(row);
    else if (backwards) this.#reportBackwards(row, before);
    if (before !== undefined) part.distance = Math.max(part.distance, row.up - before);
    part.epochs = Math.max(part.epochs, row.epoch - (part.last?.epoch ?? row.epoch));
    part.last = positionOf(row);
    part.lastUpdate = row.up;
    // The training continues, whatever was printed.
    part.finished = undefined;
    part.interrupted = undefined;
    if (part.error?.kind === "death") part.outlived = part.error;
    part.error = undefined;
    part.doing = undefined;
    return backwards;
  }

  validation(row: ValidationRow): void {
    const part = this.#part;
    // A log with validations only.
    if (this.#rows === 0) {
      if (part.lastUpdate !== undefined && row.up < part.lastUpdate)
        this.#reportBackwards(row, part.lastUpdate);
      part.lastUpdate = row.up;
    }
    part.last = positionOf(row);
    part.doing = undefined;
    // The scoring script may have died; Marian continues.
    if (part.error?.kind === "death") part.error = undefined;
  }

  /** The end of the log. */
  end({ schedule, stopsEarly, stalled, lastLine, closed, running }: EndOfLog): void {
    this.#reportRestart();
    const part = this.#part;
    part.last ??= this.#known?.last;
    part.lastUpdate ??= this.#known?.lastUpdate;
    const { start, started, last, lastUpdate, finished, interrupted, error, outlived } = part;
    const position = last ?? start ?? lastLine;
    const { epoch } = position;
    const after = lastUpdate === undefined ? "before its first update" : `after update ${lastUpdate}`;
    const report = (
      { line, at, utc }: Pick<LogPosition, "line" | "at" | "utc">,
      severity: Severity,
      words: string,
    ) => {
      const numbers = lastUpdate === undefined ? {} : { last_up: lastUpdate };
      this.report({ ...position, line, at, utc }, { kind: "unfinished", severity, words, numbers });
    };
    // Limits that a finished training missed; an interrupted one may, and one whose curriculum ended.
    const missed =
      finished === undefined ||
      interrupted !== undefined ||
      part.fed ||
      (part.loaded && lastUpdate === undefined)
        ? undefined
        : missedLimits(schedule, { ...part, epoch, stalled });
    this.#state = "finished";
    if (missed !== undefined) {
      const cause = error ?? outlived;
      this.#death = cause;
      if (cause !== undefined) this.#state = "failed";
      report(
        cause ?? finished ?? position,
        cause === undefined ? "warning" : "error",
        (cause === undefined ? "" : `${endText(cause, after)}; `) +
          `Marian finished ${after}, before its limits (${missed}): its input ended`,
      );
    } else if (error !== undefined && finished !== undefined) {
      const when = finished.line < error.line ? ", when the training was finished" : "";
      report(error, "warning", endText(error, `${after}${when}`, "a process"));
    } else if (error !== undefined) {
      this.#death = error;
      this.#state = "failed";
      report(error, "error", endText(error, after));
    } else if (interrupted !== undefined) {
      this.#state = "failed";
      report(interrupted, "warning", `the training was interrupted by a signal ${after}`);
    } else if (
      // Marian prints `Training finished` after every good end; a file may lack its last lines.
      finished === undefined &&
      (closed || (!stopsEarly && !reachedLimits(schedule, epoch, lastUpdate)))
    ) {
      this.#state = undefined;
      // The log shows measurements only.
      if (start === undefined && !started) return;
      // A start without a training, after a training that finished.
      if (!started && last === undefined && this.#everFinished) return;
      if (closed) {
        this.#state = "failed";
        this.#death = { line: lastLine.line, text: "the input ended without 'Training finished'" };
        const words = `the input ended ${after}, without 'Training finished': the training died`;
        report(position, "error", words + this.#activity());
      } else {
        this.#state = "running";
        const state = running
          ? "and changed while it was read: the training is running"
          : "without 'Training finished': the training was stopped, or is still running";
        report(position, running ? "info" : "warning", `the log ends ${after}, ${state}${this.#activity()}`);
      }
    }
  }

  /** What Marian has been doing since the last record, as the end of a sentence. */
  #activity(): string {
    const { doing, last, start } = this.#part;
    if (doing === undefined) return "";
    const time = this.#clock(doing);
    const before = this.#clock(last ?? start ?? doing);
    const [day, hour] = time?.split("T") ?? [];
    const since =
      hour === undefined ? "" : ` since ${before?.startsWith(`${day}T`) ? "" : `${day} `}${hour.slice(0, 8)}`;
    return `; it was ${ACTIVITIES[doing.kind as keyof typeof ACTIVITIES]}${since} (line ${doing.line})`;
  }

  /** Reports the restart at the start of this part; `row` is the first row after it, if there is one. */
  #reportRestart(row?: TrainingRow): void {
    const { start, version } = this.#part;
    const before = this.#before;
    if (!this.#pendingRestart || start === undefined || before === undefined) return;
    this.#pendingRestart = false;
    const { lastUpdate, last, error, finished, interrupted } = before;
    const known = last?.at !== undefined && start.at !== undefined && last.utc === start.utc;
    const idle = known && start.at >= last.at ? (start.at - last.at) / 1000 : undefined;
    const stopped = interrupted !== undefined || (error !== undefined && TERMINATED.test(error.text));
    const after =
      finished !== undefined && (error === undefined || stopped)
        ? " after a finished training"
        : stopped
          ? " after a signal"
          : error !== undefined
            ? ` after an error (${shortened(error.text)})`
            : "";
    const went =
      row === undefined
        ? ", but no update followed"
        : lastUpdate === undefined
          ? ` and came to update ${row.up}`
          : ` and went from update ${lastUpdate} to ${row.up}`;
    // An error before the first update has cost nothing, and an error of another program may be unrelated.
    const costly =
      error !== undefined &&
      !stopped &&
      finished === undefined &&
      last !== undefined &&
      !EXCEPTION.test(error.text);
    this.report(start, {
      kind: "restart",
      severity: costly ? "warning" : "info",
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

  #reportBackwards(row: TrainingRow | ValidationRow, before: number): void {
    this.report(row, {
      kind: "restart",
      // A log without any start does not show this one, either.
      severity: this.#starts === 0 ? "info" : "warning",
      words: `updates go back from ${before} to ${row.up} without a start of Marian`,
      numbers: { last_up: before, next_up: row.up },
    });
  }
}

function emptyPart(start: LogPosition | undefined, version: string | undefined): Part {
  return {
    start,
    version,
    started: false,
    last: undefined,
    lastUpdate: undefined,
    distance: 0,
    epochs: 0,
    finished: undefined,
    interrupted: undefined,
    error: undefined,
    outlived: undefined,
    doing: undefined,
    loaded: false,
    fed: false,
  };
}

/** Errors of CUDA contain the path of a source file. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Somebody stopped the process. */
const TERMINATED = /\b(?:Terminated|terminated|SIGTERM)\b/;
/** The last line of a Python traceback. */
const EXCEPTION = /^[\w.]*(?:Error|Exception|Interrupt|Exit)\b/;

/** What Marian does after each kind of mark. */
const ACTIVITIES = {
  translate: "translating the validation set",
  score: "scoring the translated validation set",
  save: "saving the model",
  load: "loading a model",
  data: "waiting for data",
  started: "waiting for data",
} as const;

function endText({ kind, text }: LogMark, when: string, who = "the training"): string {
  return kind === "error" ? `Marian ended with an error ${when}: ${text}` : `${who} died ${when}: ${text}`;
}
