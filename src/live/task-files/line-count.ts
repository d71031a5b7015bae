/** Counts the lines of a file beside other work. */
import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { fileChunks } from "../../io/chunks.js";
import { InputError } from "../../io/input-error.js";
import { decompress } from "../../io/packed/decompress.js";
import { readable } from "../../io/source.js";
import { isAbsent } from "./config-file.js";

const NEWLINE = 10;
/** Milliseconds of counting, after which as many belong to everybody else. */
const SLICE = 10;

/**
 * The number of lines of a file, which may be packed; an unterminated last line counts. Half of the time is left to
 * others. Never rejects; when the signal is aborted, what it gives is of no use.
 */
export async function countLines(
  path: string,
  signal: AbortSignal,
): Promise<number | { readonly fault: string; readonly absent: boolean }> {
  try {
    // A pipe or a device would never end.
    if (!(await stat(path)).isFile()) return { fault: "it is not a file", absent: false };
    let lines = 0;
    let last = NEWLINE;
    let begun = performance.now();
    for await (const chunk of decompress(fileChunks(path))) {
      if (signal.aborted) break;
      lines += newlines(chunk);
      last = chunk.at(-1) ?? last;
      if (performance.now() - begun < SLICE) continue;
      await delay(SLICE, undefined, { signal });
      begun = performance.now();
    }
    return last === NEWLINE ? lines : lines + 1;
  } catch (error) {
    const reason = readable(error);
    // Hints are for logs.
    return { fault: reason instanceof InputError ? reason.problem : reason.message, absent: isAbsent(error) };
  }
}

function newlines(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}
