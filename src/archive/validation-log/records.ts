/** Compares the validation records of two logs: two are the same if epoch, update, metric and value are. */
import type { Batch } from "../../core/batch.js";
import { PRESENT } from "../../core/layout.js";

/** A record, or a start of Marian, by its place in a log. */
export interface Mark {
  readonly line: number;
  /** Absent for a start of Marian. */
  readonly up?: number;
  /** Milliseconds on a clock that two logs need not share; absent if the line has no time. */
  readonly time?: number;
  readonly isUtc: boolean;
}

/**
 * The validations of a log in its order, which is nearly always that of the other log. They are kept as numbers, because
 * an archive has millions.
 */
export class Sequence {
  readonly #metrics = new Map<string, number>();
  /** Four numbers a record: update, epoch, metric, value. */
  #numbers = new Float64Array(1024);
  #length = 0;
  #followed = 0;

  /** Whether the other log has all of them, in this order. */
  get isFollowed(): boolean {
    return this.#followed === this.#length;
  }

  add(batch: Batch): void {
    for (let row = 0; row < batch.validation.length; row += 1) {
      const metric = metricOf(batch, batch.validation, row);
      const { up, value } = batch.validation;
      const index = this.#metrics.get(metric) ?? this.#metrics.size;
      this.#metrics.set(metric, index);
      if (this.#length === this.#numbers.length) this.#grow();
      this.#numbers[this.#length] = up[row] ?? 0;
      this.#numbers[this.#length + 1] = epochOf(batch.validation, row);
      this.#numbers[this.#length + 2] = index;
      this.#numbers[this.#length + 3] = value[row] ?? 0;
      this.#length += 4;
    }
  }

  /** Steps on with each record that the other log has, too. */
  follow(batch: Batch): void {
    for (let row = 0; row < batch.validation.length && !this.isFollowed; row += 1) {
      const metric = this.#metrics.get(metricOf(batch, batch.validation, row));
      const { up, value } = batch.validation;
      const [numbers, at] = [this.#numbers, this.#followed];
      const isNext =
        numbers[at] === (up[row] ?? 0) &&
        numbers[at + 2] === metric &&
        isSame(numbers[at + 3] ?? 0, value[row] ?? 0) &&
        isSame(numbers[at + 1] ?? 0, epochOf(batch.validation, row));
      if (isNext) this.#followed += 4;
    }
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}

/** A validation of the log of validations. */
interface Validation {
  /** NaN if the record has none. */
  readonly epoch: number;
  readonly metric: string;
  readonly value: number;
  readonly mark: Mark;
  isLeft: boolean;
}

/** The validations of a log, each once, in its order, without those of another log. */
export class Validations {
  readonly #all: Validation[] = [];
  readonly #byUpdate = new Map<number, Validation[]>();

  get left(): Mark[] {
    return this.#all.filter(({ isLeft }) => isLeft).map(({ mark }) => mark);
  }

  add(batch: Batch): void {
    const { validation } = batch;
    for (let row = 0; row < validation.length; row += 1) {
      if (this.#find(batch, validation, row) !== undefined) continue;
      const mark = markOf(validation, row);
      const [epoch, metric, value] = [
        epochOf(validation, row),
        metricOf(batch, validation, row),
        validation.value[row] ?? 0,
      ];
      const one = { epoch, metric, value, mark, isLeft: true };
      const others = this.#byUpdate.get(mark.up ?? 0);
      if (others === undefined) this.#byUpdate.set(mark.up ?? 0, [one]);
      else others.push(one);
      this.#all.push(one);
    }
  }

  remove(batch: Batch): void {
    const { validation } = batch;
    for (let row = 0; row < validation.length; row += 1) {
      const found = this.#find(batch, validation, row);
      if (found !== undefined) found.isLeft = false;
    }
  }

  #find(batch: Batch, validation: Records, row: number): Validation | undefined {
    const ofUpdate = this.#byUpdate.get(validation.up[row] ?? 0);
    if (ofUpdate === undefined) return undefined;
    const value = validation.value[row] ?? 0;
    const epoch = epochOf(validation, row);
    const metric = metricOf(batch, validation, row);
    for (const one of ofUpdate) {
      if (one.metric === metric && isSame(one.value, value) && isSame(one.epoch, epoch)) return one;
    }
    return undefined;
  }
}

type Records = Batch["validation"];

function epochOf({ epoch, present }: Records, row: number): number {
  return (present[row] ?? 0) & PRESENT.epoch ? (epoch[row] ?? 0) : Number.NaN;
}

function metricOf(batch: Batch, { metric }: Records, row: number): string {
  return batch.metricName(metric[row] ?? 0);
}

/** Whether two numbers are equal; NaN equals itself. */
function isSame(one: number, other: number): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}

export function markOf(columns: Batch["training"] | Batch["validation"], row: number): Mark {
  const { line, up, timestamp, present } = columns;
  return { line: line[row] ?? 0, up: up[row] ?? 0, ...timeOf(present[row] ?? 0, timestamp[row] ?? 0) };
}

export function timeOf(
  present: number,
  timestamp: number,
): { readonly time?: number; readonly isUtc: boolean } {
  const isUtc = (present & PRESENT.utc) !== 0;
  return present & PRESENT.timestamp ? { time: timestamp, isUtc } : { isUtc };
}
