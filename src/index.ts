/**
 * marian-tracking: reads Marian NMT training logs.
 *
 * @example
 * import { parseLog } from "marian-tracking";
 * for await (const measurement of parseLog("train.log")) {
 *   if (measurement.type === "training") console.log(measurement.up, measurement.cost);
 * }
 * @module
 */
import type { LogParser as CoreLogParser } from "./core/log-parser.js";
import { type LogInput, openLogInput } from "./io/log-input.js";
import { type Library, makeLibrary } from "./library/library.js";
import { nodePlatform } from "./node-platform.js";

const library = makeLibrary(nodePlatform(openLogInput));
export const init: Library<LogInput>["init"] = library.init;
export const LogParser: Library<LogInput>["LogParser"] = library.LogParser;
export const parseLog: Library<LogInput>["parseLog"] = library.parseLog;
export const parseBatches: Library<LogInput>["parseBatches"] = library.parseBatches;
export const readUpdates: Library<LogInput>["readUpdates"] = library.readUpdates;
export const readRun: Library<LogInput>["readRun"] = library.readRun;
export const checkRun: Library<LogInput>["checkRun"] = library.checkRun;
export type LogParser = CoreLogParser;
export { type DatasetName, parseDataset } from "./evaluation/naming/dataset.js";
export { parseTaskLabel, type TaskLabel } from "./evaluation/naming/label.js";
export * from "./library/exports.js";
export type { LogInput };
