/** The lines of a log as text, for a console log. */

/** A line without Taskcluster's prefix, whose time it keeps. */
export interface LogText {
  readonly text: string;
  /** Seconds since 1970; absent where the line has no prefix. */
  readonly timestamp?: number;
}

/** Longest line that is kept; the rest of a longer one is cut. */
const MAX_TEXT = 64 * 1024;
const TASK = /^\[task (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\] /;

/** Divides chunks of bytes into lines. */
export class LogLines {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Takes bytes and returns the lines that they complete. */
  take(chunk: Uint8Array): LogText[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = (lines.pop() ?? "").slice(0, MAX_TEXT);
    return lines.map(readLine);
  }

  /** Ends the log: returns its unterminated last line, if there is one. */
  finish(): LogText[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return rest === "" ? [] : [readLine(rest)];
  }
}

function readLine(line: string): LogText {
  // Of progress output only the last state is of use.
  const whole = line.endsWith("\r") ? line.slice(0, -1) : line;
  const last = whole.slice(whole.lastIndexOf("\r") + 1).slice(0, MAX_TEXT);
  const prefix = TASK.exec(last);
  if (prefix === null) return { text: last };
  const timestamp = Date.parse(prefix[1] ?? "") / 1000;
  return { text: last.slice(prefix[0].length), ...(Number.isNaN(timestamp) ? {} : { timestamp }) };
}
