/** The median of a stream, in constant memory. */

/** Width of a class: values in it differ by at most a hundredth, and so does the median from the exact one. */
const FACTOR = Math.log(1.01);

/** Counts positive values by their logarithm. */
export class RunningMedian {
  readonly #classes = new Map<number, number>();
  #count = 0;
  #known = 0;
  #knownAt = 0;

  get count(): number {
    return this.#count;
  }

  /** Skips values that are not positive. */
  add(value: number): void {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) return;
    const index = Math.round(Math.log(value) / FACTOR);
    this.#classes.set(index, (this.#classes.get(index) ?? 0) + 1);
    this.#count += 1;
  }

  /** The median, to a hundredth; updated when the number of values has grown by a tenth. 0 without values. */
  get value(): number {
    if (this.#count === 0 || this.#count < this.#knownAt * 1.1) return this.#known;
    this.#knownAt = this.#count;
    let left = this.#count / 2;
    for (const [index, count] of [...this.#classes].sort(([one], [other]) => one - other)) {
      left -= count;
      if (left > 0) continue;
      this.#known = Math.exp(index * FACTOR);
      break;
    }
    return this.#known;
  }
}
