/** One row an update: training record, validation records and patterns merged by update, in rising order. */
import type { Batch } from "../core/batch.js";
import { KIND, PRESENT } from "../core/layout.js";
import type { PatternMeasurement } from "../core/measurement.js";
import type { TimestampFormat } from "../core/timestamp.js";
import { ColumnNames, type ColumnRule, stalledColumn } from "./metric-columns.js";
import type { RunPlan } from "./run-plan.js";

/** All values of one update. */
export interface StepRow {
  /** The update. */
  readonly step: number;
  /** Milliseconds since 1970, UTC; absent if the log has no times. */
  readonly timestamp?: number;
  readonly values: Readonly<Record<string, number | string>>;
}

interface OpenRow {
  readonly step: number;
  segment: number;
  timestamp: number | undefined;
  values: Record<string, number | string>;
}

const TRAINING = [
  "sen",
  "cost",
  "time",
  "rate",
  "gnorm",
  "learning_rate",
  "labels",
  "batch_labels",
  "total_labels",
] as const;
const KEYS: ColumnRule = { form: "wandb", own: new Set(["epoch", ...TRAINING]) };

/** The number that the text of a pattern's group is; NaN if it is not one. */
export function patternNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/**
 * Merges records to rows whose steps rise.
 *
 * With a plan the whole log is known: a row waits until no record of its update can follow, and where an update was
 * trained again after a restart the later values stand. Without one (live) a row ends when a greater update comes;
 * records of updates that were handed over before are left out and counted.
 */
export class StepRows {
  readonly #plan: RunPlan | undefined;
  readonly #time: TimestampFormat;
  /** Rows that may still change, by step: one, or all that a restart trains again. */
  readonly #open = new Map<number, OpenRow>();
  /** Their steps, rising, from `#first` on. */
  #steps: number[] = [];
  #first = 0;
  readonly #names: ColumnNames;
  #record = 0;
  #handedOver = -1;
  #repeated = 0;

  /** @param from Steps up to this one are taken for handed over before. */
  constructor(time: TimestampFormat, plan?: RunPlan, from = -1) {
    this.#time = time;
    this.#plan = plan;
    this.#handedOver = from;
    this.#names = ColumnNames.of(plan?.metrics ?? [], KEYS);
  }

  /** Records that were left out because their update had been handed over. */
  get repeated(): number {
    return this.#repeated;
  }

  /** The rows that may still change, as they are now, in rising order. */
  get open(): StepRow[] {
    return this.#steps.slice(this.#first).flatMap((step) => {
      const row = this.#open.get(step);
      return row === undefined ? [] : [readRow(row)];
    });
  }

  /** Takes a batch and returns the rows that are final, in rising order. */
  take(batch: Batch): StepRow[] {
    return [...this.each(batch)];
  }

  /** As {@link take}, a row at a time: of a large batch not all rows need be in memory. */
  *each(batch: Batch): Generator<StepRow> {
    const final: StepRow[] = [];
    let training = 0;
    let validation = 0;
    let event = 0;
    for (const kind of batch.order) {
      if (kind === KIND.training) this.#training(batch, training++, final);
      else if (kind === KIND.validation) this.#validation(batch, validation++, final);
      else if (kind === KIND.pattern) this.#pattern(batch.event(event++) as PatternMeasurement);
      else event += 1;
      if (final.length > 0) yield* final.splice(0);
    }
  }

  /** Ends the log: returns the rows that are left. */
  finish(): StepRow[] {
    const final: StepRow[] = [];
    this.#handOver(Number.POSITIVE_INFINITY, final);
    return final;
  }

  #training({ training }: Batch, index: number, final: StepRow[]): void {
    const present = training.present[index] ?? 0;
    const row = this.#row(training.up[index] ?? 0, training.segment[index] ?? 0, final);
    if (row === undefined) return;
    this.#stamp(row, present, training.timestamp[index] ?? 0);
    row.values["epoch"] = training.epoch[index] ?? 0;
    for (const name of TRAINING) {
      if (name === "sen" || name === "cost" || present & PRESENT[name])
        row.values[name] = training[name][index] ?? 0;
    }
  }

  #validation(batch: Batch, index: number, final: StepRow[]): void {
    const { validation } = batch;
    const present = validation.present[index] ?? 0;
    const row = this.#row(validation.up[index] ?? 0, validation.segment[index] ?? 0, final);
    if (row === undefined) return;
    this.#stamp(row, present, validation.timestamp[index] ?? 0);
    if (present & PRESENT.epoch) row.values["epoch"] = validation.epoch[index] ?? 0;
    const name = this.#names.add(batch.metricName(validation.metric[index] ?? 0));
    row.values[name] = validation.value[index] ?? 0;
    if (present & PRESENT.stalled) row.values[stalledColumn(name)] = validation.stalled[index] ?? 0;
  }

  #pattern({ name, up, segment, values }: PatternMeasurement): void {
    const step = up ?? 0;
    if (step <= this.#handedOver) {
      this.#repeated += 1;
      return;
    }
    const row = this.#opened(step, segment);
    for (const [group, value] of Object.entries(values)) {
      const number = patternNumber(value);
      row.values[`${name}/${group}`] = Number.isNaN(number) ? value : number;
    }
  }

  /** The open row of a record's update; undefined if that row was handed over. */
  #row(step: number, segment: number, final: StepRow[]): OpenRow | undefined {
    const bound = this.#plan === undefined ? step : (this.#plan.minUps[this.#record] ?? step);
    this.#record += 1;
    this.#handOver(Math.min(bound, step), final);
    if (step <= this.#handedOver) {
      this.#repeated += 1;
      return undefined;
    }
    return this.#opened(step, segment);
  }

  #opened(step: number, segment: number): OpenRow {
    let row = this.#open.get(step);
    if (row === undefined) {
      // A metric may be called like something that every object has.
      row = { step, segment, timestamp: undefined, values: Object.create(null) };
      this.#open.set(step, row);
      this.#putInOrder(step);
    } else if (segment > row.segment) {
      // Trained again: the later values stand, each in the place of the earlier one.
      row.segment = segment;
      row.timestamp = undefined;
    }
    return row;
  }

  #stamp(row: OpenRow, present: number, timestamp: number): void {
    if (row.timestamp !== undefined || (present & PRESENT.timestamp) === 0) return;
    row.timestamp = this.#time.absolute(timestamp, (present & PRESENT.utc) !== 0, row.segment);
  }

  /** A new step is nearly always the highest. */
  #putInOrder(step: number): void {
    let at = this.#steps.length;
    while (at > this.#first && (this.#steps[at - 1] ?? 0) > step) at -= 1;
    this.#steps.splice(at, 0, step);
  }

  /** Hands over all open rows below `bound`. */
  #handOver(bound: number, final: StepRow[]): void {
    for (let step = this.#steps[this.#first]; step !== undefined && step < bound; ) {
      const row = this.#open.get(step);
      this.#open.delete(step);
      this.#handedOver = step;
      if (row !== undefined) final.push(readRow(row));
      this.#first += 1;
      step = this.#steps[this.#first];
    }
    if (2 * this.#first <= this.#steps.length) return;
    this.#steps = this.#steps.slice(this.#first);
    this.#first = 0;
  }
}

function readRow({ step, timestamp, values }: OpenRow): StepRow {
  return Object.freeze({
    step,
    ...(timestamp === undefined ? {} : { timestamp }),
    values: Object.freeze({ ...values }),
  });
}
