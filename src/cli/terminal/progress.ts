/** The line at the foot of a terminal that shows that a command is at work. */
import type { WriteStream } from "node:tty";
import { type Pause, pauses } from "../../http/retry.js";
import { escapeLine } from "../../io/escape.js";
import { beforeText, say } from "../../io/terminal.js";
import { count, size } from "../receipts/numbers.js";

/** Milliseconds before the line appears: most commands are done by then. */
const DELAY = 1000;
const REDRAW = 200;
const BAR = 20;

/** A line that is shown until `stop` is called. */
export interface ProgressLine {
  /** Redraws the line if it is due: while a command computes, no timer does. */
  update(): void;
  stop(): void;
}

/** The line on the screen; one that begins while another is shown takes its place until it stops. */
let shown: Line | undefined;

class Line implements ProgressLine {
  readonly #text: () => string;
  readonly #terminal: WriteStream;
  readonly #under = shown;
  readonly #timer = setInterval(() => this.update(), REDRAW).unref();
  #due = performance.now() + DELAY;
  #isDrawn = false;

  constructor(text: () => string, terminal: WriteStream) {
    this.#text = text;
    this.#terminal = terminal;
    this.#under?.clear();
  }

  update(): void {
    const now = performance.now();
    if (shown !== this || now < this.#due) return;
    this.#due = now + REDRAW;
    // A line of the whole width would wrap when the window gets narrower.
    const width = (this.#terminal.columns || 80) - 1;
    const text = [...escapeLine(this.#text())].slice(0, width).join("");
    this.#terminal.write(`\r${text}\u001b[K`);
    this.#isDrawn = true;
  }

  clear(): void {
    if (this.#isDrawn) this.#terminal.write("\r\u001b[K");
    this.#isDrawn = false;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.clear();
    if (shown === this) shown = this.#under;
  }
}

beforeText(() => shown?.clear());

/**
 * Shows what `text` returns, on a terminal and after a second; nothing if `quiet` is set.
 *
 * @param text Gets the time since the start, as `12 s`.
 */
export function showProgress(
  text: (elapsed: string) => string,
  terminal: WriteStream,
  quiet: boolean,
): ProgressLine {
  if (quiet || !terminal.isTTY || process.env["TERM"] === "dumb") return { update() {}, stop() {} };
  const started = performance.now();
  const waits = new Waits();
  const elapsed = () => `${Math.round((performance.now() - started) / 1000)} s`;
  const line = new Line(() => [...waits.texts, text(elapsed())].join("; "), terminal);
  shown = line;
  return {
    update: () => line.update(),
    stop() {
      line.stop();
      waits.stop();
    },
  };
}

/** What requests wait for. */
class Waits {
  #last: Pause | undefined;
  #ends = 0;
  #retries = 0;
  readonly #take = (message: unknown) => {
    const pause = message as Pause;
    const ends = performance.now() + pause.milliseconds;
    if (pause.kind === "retry") this.#retries += 1;
    if (ends < this.#ends) return;
    this.#ends = ends;
    this.#last = pause;
  };

  constructor() {
    pauses.subscribe(this.#take);
  }

  get texts(): string[] {
    const retries = this.#retries === 0 ? [] : [count(this.#retries, "retry", "retries")];
    const left = Math.ceil((this.#ends - performance.now()) / 1000);
    if (this.#last === undefined || left <= 0) return retries;
    const { isAsked, reason } = this.#last;
    return isAsked
      ? [`waiting ${left} s because the server asked for it`, ...retries]
      : [`trying again in ${left} s (${reason})`, ...retries];
  }

  stop(): void {
    pauses.unsubscribe(this.#take);
  }
}

/** Shows how much of the input has been read. */
export interface Progress {
  add(bytes: number): void;
  /** Runs are done, one if no number is given; some of them may have errors. */
  done(runs?: number, errors?: number): void;
  stop(): void;
}

/** What there is to do, as far as it is known yet. */
export interface Extent {
  readonly bytes: number;
  /** Absent if runs are not counted. */
  readonly runs?: number | undefined;
}

/** Milliseconds between lines where there is no terminal. */
const HEARTBEAT = 30_000;

/** Shows a bar, once the work takes longer than a second; with `heartbeat`, off a terminal a line every 30 seconds. */
export function startProgress(
  extent: Extent,
  terminal: WriteStream,
  quiet: boolean,
  { heartbeat = false } = {},
): Progress {
  const tally = new WorkTally(extent);
  const text = (elapsed: string) => tally.bar(elapsed);
  const line = showProgress(text, terminal, quiet);
  const beats = heartbeat && !quiet && !terminal.isTTY;
  const timer = beats ? setInterval(() => say(tally.line()), HEARTBEAT).unref() : undefined;
  return {
    add(more) {
      tally.read += more;
      line.update();
    },
    done(runs = 1, errors = 0) {
      tally.finished += runs;
      tally.errors += errors;
      line.update();
    },
    stop() {
      clearInterval(timer);
      line.stop();
    },
  };
}

/** Seconds in which an older speed counts for a third. */
const MEMORY = 60;

/** What is done of the work, and how long the rest takes. */
class WorkTally {
  read = 0;
  finished = 0;
  errors = 0;
  readonly #extent: Extent;
  readonly #started = performance.now();
  #last = { at: this.#started, part: 0 };
  /** Of the last minute or so, so that the end that is expected is steady. */
  #recent = { seconds: 0, part: 0 };

  constructor(extent: Extent) {
    this.#extent = extent;
  }

  bar(elapsed: string): string {
    const { bytes } = this.#extent;
    const part = this.#part();
    const full = Math.round(part * BAR);
    const bar = `${"█".repeat(full)}${"░".repeat(BAR - full)} ${Math.floor(part * 100)}%`;
    return [...(bytes === 0 ? [] : [bar]), ...this.#facts(), this.#left(part) ?? elapsed].join("  ");
  }

  line(): string {
    const part = this.#part();
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    const left = this.#left(part);
    return [`after ${timeText(seconds)}`, ...this.#facts(), ...(left === undefined ? [] : [left])].join(", ");
  }

  #facts(): string[] {
    const { bytes, runs } = this.#extent;
    const seconds = (performance.now() - this.#started) / 1000;
    const counted = this.finished > 0 || runs !== undefined;
    const total =
      runs === undefined ? count(this.finished, "run") : `${this.finished} of ${count(runs, "run")}`;
    const rate = `${size(this.read / seconds)}/s`;
    return [
      ...(counted ? [total] : []),
      ...(this.errors === 0 ? [] : [`${this.errors} with errors`]),
      ...(bytes === 0 ? [] : [`${size(this.read)} of ${size(bytes)}`, rate]),
      ...(bytes === 0 && this.read > 0 ? [size(this.read), rate] : []),
    ];
  }

  #part(): number {
    const { bytes, runs } = this.#extent;
    if (bytes > 0) return Math.min(1, this.read / bytes);
    return runs === undefined || runs === 0 ? 0 : Math.min(1, this.finished / runs);
  }

  #left(part: number): string | undefined {
    const now = performance.now();
    const seconds = (now - this.#last.at) / 1000;
    const kept = Math.exp(-seconds / MEMORY);
    this.#recent = {
      seconds: this.#recent.seconds * kept + seconds,
      part: this.#recent.part * kept + part - this.#last.part,
    };
    this.#last = { at: now, part };
    if (part <= 0 || part >= 1 || this.#recent.part <= 0) return undefined;
    return `${timeText(Math.round((this.#recent.seconds * (1 - part)) / this.#recent.part))} left`;
  }
}

function timeText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
