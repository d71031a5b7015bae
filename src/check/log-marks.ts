/** Lines of Marian's that are no measurements and tell how a training goes: its start, its end, its errors. */

/** What a line says. */
export interface Mark {
  readonly kind: "started" | "finished" | "interrupted" | "error" | "diverged";
  /** Line of the log, from 1. */
  readonly line: number;
  /** The line without what stands before. */
  readonly text: string;
}

/** What a line with a mark holds; only such lines are looked at. */
const NEEDLES = ["Training ", "Error: ", "diverge"];
/** A line is kept up to here: what counts stands at its start. */
const LONGEST = 4096;
/** Stamps and tags in brackets, and nothing else, may stand before; so texts of translations are none. */
const MARK =
  /^(?:\s*\[[^\]]{0,100}\](?:<\w+>:)?)+ *(?:(Training (?:started|finished|finshed|interrupted)\b.*)|(Error: .*)|((?:Detected training diverge|Training diverged).*))/;
/** Without brackets (a log that was stripped) the line must be nothing else. */
const BARE = /^(Training (?:started|finished|finshed|interrupted \(.*\)\.?))\s*$/;

/** Finds marks in chunks of bytes. */
export class LogMarks {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Takes the next bytes; `lines` is the number of lines that ended before them. */
  take(chunk: Uint8Array, lines: number): Mark[] {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n") + 1;
    this.#rest = text.slice(end, end + LONGEST);
    return this.#search(text, end, lines);
  }

  /** Ends the log: looks at its unterminated last line. */
  finish(lines: number): Mark[] {
    const text = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return this.#search(text, text.length, lines);
  }

  #search(text: string, end: number, lines: number): Mark[] {
    const starts = new Set<number>();
    for (const needle of NEEDLES) {
      for (let at = text.indexOf(needle); at >= 0 && at < end; ) {
        starts.add(text.lastIndexOf("\n", at) + 1);
        const next = text.indexOf("\n", at);
        at = next < 0 ? -1 : text.indexOf(needle, next);
      }
    }
    const marks: Mark[] = [];
    let counted = 0;
    let line = lines + 1;
    for (const start of [...starts].sort((one, other) => one - other)) {
      const mark = readMark(text.slice(start, start + LONGEST).split("\n", 1)[0] ?? "");
      if (mark === undefined) continue;
      for (let at = text.indexOf("\n", counted); at >= 0 && at < start; at = text.indexOf("\n", at + 1)) {
        line += 1;
        counted = at + 1;
      }
      marks.push({ ...mark, line });
    }
    return marks;
  }
}

function readMark(line: string): Pick<Mark, "kind" | "text"> | undefined {
  // Of progress output only the last state is of use.
  const text = line.replace(/\r$/, "").replace(/^.*\r/, "");
  const [, state, error, diverged] = MARK.exec(text) ?? BARE.exec(text) ?? [];
  if (error !== undefined) return { kind: "error", text: error.slice("Error: ".length).trim() };
  if (diverged !== undefined) return { kind: "diverged", text: diverged.trim() };
  if (state === undefined) return undefined;
  if (state.startsWith("Training started")) return { kind: "started", text: state };
  return { kind: state.startsWith("Training in") ? "interrupted" : "finished", text: state };
}
