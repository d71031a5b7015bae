/**
 * marian-tracking in a web page that brings everything itself: one file that loads nothing. The page passes the core's
 * bytes to `init`. If it also passes a function that makes workers, they parse the logs, otherwise the page's thread does.
 *
 * @example
 * import { init, parseLog } from "marian-tracking/slim";
 * await init(bytesOfTheCore, { worker: () => new Worker(addressOfTheWorkersScript, { type: "module" }) });
 * for await (const measurement of parseLog(file)) plot(measurement);
 * @module
 */
import { PagePlatform } from "./browser/page-platform.js";
import type { LogParser as CoreLogParser } from "./core/log-parser.js";
import type { WebLogInput } from "./io/web-log.js";
import { type Library, makeLibrary } from "./library/library.js";

const library = makeLibrary(new PagePlatform());
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
