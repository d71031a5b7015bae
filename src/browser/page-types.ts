/** What both entries for pages export besides their functions. */

export type { CheckOptions } from "../check/check-options.js";
export type { CheckReport } from "../check/check-run.js";
export type { Finding, FindingKind, Severity } from "../check/finding.js";
export * from "../library.js";
export type { WebLogInput } from "../sources/web-log.js";
export type { ReadOptions } from "./open-log.js";
export type { Progress } from "./progress.js";
export type { PageUpdate } from "./read.js";
export type { CoreSource, InitOptions, MakeWorker } from "./setup.js";
