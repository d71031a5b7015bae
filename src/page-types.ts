/** What both entries for pages export besides their functions. */

export type { ReadOptions } from "./browser/open-log.js";
export type { Progress } from "./browser/progress.js";
export type { PageUpdate } from "./browser/read.js";
export type { CoreSource, InitOptions, MakeWorker } from "./browser/setup.js";
export type { CheckReport } from "./check/check-log.js";
export type { CheckOptions } from "./check/check-options.js";
export type { Finding, FindingKind, Severity } from "./check/finding.js";
export type { WebLogInput } from "./io/web-log.js";
export * from "./library.js";
