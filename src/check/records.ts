/** The records that checks look at. One object is filled again for every row, because there are millions. */
import type { Batch } from "../core/batch.js";
import { type Columns, PRESENT } from "../core/layout.js";
import type { LogPosition } from "./finding.js";

type Filled<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A training row; fields that the line did not hold are undefined. */
export interface TrainingRow extends LogPosition {
  readonly up: number;
  readonly epoch: number;
  readonly cost: number;
  readonly time: number | undefined;
  readonly rate: number | undefined;
  readonly gnorm: number | undefined;
  readonly learning_rate: number | undefined;
}

/** A validation record. */
export interface ValidationRow extends LogPosition {
  readonly up: number;
  readonly metric: string;
  readonly value: number;
  /** Undefined for a new best. */
  readonly stalled: number | undefined;
  readonly best: number | undefined;
}

/** Reads the rows of batches; each holds until the next of its kind is read. */
export class RecordReader {
  readonly #training = {} as Filled<TrainingRow>;
  readonly #validation = {} as Filled<ValidationRow>;

  training({ training }: Batch, row: number): TrainingRow {
    const filled = this.#training;
    const present = training.present[row] ?? 0;
    fillPosition(filled, training, row);
    filled.epoch = training.epoch[row] ?? 0;
    filled.cost = training.cost[row] ?? 0;
    filled.time = present & PRESENT.time ? training.time[row] : undefined;
    filled.rate = present & PRESENT.rate ? training.rate[row] : undefined;
    filled.gnorm = present & PRESENT.gnorm ? training.gnorm[row] : undefined;
    filled.learning_rate = present & PRESENT.learning_rate ? training.learning_rate[row] : undefined;
    return filled;
  }

  validation(batch: Batch, row: number): ValidationRow {
    const { validation } = batch;
    const filled = this.#validation;
    const present = validation.present[row] ?? 0;
    fillPosition(filled, validation, row);
    filled.epoch = present & PRESENT.epoch ? validation.epoch[row] : undefined;
    filled.metric = batch.metricName(validation.metric[row] ?? 0);
    filled.value = validation.value[row] ?? 0;
    filled.stalled = present & PRESENT.stalled ? validation.stalled[row] : undefined;
    filled.best = present & PRESENT.best ? validation.best[row] : undefined;
    return filled;
  }
}

/** What all rows have. */
function fillPosition(
  filled: Filled<Omit<LogPosition, "epoch">>,
  { line, segment, timestamp, present, up }: Columns<"line" | "segment" | "timestamp" | "up">,
  row: number,
): void {
  const bits = present[row] ?? 0;
  filled.line = line[row] ?? 0;
  filled.segment = segment[row] ?? 0;
  filled.at = bits & PRESENT.timestamp ? timestamp[row] : undefined;
  filled.utc = (bits & PRESENT.utc) !== 0;
  filled.up = up[row] ?? 0;
}

/** A copy of the position of a row, because rows are filled again. */
export function positionOf({ line, segment, at, utc, epoch, up }: LogPosition): LogPosition {
  return { line, segment, at, utc, epoch, up };
}
