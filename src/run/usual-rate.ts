/** So many rates are kept; a log of more records is represented by records at equal distances. */
const KEPT = 1 << 16;

/** The usual speed of a training. Its memory does not grow with the log. */
export class UsualRate {
  readonly #training = new Sample();
  readonly #validating = new Sample();

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
      (validated ? this.#validating : this.#training).add(rate);
  }

  /**
   * The median of the records without a validation, of all if each has one; undefined if no record has a speed. Of more
   * than 65,536 records, it is the median of every second, fourth, … of them.
   */
  get value(): number | undefined {
    return median(this.#training.values) ?? median(this.#validating.values);
  }
}

/** Numbers that came, all of them or those at equal distances. */
class Sample {
  readonly values: number[] = [];
  /** Every how many numbers one is kept. */
  #distance = 1;
  #passed = 0;

  add(value: number): void {
    this.#passed -= 1;
    if (this.#passed >= 0) return;
    this.#passed = this.#distance - 1;
    const { values } = this;
    values.push(value);
    if (values.length < KEPT) return;
    for (let at = 0; 2 * at < KEPT; at += 1) values[at] = values[2 * at] ?? 0;
    values.length = KEPT / 2;
    this.#distance *= 2;
  }
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  // Only one of them has to come to its place.
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
