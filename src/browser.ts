/**
 * marian-tracking in a web page: the same parser on a `File`, `Blob`, `Response`, stream or bytes.
 *
 * @example
 * import { parseLog } from "marian-tracking/browser";
 * for await (const measurement of parseLog(file)) if (measurement.type === "training") plot(measurement);
 */
import { type CoreModule, instantiateCore, instantiatedCore } from "./parser/core.js";
import { LogParser as CoreLogParser, type ParserOptions } from "./parser/log-parser.js";
import type { Measurement } from "./parser/measurement.js";
import { readTrainingRun, type TrainingRun } from "./run/training-run.js";
import { type WebLogInput, webChunks } from "./sources/web-chunks.js";

let loading: Promise<CoreModule> | undefined;

/**
 * Loads the core; `parseLog` and `readRun` do so on their own. Without an argument it is fetched from beside this
 * module.
 *
 * @throws Error when the core can't be fetched.
 */
export function init(core?: BufferSource | WebAssembly.Module): Promise<void> {
  loading ??= load(core).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading.then(() => {});
}

async function load(core: BufferSource | WebAssembly.Module | undefined): Promise<CoreModule> {
  if (core !== undefined) return instantiateCore(() => core);
  const url = new URL("../wasm/marian_log_wasm_bg.wasm", import.meta.url);
  const bytes = url.protocol === "file:" ? await readFile(url) : await fetchBytes(url);
  return instantiateCore(() => bytes);
}

async function fetchBytes(url: URL): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok)
    throw new Error(`The parser's core could not be fetched: ${url} answered ${response.status}`);
  return response.arrayBuffer();
}

/** Outside a browser (a test, server-side rendering) `fetch` reads no files. */
async function readFile(url: URL): Promise<BufferSource> {
  const name = "node:fs/promises";
  const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
    readFile(path: URL): Promise<BufferSource>;
  };
  return readFile(url);
}

/** Reads one log from chunks of bytes, synchronously, into columns. Call {@link init} before. */
export class LogParser extends CoreLogParser {
  /**
   * @throws Error when {@link init} has not ended; when a pattern is no regular expression or names no group.
   * @throws RangeError when the time zone is unknown.
   */
  constructor(options: ParserOptions = {}) {
    const core = instantiatedCore();
    if (core === undefined) throw new Error("The parser's core is not loaded yet: await init() first.");
    super(core, options);
  }
}

/**
 * Reads a log, gzip included, and yields what it holds in the order of the log.
 *
 * @throws TypeError of the platform when packed data is damaged, after what came before was yielded.
 */
export async function* parseLog(
  input: WebLogInput,
  options: ParserOptions = {},
): AsyncGenerator<Measurement> {
  await init();
  const parser = new LogParser(options);
  try {
    for await (const chunk of webChunks(input)) yield* parser.feed(chunk).measurements();
    yield* parser.finish().measurements();
  } finally {
    parser.free();
  }
}

/** Reads a log as one training: segments, rows, validation points, version, arguments, configuration. */
export async function readRun(input: WebLogInput, options: ParserOptions = {}): Promise<TrainingRun> {
  await init();
  const parser = new LogParser(options);
  try {
    return await readTrainingRun(parser, webChunks(input));
  } finally {
    parser.free();
  }
}

export * from "./library.js";
export type { WebLogInput } from "./sources/web-chunks.js";
