/** The files in which Linux counts what its machine does. */
import { readFile } from "node:fs/promises";

/** The content of a file of /proc; empty if there is none. */
export async function readProc(path: string): Promise<string> {
  return await readFile(path, "utf8").catch(() => "");
}

/** The number after a name (`MemTotal:  16318504 kB`), as it is written; undefined if it is missing. */
export function numberOf(text: string, name: string): number | undefined {
  const [, digits] = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Percent, to the hundredth. */
export function percent(part: number, whole: number): number {
  return whole > 0 ? Math.round((part / whole) * 10_000) / 100 : 0;
}

/** Values by the official client's names, without `system.`. */
export type Sample = Readonly<Record<string, number>>;

/** One part of the machine. */
export interface MetricsPart {
  /** Current values; empty if nothing can be measured. Must not take long, and must not reject. */
  sample(): Promise<Sample>;
  /** Ends what is under way. */
  stop?(): void;
}
