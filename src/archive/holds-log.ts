/** Whether a file is the log of a training: its content decides. */
import { closeSync, openSync, readSync } from "node:fs";
import { LogParser } from "../core/log-parser.js";
import { concatBytes } from "../io/byte-stream.js";
import { fileChunks } from "../io/chunks.js";
import { kindOfName } from "../io/file-name.js";
import { decompress } from "../io/packed/decompress.js";
import { kindOf } from "../io/packed/packing.js";
import { BLOCK, isTarHeader, refuseTar } from "../io/packed/tar-header.js";
import { nodeCore } from "../node-core.js";
import { hasTrainingName, isDeadTraining } from "../run/dead-training.js";
import { type LogMark, markOf } from "../run/log-mark.js";
import { RunReader } from "../run/run-reader.js";
import type { Segment } from "../run/segment.js";

/** Files of these kinds are not logs, and often large. */
const NO_LOG =
  /\.(?:npz|npy|bin|spm|vocab|pt|pb|onnx|so|a|o|zip|7z|xz|bz2|png|jpe?g|gif|svg|pdf|whl|csv|tsv|parquet|db|sqlite3?|json|jsonl|ndjson|ya?ml|toml|md|html?|js|ts|py|c|cc|cpp|h|rs|wandb|metrics)$/i;
/** Logs that have to be unpacked by hand: reading one says how. */
const OTHER_PACKING = /\.(?:log|out)(?:\.\d+)?\.(?:xz|bz2|zip)$/i;
/** Bytes of a file that is not called a log in which its first record must stand. */
const MAX_PREAMBLE = 4 << 20;
/** One of these stands in every line that makes a file a log. */
const SIGNS = ["Ep. ", "valid]", "arian]"];

/** The start of the file that is looked at; shared, because there may be 100,000 of them. */
const head = Buffer.alloc(1 << 16);

/** What a file is. */
export type FileContent = "log" | "tar" | "other";

/**
 * Looks into a file. A file that is called a log and can't be read counts as one: reading it says what is wrong. A log
 * of translations is not a training's.
 *
 * @param name Of the file, if its path differs.
 */
export async function contentOf(path: string, name = path): Promise<FileContent> {
  if (isNoLog(name)) return "other";
  if (OTHER_PACKING.test(name)) return "log";
  const isCalledLog = kindOfName(name) === "log";
  try {
    const length = readHead(path);
    const start = head.subarray(0, length);
    const kind = kindOf(start);
    if (kind !== undefined) {
      if (kind.packing === undefined) return isCalledLog ? "log" : "other";
      if (await isTar(path)) return "tar";
    } else {
      if (isTarHeader(start)) return "tar";
      if (!isCalledLog && start.includes(0)) return "other";
      const isWhole = length < head.length;
      if (isWhole && !hasTrainingName(name) && !SIGNS.some((sign) => start.includes(sign))) return "other";
    }
    return (await holdsLog(fileChunks(path), name, isCalledLog)) ? "log" : "other";
  } catch {
    return isCalledLog ? "log" : "other";
  }
}

/** Whether the name of a file says that it is not a log, whatever is in it. */
export function isNoLog(name: string): boolean {
  return NO_LOG.test(name) && !OTHER_PACKING.test(name);
}

/** Whether a file is a tar, packed or not. */
export async function isTar(path: string): Promise<boolean> {
  let start: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of decompress(fileChunks(path))) {
      start = concatBytes(start, chunk);
      if (start.length >= BLOCK) break;
    }
  } catch {
    // Reading it as a log reports what is wrong.
  }
  return isTarHeader(start);
}

function readHead(path: string): number {
  const file = openSync(path, "r");
  try {
    return readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
}

/** The same for an object in a bucket that is called a log. */
export async function isLogOfTraining(chunks: AsyncIterable<Uint8Array>, name: string): Promise<boolean> {
  if (OTHER_PACKING.test(name)) return true;
  return await holdsLog(chunks, name, true).catch(() => true);
}

/** @throws InputError if the file can't be read to its end and nothing was found before. */
async function holdsLog(
  stored: AsyncIterable<Uint8Array>,
  name: string,
  isCalledLog: boolean,
): Promise<boolean> {
  using parser = new LogParser(nodeCore(), { marks: hasTrainingName(name) });
  const reader = new RunReader(parser);
  const segments: Segment[] = [];
  const marks: LogMark[] = [];
  const take = async (reading: ReturnType<RunReader["read"]>) => {
    const update = await reading;
    segments.push(...update.segments.values());
    for (const event of update.batch.events) {
      const mark = markOf(event);
      if (mark?.kind === "error" || mark?.kind === "death") marks.push(mark);
    }
    const { training, validation } = parser.counts;
    return training + validation > 0;
  };
  let bytes = 0;
  for await (const chunk of refuseTar(decompress(stored))) {
    if (await take(reader.read(chunk))) return true;
    bytes += chunk.length;
    if (!isCalledLog && bytes > MAX_PREAMBLE && segments.length === 0) return false;
  }
  if (await take(reader.finish())) return true;
  return (
    (isCalledLog && parser.counts.unmatched > 0) || isDeadTraining({ segments, marks, source: name }, true)
  );
}
