/** Whole numbers as Parquet's DELTA_BINARY_PACKED, without big integers: counts and times come by the million. */

const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;
/** Differences of numbers up to this, and what is computed with them, are exact. */
const LIMIT = 2 ** 51;
/** So many bits are packed at once: with up to seven that wait, they fit into what bit operators take. */
const STEP = 24;
/** A header and a block, at their greatest. */
const ROOM = 64 + BLOCK * 8;

let buffer = new Uint8Array(1 << 16);
const deltas = new Float64Array(BLOCK);

/** The numbers packed; the bytes hold until the next call. Undefined if one is too large or has decimals. */
export function packDeltas(values: Float64Array): Uint8Array | undefined {
  for (const value of values)
    if (!(Math.abs(value) <= LIMIT) || value !== Math.floor(value)) return undefined;
  let at = 0;
  const varint = (value: number) => {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) buffer[at++] = (rest % 0x80) + 0x80;
    buffer[at++] = rest;
  };
  const zigzag = (value: number) => varint(value < 0 ? -value * 2 - 1 : value * 2);
  varint(BLOCK);
  varint(MINIBLOCKS);
  varint(values.length);
  zigzag(values[0] ?? 0);
  for (let from = 1; from < values.length; from += BLOCK) {
    if (buffer.length < at + ROOM) {
      const larger = new Uint8Array(2 * buffer.length);
      larger.set(buffer);
      buffer = larger;
    }
    const count = Math.min(BLOCK, values.length - from);
    let min = Number.POSITIVE_INFINITY;
    for (let index = 0; index < count; index += 1) {
      const delta = (values[from + index] ?? 0) - (values[from + index - 1] ?? 0);
      deltas[index] = delta;
      if (delta < min) min = delta;
    }
    zigzag(min);
    const widths = at;
    at += MINIBLOCKS;
    for (let block = 0; block < MINIBLOCKS; block += 1) {
      const start = block * MINIBLOCK;
      const end = Math.min(start + MINIBLOCK, count);
      let max = 0;
      for (let index = start; index < end; index += 1) max = Math.max(max, (deltas[index] ?? 0) - min);
      const width = bitsOf(max);
      buffer[widths + block] = width;
      if (width > 0) at = packBits(start, end, min, width, at);
    }
  }
  return buffer.subarray(0, at);
}

/** Packs the deltas of a miniblock, less `min`, and returns where they end. What a last one lacks is 0. */
function packBits(start: number, end: number, min: number, width: number, to: number): number {
  let [at, waiting, bits] = [to, 0, 0];
  for (let index = start; index < start + MINIBLOCK; index += 1) {
    let value = index < end ? (deltas[index] ?? 0) - min : 0;
    for (let left = width; left > 0; left -= STEP) {
      const low = left > STEP ? value % (1 << STEP) : value;
      if (left > STEP) value = Math.floor(value / (1 << STEP));
      waiting |= low << bits;
      for (bits += Math.min(left, STEP); bits >= 8; bits -= 8) {
        buffer[at++] = waiting & 0xff;
        waiting >>>= 8;
      }
    }
  }
  return at;
}

function bitsOf(value: number): number {
  let bits = 0;
  for (let rest = value; rest >= 1; rest /= 2) bits += 1;
  return bits;
}
