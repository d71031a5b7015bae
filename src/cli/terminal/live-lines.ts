/** Lines at the foot of a terminal that are redrawn in place. Whatever else is written there comes above them. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { WriteStream } from "node:tty";

/** Columns and rows of a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Milliseconds between two drawings. */
const REDRAW = 500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
const COLOUR = /(\u001b\[\d+m)/;
/** Without wrapping, a line with wide characters takes one line, too. */
const [NO_WRAP, WRAP] = ["\u001b[?7l", "\u001b[?7h"];

/** A terminal, as far as {@link LiveLines} needs to know it. */
export interface LineTerminal extends Pick<WriteStream, "columns" | "rows" | "write"> {
  readonly fd?: number;
}

/**
 * Draws lines until it is stopped. A terminal that takes nothing (Ctrl-S) does not hold up the program: what comes
 * meanwhile is left out.
 */
export class LiveLines {
  readonly #terminal: LineTerminal;
  readonly #lines: (size: TerminalSize) => readonly string[];
  readonly #fd: number | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #undo: (() => void)[] = [];
  #drawn: readonly string[] = [];
  /** What the terminal did not take yet of the last drawing. */
  #rest = Buffer.alloc(0);

  /**
   * @param lines Called before each drawing; each line is safe for a terminal. Lines that don't fit are cut.
   * @param others Streams that may write to the same terminal.
   */
  constructor(
    terminal: LineTerminal,
    lines: (size: TerminalSize) => readonly string[],
    others: readonly Pick<WriteStream, "write">[] = [],
  ) {
    this.#terminal = terminal;
    this.#lines = lines;
    this.#fd = openAgain(terminal.fd);
    for (const stream of new Set([terminal, ...others])) this.#watch(stream);
    this.#timer = setInterval(() => this.draw(), REDRAW).unref();
    // The shell has written below the lines.
    const resumed = (): void => {
      this.#drawn = [];
    };
    process.on("SIGCONT", resumed);
    this.#undo.push(() => process.off("SIGCONT", resumed));
  }

  /** Draws what is new. */
  draw(): void {
    const { columns, rows } = sizeOf(this.#terminal);
    const lines = this.#lines({ columns, rows })
      .slice(0, Math.max(1, rows - 1))
      .map((line) => fit(line, columns - 1));
    const isSame =
      lines.length === this.#drawn.length && lines.every((line, index) => line === this.#drawn[index]);
    if (isSame) {
      if (this.#fd !== undefined) this.#flush(this.#fd);
      return;
    }
    const text = lines.map((line) => `${line}\n`).join("");
    if (this.#write(`${this.#erasure()}${NO_WRAP}${text}${WRAP}`)) this.#drawn = lines;
  }

  /** Takes the lines away; they come again with the next drawing. */
  clear(): void {
    if (this.#write(this.#erasure())) this.#drawn = [];
  }

  stop(): void {
    clearInterval(this.#timer);
    this.clear();
    for (const undo of this.#undo) undo();
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  /** Moves to the first line drawn, and erases to the end of the screen. */
  #erasure(): string {
    const { columns } = sizeOf(this.#terminal);
    // Lines that a narrower window has broken take several.
    const height = this.#drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)),
      0,
    );
    return height === 0 ? "" : `\u001b[${height}A\r\u001b[J`;
  }

  /** Returns whether the text is written, or comes first as soon as the terminal takes something. */
  #write(text: string): boolean {
    if (text === "") return true;
    if (this.#fd === undefined) {
      this.#passOn(text);
      return true;
    }
    if (!this.#flush(this.#fd)) return false;
    this.#rest = Buffer.from(text);
    this.#flush(this.#fd);
    return true;
  }

  /** Writes what a terminal did not take before; returns whether it has taken all. Half a drawing could not be erased. */
  #flush(fd: number): boolean {
    try {
      while (this.#rest.length > 0) this.#rest = this.#rest.subarray(writeSync(fd, this.#rest));
    } catch {
      // It takes nothing now, or it is gone.
    }
    return this.#rest.length === 0;
  }

  /** Writes past {@link #watch}. */
  #passOn: (text: string) => void = () => {};

  /** Clears the lines before something else is written to a stream. */
  #watch(stream: Pick<WriteStream, "write">): void {
    const own = Object.getOwnPropertyDescriptor(stream, "write");
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    if (stream === this.#terminal) this.#passOn = write;
    stream.write = (...args: unknown[]): boolean => {
      this.clear();
      return write(...args);
    };
    this.#undo.push(() => {
      if (own === undefined) Reflect.deleteProperty(stream, "write");
      else Object.defineProperty(stream, "write", own);
    });
  }
}

/** Opens a terminal once more, because what is set for that does not concern others. Undefined if that can't be done. */
function openAgain(fd: number | undefined): number | undefined {
  if (fd === undefined) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

function widthOf(line: string): number {
  return [...line.replaceAll(new RegExp(COLOUR, "g"), "")].length;
}

/** Cuts a line to a width; colours take no room, and end with the line. */
function fit(line: string, width: number): string {
  let [room, text] = [Math.max(1, width), ""];
  for (const part of line.split(COLOUR)) {
    if (part.startsWith("\u001b[")) {
      text += part;
      continue;
    }
    const characters = [...part];
    text += characters.slice(0, room).join("");
    room = Math.max(0, room - characters.length);
  }
  return text;
}

/** Some terminals have no size. */
function sizeOf({ columns, rows }: LineTerminal): TerminalSize {
  return { columns: columns || 80, rows: rows || 24 };
}
