/**
 * marian-tracking in a web page: the same parser on a `File`, `Blob`, `Response`, stream or bytes, gzip and zstd too,
 * in a worker. It loads the core and the worker's script from next to this module when it reads the first log.
 *
 * @example
 * import { parseLog } from "marian-tracking/browser";
 * for await (const measurement of parseLog(file, { progress, signal })) {
 *   if (measurement.type === "training") plot(measurement.up, measurement.cost);
 * }
 * @module
 */
import { fetchCore, startWorker } from "./browser/package-files.js";
import { PagePlatform } from "./browser/page-platform.js";
import type { LogParser as CoreLogParser } from "./core/log-parser.js";
import type { WebLogInput } from "./io/web-log.js";
import { type Library, makeLibrary } from "./library/library.js";

const library = makeLibrary(new PagePlatform(fetchCore, startWorker));
export const init: Library<WebLogInput>["init"] = library.init;
export const LogParser: Library<WebLogInput>["LogParser"] = library.LogParser;
export const parseLog: Library<WebLogInput>["parseLog"] = library.parseLog;
export const parseBatches: Library<WebLogInput>["parseBatches"] = library.parseBatches;
export const readUpdates: Library<WebLogInput>["readUpdates"] = library.readUpdates;
export const readRun: Library<WebLogInput>["readRun"] = library.readRun;
export const checkRun: Library<WebLogInput>["checkRun"] = library.checkRun;
export type LogParser = CoreLogParser;
export type LogInput = WebLogInput;
export * from "./library/exports.js";
