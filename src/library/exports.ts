/** What every entry of the package exports besides the functions of the library. */

export type { CheckReport } from "../check/check-log.js";
export type { CheckOptions } from "../check/check-options.js";
export type { Death } from "../check/course-check.js";
export type { Finding, FindingKind, Severity } from "../check/finding.js";
export type { Batch } from "../core/batch.js";
export { type Columns, type Counts, KIND, type LogEvent, PRESENT } from "../core/layout.js";
export type { ParserOptions, PatternDefinition } from "../core/log-parser.js";
export type * from "../core/measurement.js";
export type { Evaluation } from "../evaluation/evaluation.js";
export { InputError, type InputErrorCode } from "../io/input-error.js";
export type { WebLogInput } from "../io/web-log.js";
export type * from "../publishers/publisher.js";
export type { Arguments } from "../run/command-line.js";
export type { ConfigValue, MarianConfig } from "../run/config-value.js";
export type { LogText } from "../run/log-lines.js";
export { PartialRunError } from "../run/marian-log.js";
export type { RunTally } from "../run/run-reader.js";
export type { Segment } from "../run/segment.js";
export type { TrainingRun } from "../run/training-run.js";
export type { MetricValue, ValidationPoint } from "../run/validation-point.js";
export type { CoreSource, InitOptions, Library, LogUpdate, MakeWorker } from "./library.js";
export type { Progress, ReadOptions } from "./open-log.js";
