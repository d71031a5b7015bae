/** What other programs put before a line, and when the line was printed: the core knows every form. */
import type { CoreModule } from "./core.js";

/** What the start of a line tells. */
export interface LineStart {
  /** Bytes of a Taskcluster worker's prefix, all of them ASCII; 0 if there is none. */
  readonly prefix: number;
  /** Milliseconds since 1970 when the line was printed; absent if it does not say. */
  readonly time?: number;
  /** Whether that time is UTC; otherwise it is the clock of an unknown zone, read as UTC. */
  readonly utc: boolean;
}

/** Reads the start of every line of `text`, which line feeds divide. */
export function readLineStarts(core: CoreModule, text: Uint8Array): LineStart[] {
  const numbers = core.lineStarts(text);
  const starts: LineStart[] = [];
  for (let at = 0; at < numbers.length; at += 3) {
    const prefix = numbers[at] ?? 0;
    const time = numbers[at + 1] ?? Number.NaN;
    starts.push(Number.isNaN(time) ? { prefix, utc: false } : { prefix, time, utc: numbers[at + 2] === 1 });
  }
  return starts;
}
