/** A whole log, read and kept. */
import type { BatchParser } from "../core/log-parser.js";
import type { PatternMeasurement, TrainingMeasurement } from "../core/measurement.js";
import type { Arguments } from "./command-line.js";
import type { MarianConfig } from "./config-value.js";
import { RunReader, type RunTally, type RunUpdate } from "./run-reader.js";
import { currentSegment, type Segment } from "./segment.js";
import type { ValidationPoint } from "./validation-point.js";

/** One training, as its log tells it. */
export interface TrainingRun {
  /** Starts of Marian, in the order of the log. Empty if it shows none. */
  readonly segments: readonly Segment[];
  readonly training: readonly TrainingMeasurement[];
  readonly validation: readonly ValidationPoint[];
  readonly patterns: readonly PatternMeasurement[];
  /** Of the last segment that has rows, like `arguments` and `config`; absent if the log does not say. */
  readonly marian_version?: string;
  readonly arguments?: Arguments;
  readonly config?: MarianConfig;
  /** What was counted: lines, records, unmatched lines with samples, warnings. */
  readonly tally: RunTally;
}

/** Reads a whole log into memory: about 300 bytes a row. */
export async function readTrainingRun(
  parser: BatchParser,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<TrainingRun> {
  const reader = new RunReader(parser);
  const segments: Segment[] = [];
  const training: TrainingMeasurement[] = [];
  const validation: ValidationPoint[] = [];
  const patterns: PatternMeasurement[] = [];
  const keep = (update: RunUpdate) => {
    for (const measurement of update.batch.measurements()) {
      if (measurement.type === "training") training.push(measurement);
      else if (measurement.type === "pattern") patterns.push(measurement);
    }
    segments.push(...update.segments.values());
    for (const point of update.points) validation.push(point);
  };
  for await (const chunk of chunks) keep(await reader.read(chunk));
  keep(await reader.finish());

  const current = currentSegment(
    segments,
    Math.max(training.at(-1)?.segment ?? -1, validation.at(-1)?.segment ?? -1),
  );
  return {
    segments,
    training,
    validation,
    patterns,
    ...(current?.marian_version === undefined ? {} : { marian_version: current.marian_version }),
    ...(current?.arguments === undefined ? {} : { arguments: current.arguments }),
    ...(current?.config === undefined ? {} : { config: current.config }),
    tally: reader.tally,
  };
}
