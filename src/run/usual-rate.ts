/** The usual speed of a training. */
export class UsualRate {
  readonly #training: number[] = [];
  readonly #validating: number[] = [];

  /**
   * Takes a training record. One without a speed or a time does not count.
   *
   * @param rate Words per second.
   * @param seconds Since the record before.
   * @param validated Whether a validation fell into that time.
   */
  add(rate: number, seconds: number, validated: boolean): void {
    const words = rate * seconds;
    if (rate > 0 && words > 0 && words < Number.POSITIVE_INFINITY)
      (validated ? this.#validating : this.#training).push(rate);
  }

  /** The median of the records without a validation, of all if each has one; undefined if no record has a speed. */
  get value(): number | undefined {
    return median(this.#training) ?? median(this.#validating);
  }
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  // A log may have a million rows: only one of them has to come to its place.
  const sorted = Float64Array.from(values);
  const middle = Math.floor(values.length / 2);
  const at = (index: number) => sorted[index] ?? 0;
  for (let [from, to] = [0, sorted.length - 1]; from < to; ) {
    const pivot = at((from + to) >> 1);
    let [low, high] = [from, to];
    while (low <= high) {
      while (at(low) < pivot) low += 1;
      while (at(high) > pivot) high -= 1;
      if (low > high) break;
      [sorted[low], sorted[high]] = [at(high), at(low)];
      low += 1;
      high -= 1;
    }
    if (middle <= high) to = high;
    else if (middle >= low) from = low;
    else break;
  }
  return at(middle);
}
