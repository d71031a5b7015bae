/** `restart` and `unfinished`: where trainings begin, and how they end. */
import type { LogMark } from "../run/log-mark.js";
import type { LogPosition, ReportFinding, Severity } from "./finding.js";
import { formatSeconds } from "./format.js";
import { positionOf, type TrainingRow, type ValidationRow } from "./records.js";
import { missedLimits, reachedLimits, type Schedule } from "./schedule.js";

/** What a process printed when it died. */
export interface Death {
  /** Line of the log, from 1. */
  readonly line: number;
  /** The line, without what stands before. */
  readonly text: string;
}

/** How a training stands where its log ends. */
export type TrainingState = "finished" | "failed" | "running";

/** What lies between a start of Marian and the next. */
interface Part {
  /** The line of its start; absent for what stands before the first. */
  readonly start: LogPosition | undefined;
  readonly version: string | undefined;
  /** Whether `Training started` came. */
  started: boolean;
  last: LogPosition | undefined;
  lastUpdate: number | undefined;
  /** The greatest distance between two training rows. */
  distance: number;
  /** The same in epochs. */
  epochs: number;
  finished: LogMark | undefined;
  interrupted: LogMark | undefined;
  /** The first error or death; those that follow tell where in the program it was, or what it led to. */
  error: LogMark | undefined;
  /** The last death after which records came: not Marian died, but perhaps what feeds it. */
  outlived: LogMark | undefined;
  /** What has been going on since the last record. */
  doing: LogMark | undefined;
  /** Whether a model was loaded: a training that goes on may have reached its limits before. */
  loaded: boolean;
  /** Whether the curriculum that feeds Marian came to its end, as it should. */
  fed: boolean;
}

/** What is known at the end of a log. */
export interface EndOfLog {
  readonly schedule: Schedule | undefined;
  /** Whether the deciding metrics have stalled so often that Marian ends. */
  readonly stopsEarly: boolean;
  /** How often any metric has stalled; undefined where nothing was validated since the start. */
  readonly stalled: number | undefined;
  readonly lastLine: LogPosition;
  /** Whether nothing more can come: a pipe that has ended. */
  readonly closed: boolean;
  /** Whether the log changed while it was read. */
  readonly running: boolean;
}

/** Follows a training from start to start. */
export class CourseCheck {
  readonly #report: ReportFinding;
  readonly #clock: (position: Pick<LogPosition, "at" | "utc" | "segment">) => string | undefined;
  #part = emptyPart(undefined, undefined);
  #before: Part | undefined;
  /** Whether the restart that began this part is still to be told: its first row says where it goes on. */
  #waiting = false;
  #starts = 0;
  #everFinished = false;
  #rows = 0;
  #death: Death | undefined;
  #fate: TrainingState | undefined;

  /** @param clock Writes the time of a position; undefined where it has none. */
  constructor(
    report: ReportFinding,
    clock: (position: Pick<LogPosition, "at" | "utc" | "segment">) => string | undefined,
  ) {
    this.#report = report;
    this.#clock = clock;
  }

  /** What the process printed when it died; undefined where it did not, or printed nothing. Known at the end. */
  get death(): Death | undefined {
    return this.#death;
  }

  /** How the training stands; undefined where the log shows measurements only. Known at the end. */
  get fate(): TrainingState | undefined {
    return this.#fate;
  }

  /** A start of Marian, or of a training where the log has no banner. */
  start(position: LogPosition, version: string | undefined): void {
    const ended = this.#part;
    this.#tell();
    this.#starts += 1;
    this.#part = emptyPart(position, version);
    this.#everFinished ||= ended.finished !== undefined;
    this.#waiting = ended.start !== undefined || ended.started || ended.last !== undefined;
    this.#before = ended;
  }

  mark(mark: LogMark): void {
    const part = this.#part;
    switch (mark.kind) {
      case "started":
        part.started = true;
        part.doing = mark;
        break;
      case "finished":
        part.finished = mark;
        part.doing = undefined;
        break;
      case "interrupted":
        part.interrupted = mark;
        break;
      case "error":
        part.error ??= mark;
        break;
      case "death":
        // Python's way to say that somebody pressed a key.
        if (mark.text.startsWith("KeyboardInterrupt")) part.interrupted ??= mark;
        // What feeds Marian finds the pipe closed after Marian has ended.
        else if (part.finished === undefined || !mark.text.startsWith("BrokenPipeError")) part.error ??= mark;
        break;
      case "load":
        part.loaded = true;
        part.doing = mark;
        break;
      case "fed":
        part.fed = true;
        break;
      case "translate":
      case "score":
      case "save":
      case "data":
        part.doing = mark;
        break;
      default:
    }
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
    if (before !== undefined) part.distance = Math.max(part.distance, row.up - before);
    part.epochs = Math.max(part.epochs, row.epoch - (part.last?.epoch ?? row.epoch));
    part.last = positionOf(row);
    part.lastUpdate = row.up;
    // It goes on, whatever was printed.
    part.finished = undefined;
    part.interrupted = undefined;
    if (part.error?.kind === "death") part.outlived = part.error;
    part.error = undefined;
    part.doing = undefined;
    return backwards;
  }

