/** Divides bytes into lines. */

/** Of a longer line only this much is kept; the parser reads no more of one either. */
const LONGEST = 1 << 20;
const LINE_FEED = 10;

/** The lines of a log, each a copy with its line feed; an unterminated last line gets one. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array) => {
    // A copy: a Buffer's own `slice` is none.
    const kept = new Uint8Array(part.subarray(0, LONGEST - length));
    if (kept.length > 0) parts.push(kept);
    length += kept.length;
  };
  const line = () => {
    const text = Buffer.concat([...parts, Uint8Array.of(LINE_FEED)]);
    parts = [];
    length = 0;
    return text;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, end));
      yield line();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield line();
}

/** The lines of a log that have a word in them, as they are, many at once. A chunk holds until the next is asked for. */
export async function* linesWith(
  word: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  /** A line that goes on in the next chunk. */
  let begun = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([begun, chunk]);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let at = bytes.indexOf(word); at >= 0 && at < end; at = bytes.indexOf(word, from)) {
      const start = bytes.lastIndexOf(LINE_FEED, at) + 1;
      from = bytes.indexOf(LINE_FEED, at) + 1;
      lines.push(bytes.subarray(start, from));
    }
    if (lines.length > 0) yield Buffer.concat(lines);
    begun = Buffer.from(bytes.subarray(end, end + LONGEST));
  }
  if (begun.includes(word)) yield begun;
}
