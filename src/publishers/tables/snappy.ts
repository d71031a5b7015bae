/**
 * Snappy in its raw form, which Parquet's pages have. The library's compressor appends a byte at a time and takes four
 * times as long, which would be a tenth of an archive's time.
 */

/** Places of four bytes that were met, by a hash of these. */
const TABLE_BITS = 13;
const table = new Int32Array(1 << TABLE_BITS);
/** A copy reaches back so far; blocks of this size are compressed alone, as every writer does. */
const BLOCK = 1 << 16;
/** Bytes at the end of a block that are not looked up. */
const MARGIN = 15;

let output = new Uint8Array(0);

/** The compressed bytes; they hold until the next call. */
export function snappyCompress(input: Uint8Array): Uint8Array {
  const most = 32 + input.length + Math.ceil(input.length / 6);
  if (output.length < most) output = new Uint8Array(most);
  let at = 0;
  let rest = input.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) output[at++] = (rest % 0x80) | 0x80;
  output[at++] = rest;
  for (let from = 0; from < input.length; from += BLOCK)
    at = compressBlock(input.subarray(from, from + BLOCK), at);
  return output.subarray(0, at);
}

function compressBlock(block: Uint8Array, to: number): number {
  let at = to;
  /** Where the bytes start that are not written yet. */
  let start = 0;
  const limit = block.length - MARGIN;
  if (limit > 0) {
    table.fill(0);
    let next = 1;
    /** Grows while nothing is found, so that random bytes are skipped fast. */
    let misses = 32;
    while (next < limit) {
      const word = load(block, next);
      const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
      const before = table[hash] ?? 0;
      table[hash] = next;
      if (before >= next || load(block, before) !== word) {
        next += misses >>> 5;
        misses += 1;
        continue;
      }
      let end = next + 4;
      for (let other = before + 4; end < block.length && block[end] === block[other]; other += 1) end += 1;
      if (start < next) at = literal(block, start, next, at);
      at = copy(next - before, end - next, at);
      start = end;
      next = end;
      misses = 32;
      if (end < limit) table[Math.imul(load(block, end - 1), 0x1e35a7bd) >>> (32 - TABLE_BITS)] = end - 1;
    }
  }
  return start < block.length ? literal(block, start, block.length, at) : at;
}

function load(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** Bytes as they are. */
function literal(block: Uint8Array, start: number, end: number, to: number): number {
  let at = to;
  const length = end - start - 1;
  if (length < 60) output[at++] = length << 2;
  else if (length < 0x100) {
    output[at++] = 60 << 2;
    output[at++] = length;
  } else {
    output[at++] = 61 << 2;
    output[at++] = length & 0xff;
    output[at++] = length >>> 8;
  }
  // Shorter than a call of `set` is worth.
  if (length < 32) for (let index = start; index < end; index += 1) output[at++] = block[index] ?? 0;
  else {
    output.set(block.subarray(start, end), at);
    at += end - start;
  }
  return at;
}

/** Bytes that were there before. */
function copy(offset: number, length: number, to: number): number {
  let at = to;
  let left = length;
  while (left > 0) {
    // No copy of less than four bytes is left over.
    const some = left > 64 ? (left < 68 ? 60 : 64) : left;
    if (some < 12 && offset < 2048) {
      output[at++] = 1 | ((some - 4) << 2) | ((offset >>> 8) << 5);
      output[at++] = offset & 0xff;
    } else {
      output[at++] = 2 | ((some - 1) << 2);
      output[at++] = offset & 0xff;
      output[at++] = offset >>> 8;
    }
    left -= some;
  }
  return at;
}