  validation(row: ValidationRow): void {
    const part = this.#part;
    // A log of validations alone.
    if (this.#rows === 0) {
      if (part.lastUpdate !== undefined && row.up < part.lastUpdate) this.#backwards(row, part.lastUpdate);
      part.lastUpdate = row.up;
    }
    part.last = positionOf(row);
    part.doing = undefined;
    // The script that scores may have died; Marian goes on.
    if (part.error?.kind === "death") part.error = undefined;
  }

  /** The end of the log. */
  end({ schedule, stopsEarly, stalled, lastLine, closed, running }: EndOfLog): void {
    this.#tell();
    const part = this.#part;
    const { start, started, last, lastUpdate, finished, interrupted, error, outlived } = part;
    const position = last ?? start ?? lastLine;
    const { epoch } = position;
    const after = lastUpdate === undefined ? "before its first update" : `after update ${lastUpdate}`;
    const say = (
      { line, at, utc }: Pick<LogPosition, "line" | "at" | "utc">,
      severity: Severity,
      words: string,
    ) => {
      const numbers = lastUpdate === undefined ? {} : { last_up: lastUpdate };
      this.#report({ ...position, line, at, utc }, { kind: "unfinished", severity, words, numbers });
    };
    // Of limits that a finished training has not reached; an interrupted one need not, nor one that was fed to the end.
    const missed =
      finished === undefined ||
      interrupted !== undefined ||
      part.fed ||
      (part.loaded && lastUpdate === undefined)
        ? undefined
        : missedLimits(schedule, { ...part, epoch, stalled });
    this.#fate = "finished";
    if (missed !== undefined) {
      const cause = error ?? outlived;
      this.#death = cause;
      if (cause !== undefined) this.#fate = "failed";
      say(
        cause ?? finished ?? position,
        cause === undefined ? "warning" : "error",
        (cause === undefined ? "" : `${words(cause, after)}; `) +
          `Marian finished ${after}, before its limits (${missed}): its input ended`,
      );
    } else if (error !== undefined && finished !== undefined) {
      const when = finished.line < error.line ? ", when the training was finished" : "";
      say(error, "warning", words(error, `${after}${when}`, "a process"));
    } else if (error !== undefined) {
      this.#death = error;
      this.#fate = "failed";
      say(error, "error", words(error, after));
    } else if (interrupted !== undefined) {
      this.#fate = "failed";
      say(interrupted, "warning", `the training was interrupted by a signal ${after}`);
    } else if (
      // Whatever ends a training well, Marian says so; a file may lack its last lines.
      finished === undefined &&
      (closed || (!stopsEarly && !reachedLimits(schedule, epoch, lastUpdate)))
    ) {
      this.#fate = undefined;
      // The log shows measurements only.
      if (start === undefined && !started) return;
      // A start that came to nothing, after a training that was finished.
      if (!started && last === undefined && this.#everFinished) return;
      if (closed) {
        this.#fate = "failed";
        this.#death = { line: lastLine.line, text: "the input ended without 'Training finished'" };
        const words = `the input ended ${after}, without 'Training finished': the training died`;
        say(position, "error", words + this.#doing());
      } else {
        this.#fate = "running";
        const state = running
          ? "and changed while it was read: the training is running"
          : "without 'Training finished': the training was stopped, or is still running";
        say(position, running ? "info" : "warning", `the log ends ${after}, ${state}${this.#doing()}`);
      }
    }
  }

  /** What has been going on since the last record, as the end of a sentence. */
  #doing(): string {
    const { doing, last, start } = this.#part;
    if (doing === undefined) return "";
    const time = this.#clock(doing);
    const before = this.#clock(last ?? start ?? doing);
    const [day, hour] = time?.split("T") ?? [];
    const since =
      hour === undefined ? "" : ` since ${before?.startsWith(`${day}T`) ? "" : `${day} `}${hour.slice(0, 8)}`;
    return `; it was ${DOINGS[doing.kind as keyof typeof DOINGS]}${since} (line ${doing.line})`;
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
    // An error before the first update has cost nothing, and another program's may have nothing to do with it.
    const costly =
      error !== undefined &&
      !stopped &&
      finished === undefined &&
      last !== undefined &&
      !EXCEPTION.test(error.text);
    this.#report(start, {
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

/** Errors of CUDA tell the path of a source file. */
function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Somebody asked for the end. */
const TERMINATED = /\b(?:Terminated|terminated|SIGTERM)\b/;
/** The last line of a traceback of Python's. */
const EXCEPTION = /^[\w.]*(?:Error|Exception|Interrupt|Exit)\b/;

/** What goes on after each kind of mark. */
const DOINGS = {
  translate: "translating the validation set",
  score: "scoring the translated validation set",
  save: "saving the model",
  load: "loading a model",
  data: "waiting for data",
  started: "waiting for data",
} as const;

function words({ kind, text }: LogMark, when: string, who = "the training"): string {
  return kind === "error" ? `Marian ended with an error ${when}: ${text}` : `${who} died ${when}: ${text}`;
}
