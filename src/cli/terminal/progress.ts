/** The line at the foot of a terminal that shows that a command is at work. */
import type { WriteStream } from "node:tty";
import { type Pause, pauses } from "../../http/retry.js";
import { escapeLine } from "../../io/escape.js";
import { beforeText } from "../../io/terminal.js";
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
  /** A run is done. */
  done(): void;
  stop(): void;
}

/** What there is to do. */
export interface Extent {
  readonly bytes: number;
  /** Absent if runs are not counted. */
  readonly runs?: number;
}

/** Shows a bar, once the work takes longer than a second. */
export function startProgress({ bytes, runs }: Extent, terminal: WriteStream, quiet: boolean): Progress {
  const started = performance.now();
  let read = 0;
  let finished = 0;
  const text = (elapsed: string) => {
    const seconds = (performance.now() - started) / 1000;
    const part = bytes === 0 ? 0 : Math.min(1, read / bytes);
    const full = Math.round(part * BAR);
    const bar = `${"█".repeat(full)}${"░".repeat(BAR - full)} ${Math.floor(part * 100)}%`;
    const isMeasured = part > 0 && part < 1;
    return [
      ...(bytes === 0 ? [] : [bar]),
      ...(runs === undefined ? [] : [`${finished} of ${count(runs, "run")}`]),
      ...(bytes === 0 ? [] : [`${size(read)} of ${size(bytes)}`, `${size(read / seconds)}/s`]),
      isMeasured ? `${Math.ceil((seconds * (1 - part)) / part)} s left` : elapsed,
    ].join("  ");
  };
  const line = showProgress(text, terminal, quiet);
  return {
    add(more) {
      read += more;
      line.update();
    },
    done() {
      finished += 1;
      line.update();
    },
    stop: line.stop,
  };
}
