/** Runs the program on a terminal of its own, and shows what stands on that terminal. */
import { spawnSync } from "node:child_process";
import { binaryPath, type LiveRun, type RunOptions, startProgram } from "./run-binary.js";

/** Whether this machine has `script`, which runs a program on a terminal. */
export const canUseTerminal = spawnSync("script", ["--version"]).status === 0;
if (!canUseTerminal) process.stdout.write("skipped: tests on a terminal (there is no program script)\n");

/** What a terminal sends for Ctrl and a letter. */
export const CTRL = { c: "\u0003", q: "\u0011", s: "\u0013" } as const;

/** Starts `marian-tracking` on a terminal of 80 columns and 24 rows. What is typed goes to its standard input. */
export function startOnTerminal(args: readonly string[], options: RunOptions = {}): LiveRun {
  const words = [process.execPath, binaryPath("run"), ...args].map((word) => `'${word}'`).join(" ");
  const env = { TERM: "xterm", LC_ALL: "C.UTF-8", ...options.env };
  // `-f` shows everything at once.
  return startProgram("script", ["-qfec", `stty cols 80 rows 24; exec ${words}`, "/dev/null"], {
    ...options,
    env,
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is controlled by them
const SEQUENCE = /\u001b\[(\??)(\d*)([A-Za-z])|[\r\n]|[^\u001b\r\n]/gu;

/** The lines of a terminal after what was written to it, those that have left at the top first; colours are left out. */
export function screenOf(written: string, columns = 80, rows = 24): string[] {
  const lines: string[][] = [[]];
  let [row, column, wraps] = [0, 0, true];
  const down = (): void => {
    row += 1;
    lines[row] ??= [];
  };
  for (const [text, priv, digits, name] of written.matchAll(SEQUENCE)) {
    const count = Number(digits || 1);
    if (text === "\r") column = 0;
    else if (text === "\n") down();
    else if (name === undefined) {
      if (column === columns) {
        if (wraps) {
          down();
          column = 0;
        } else column -= 1;
      }
      const line = lines[row] ?? [];
      while (line.length < column) line.push(" ");
      line[column] = text;
      column += 1;
    } else if (name === "A") row = Math.max(row - count, lines.length - rows, 0);
    else if (name === "J" || name === "K") {
      lines[row]?.splice(column);
      if (name === "J") lines.splice(row + 1);
    } else if (priv === "?" && count === 7) wraps = name === "h";
    else if (name !== "m")
      throw new Error(`a sequence that this terminal does not know: ${JSON.stringify(text)}`);
  }
  return lines.map((line) => line.join("").trimEnd());
}
