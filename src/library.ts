/** What both entries of the package export. */
export type { Evaluation } from "./evaluation/evaluation.js";
export { Batch } from "./parser/batch.js";
export { type Columns, type Counts, type Event, KIND, PRESENT } from "./parser/layout.js";
export type { ParserOptions, PatternDefinition } from "./parser/log-parser.js";
export type * from "./parser/measurement.js";
export type * from "./publishers/publisher.js";
export type { Arguments } from "./run/command-line.js";
export type { LogText } from "./run/log-lines.js";
export type { ConfigValue, MarianConfig } from "./run/marian-config.js";
export type { RunTally } from "./run/run-reader.js";
export type { Segment } from "./run/segment.js";
export type { TrainingRun } from "./run/training-run.js";
export type { MetricValue, ValidationPoint } from "./run/validation-point.js";
export { PartialRunError } from "./sources/marian-log.js";
export { InputError, type InputErrorCode } from "./sources/packing.js";
