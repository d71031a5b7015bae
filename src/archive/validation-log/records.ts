/** The validations of a log, compared with those of another: two are the same if epoch, update, metric and value are. */
import type { Batch } from "../../core/batch.js";
import { PRESENT } from "../../core/layout.js";

/**
 * The validations of a log, each once, in its order, without those of another log. They are kept as columns, because an
 * archive has millions.
 */
export class Validations {
  readonly #lines: number[] = [];
  readonly #updates: number[] = [];
  /** NaN if the record has none. */
  readonly #epochs: number[] = [];
  readonly #metrics: number[] = [];
  readonly #values: number[] = [];
  /** Milliseconds on a clock that two logs need not share; NaN if the line has no time. */
  readonly #times: number[] = [];
  readonly #isUtc: boolean[] = [];
  readonly #isLeft: boolean[] = [];
  /** The validation before with the same update; -1 if there is none. */
  readonly #before: number[] = [];
  readonly #last = new Map<number, number>();
  readonly #metricIds = new Map<string, number>();
  /** Where the other log's next record is expected: the order of the two is nearly always the same. */
  #next = 0;

  add(batch: Batch): void {
    const { validation } = batch;
    const idOf = this.#idsOf(batch);
    for (let row = 0; row < validation.length; row += 1) {
      const update = validation.up[row] ?? 0;
      const epoch = epochOf(validation, row);
      const metric = idOf(validation.metric[row] ?? 0);
      const value = validation.value[row] ?? 0;
      if (this.#find(update, epoch, metric, value) >= 0) continue;
      const present = validation.present[row] ?? 0;
      this.#before.push(this.#last.get(update) ?? -1);
      this.#last.set(update, this.#lines.length);
      this.#lines.push(validation.line[row] ?? 0);
      this.#updates.push(update);
      this.#epochs.push(epoch);
      this.#metrics.push(metric);
      this.#values.push(value);
      this.#times.push(present & PRESENT.timestamp ? (validation.timestamp[row] ?? 0) : Number.NaN);
      this.#isUtc.push((present & PRESENT.utc) !== 0);
      this.#isLeft.push(true);
    }
  }

  remove(batch: Batch): void {
    const { validation } = batch;
    const idOf = this.#idsOf(batch);
    for (let row = 0; row < validation.length; row += 1) {
      const update = validation.up[row] ?? 0;
      const epoch = epochOf(validation, row);
      const metric = idOf(validation.metric[row] ?? 0);
      const value = validation.value[row] ?? 0;
      const expected = this.#isSame(this.#next, update, epoch, metric, value);
      const found = expected ? this.#next : this.#find(update, epoch, metric, value);
      if (found < 0) continue;
      this.#isLeft[found] = false;
      this.#next = found + 1;
    }
  }

  /** What is left, in the order of the log. */
  get left(): Marks {
    const indices = this.#isLeft.flatMap((isLeft, index) => (isLeft ? [index] : []));
    return {
      line: indices.map((index) => this.#lines[index] ?? 0),
      up: indices.map((index) => this.#updates[index] ?? 0),
      time: indices.map((index) => this.#times[index] ?? Number.NaN),
      isUtc: indices.map((index) => this.#isUtc[index] === true),
    };
  }

  #find(update: number, epoch: number, metric: number, value: number): number {
    let index = this.#last.get(update) ?? -1;
    while (index >= 0 && !this.#isSame(index, update, epoch, metric, value))
      index = this.#before[index] ?? -1;
    return index;
  }

  #isSame(index: number, update: number, epoch: number, metric: number, value: number): boolean {
    return (
      this.#updates[index] === update &&
      this.#metrics[index] === metric &&
      isEqual(this.#values[index] ?? 0, value) &&
      isEqual(this.#epochs[index] ?? 0, epoch)
    );
  }

  /** Gives each metric of a batch its number here. */
  #idsOf(batch: Batch): (metric: number) => number {
    const ids: number[] = [];
    return (metric) => {
      const known = ids[metric];
      if (known !== undefined) return known;
      const name = batch.metricName(metric);
      const id = this.#metricIds.get(name) ?? this.#metricIds.size;
      this.#metricIds.set(name, id);
      ids[metric] = id;
      return id;
    };
  }
}

/** Validations by their places in a log, as columns. */
export interface Marks {
  readonly line: readonly number[];
  readonly up: readonly number[];
  /** Milliseconds on a clock that two logs need not share; NaN if the line has no time. */
  readonly time: readonly number[];
  readonly isUtc: readonly boolean[];
}

function epochOf({ epoch, present }: Batch["validation"], row: number): number {
  return (present[row] ?? 0) & PRESENT.epoch ? (epoch[row] ?? 0) : Number.NaN;
}

/** Whether two numbers are equal; NaN equals itself. */
function isEqual(one: number, other: number): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}
