/** What Node gives for a log, in the form in which the pages answer. */
import { type ParserOptions, parseLog, readRun } from "../../src/index.js";

/** JSON that keeps what numbers JSON lacks, and maps. */
export function asText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "number" && !Number.isFinite(part)) return String(part);
    return part instanceof Map ? [...part] : part;
  });
}

/** All measurements of a log. */
export async function measurementsInNode(
  input: string | Uint8Array,
  options?: ParserOptions,
): Promise<string> {
  const found: unknown[] = [];
  for await (const measurement of parseLog(input, options)) found.push(measurement);
  return asText(found);
}

/** The log as a training. */
export async function runInNode(input: string | Uint8Array, options?: ParserOptions): Promise<string> {
  return asText([await readRun(input, options)]);
}
