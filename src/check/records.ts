/** The records that checks look at. One object is filled again for every row: rows come by the million. */
import type { Batch } from "../core/batch.js";
import { PRESENT } from "../core/layout.js";
import type { LogPosition } from "./finding.js";

type Filled<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A training row; what the line did not hold is absent. */
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
  /** Absent for a new best. */
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
    filled.line = training.line[row] ?? 0;
    filled.segment = training.segment[row] ?? 0;
    filled.at = present & PRESENT.timestamp ? training.timestamp[row] : undefined;
    filled.utc = (present & PRESENT.utc) !== 0;
    filled.epoch = training.epoch[row] ?? 0;
    filled.up = training.up[row] ?? 0;
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
    filled.line = validation.line[row] ?? 0;
    filled.segment = validation.segment[row] ?? 0;
    filled.at = present & PRESENT.timestamp ? validation.timestamp[row] : undefined;
    filled.utc = (present & PRESENT.utc) !== 0;
    filled.epoch = present & PRESENT.epoch ? validation.epoch[row] : undefined;
    filled.up = validation.up[row] ?? 0;
    filled.metric = batch.metricName(validation.metric[row] ?? 0);
    filled.value = validation.value[row] ?? 0;
    filled.stalled = present & PRESENT.stalled ? validation.stalled[row] : undefined;
    filled.best = present & PRESENT.best ? validation.best[row] : undefined;
    return filled;
  }
}

/** The position of a row, for later: rows are filled again. */
export function positionOf({ line, segment, at, utc, epoch, up }: LogPosition): LogPosition {
  return { line, segment, at, utc, epoch, up };
}
