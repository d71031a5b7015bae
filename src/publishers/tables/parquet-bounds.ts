/** The least and the greatest value of a page or a column, by which readers skip what they don't need. */

/** A text, or a number; one that is not finite is a text too, so that JSON keeps it. */
export type Bound = number | string;

/** Absent if there is no value, or no number among the values. */
export interface Bounds {
  readonly min?: Bound;
  readonly max?: Bound;
}

const encoder = new TextEncoder();

/** The places of texts in the order of their bytes, which is the format's. */
export function textRanks(texts: readonly string[]): Float64Array {
  const bytes = texts.map((text) => encoder.encode(text));
  const none = new Uint8Array(0);
  const order = texts.map((_text, index) => index);
  order.sort((one, other) => Buffer.compare(bytes[one] ?? none, bytes[other] ?? none));
  const ranks = new Float64Array(texts.length);
  for (const [rank, index] of order.entries()) ranks[index] = rank;
  return ranks;
}

/** Bounds of texts, which are given by their indexes in a dictionary. */
export function boundsOfTexts(dictionary: readonly string[]): (indexes: Float64Array) => Bounds {
  const ranks = textRanks(dictionary);
  const byRank: string[] = [];
  for (const [index, text] of dictionary.entries()) byRank[ranks[index] ?? 0] = text;
  return (indexes) => {
    let [min, max] = [Number.POSITIVE_INFINITY, -1];
    for (const index of indexes) {
      const rank = ranks[index] ?? 0;
      if (rank < min) min = rank;
      if (rank > max) max = rank;
    }
    const [first, last] = [byRank[min], byRank[max]];
    return first === undefined || last === undefined ? {} : { min: first, max: last };
  };
}

/** Bounds of numbers; what is not a number is passed over, as the format wants it. */
export function boundsOfNumbers(values: Float64Array): Bounds {
  let [min, max] = [Number.NaN, Number.NaN];
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    if (value < min || Number.isNaN(min)) min = value;
    if (value > max || Number.isNaN(max)) max = value;
  }
  return Number.isNaN(min) ? {} : { min: bound(min), max: bound(max) };
}

/** The bounds of several pages together. */
export function joinBounds(pages: readonly Bounds[], isText: boolean): Bounds {
  const all = pages.flatMap(({ min, max }) => (min === undefined || max === undefined ? [] : [min, max]));
  if (!isText) return boundsOfNumbers(Float64Array.from(all, Number));
  const texts = all.map(String);
  return boundsOfTexts(texts)(Float64Array.from(texts.keys()));
}

function bound(value: number): Bound {
  return Number.isFinite(value) ? value : String(value);
}
