/**
 * `marian-tracking/browser` in Node, for tests of a page and rendering on a server: it reads what a page can read, on the
 * calling thread.
 * @module
 */
import type { LogParser as CoreLogParser } from "./core/log-parser.js";
import { openWebLog, type WebLogInput } from "./io/web-log.js";
import { type Library, makeLibrary } from "./library/library.js";
import { nodePlatform } from "./node-platform.js";

const library = makeLibrary(nodePlatform(openWebLog));
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
