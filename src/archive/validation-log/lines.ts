/** Picks lines out of a log. */

/** Bytes that are kept of a line; the parser reads no more either. */
const LONGEST = 1 << 20;
const LINE_FEED = 10;

/**
 * Copies the lines with these numbers, from 1, into a map, each with a line feed. If it throws, the lines before the
 * error are in the map.
 */
export async function takeLines(
  wanted: ReadonlySet<number>,
  chunks: AsyncIterable<Uint8Array>,
  lines: Map<number, Uint8Array>,
): Promise<void> {
  let line = 1;
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (part: Uint8Array) => {
    const kept = new Uint8Array(part.subarray(0, LONGEST - length));
    parts.push(kept);
    length += kept.length;
  };
  const end = () => {
    lines.set(line, Buffer.concat([...parts, Uint8Array.of(LINE_FEED)]));
    parts = [];
    length = 0;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, start)) {
      if (wanted.has(line)) {
        // A Buffer's own `slice` would not copy.
        if (length === 0 && at - start < LONGEST)
          lines.set(line, new Uint8Array(chunk.subarray(start, at + 1)));
        else {
          keep(chunk.subarray(start, at));
          end();
        }
        if (lines.size === wanted.size) return;
      }
      line += 1;
      start = at + 1;
    }
    if (wanted.has(line)) keep(chunk.subarray(start));
  }
  if (length > 0) end();
}

/** The lines of a log that contain a word, unchanged, many at once. A chunk is valid until the next one. */
export async function* linesWith(
  word: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  /** A line that goes on in the next chunk. */
  let begun: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer) => {
    const kept = Buffer.from(part.subarray(0, LONGEST - length));
    begun.push(kept);
    length += kept.length;
  };
  const whole = () => {
    const line = Buffer.concat(begun);
    begun = [];
    length = 0;
    return line.includes(word) ? [line] : [];
  };
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    const lines: Uint8Array[] = [];
    let from = 0;
    if (length > 0 && end > 0) {
      from = bytes.indexOf(LINE_FEED) + 1;
      keep(bytes.subarray(0, from - 1));
      begun.push(Buffer.of(LINE_FEED));
      lines.push(...whole());
    }
    for (let at = bytes.indexOf(word, from); at >= 0 && at < end; at = bytes.indexOf(word, from)) {
      const start = bytes.lastIndexOf(LINE_FEED, at) + 1;
      from = bytes.indexOf(LINE_FEED, at) + 1;
      lines.push(bytes.subarray(start, from));
    }
    if (lines.length > 0) yield Buffer.concat(lines);
    if (end < bytes.length) keep(bytes.subarray(end));
  }
  if (length > 0) yield* whole();
}
