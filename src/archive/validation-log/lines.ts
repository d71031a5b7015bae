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

/** Looks for the lines of one log in another, in their order. */
export class LineSearch {
  readonly #lines: Buffer;
  readonly #word: Buffer;
  /** Where the line that is looked for starts, ends, and has the word. */
  #start = 0;
  #end = 0;
  #wordAt = 0;
  /** The start of a line that goes on in the next chunk. */
  #begun: Uint8Array = new Uint8Array();

  private constructor(lines: Buffer, word: string) {
    this.#lines = lines;
    this.#word = Buffer.from(word);
  }

  /** Undefined if a line lacks the word or its line feed: then it can't be looked for. */
  static for(lines: Buffer, word: string): LineSearch | undefined {
    const search = new LineSearch(lines, word);
    while (search.#next());
    if (!search.isDone) return undefined;
    search.#end = 0;
    search.#next();
    return search;
  }

  /** Whether all lines have been found. */
  get isDone(): boolean {
    return this.#start === this.#lines.length;
  }

  /** Takes the next bytes of the log. They may be used again after the call. */
  take(chunk: Uint8Array): void {
    const whole = chunk.lastIndexOf(LINE_FEED) + 1;
    let from = 0;
    if (whole === 0 || this.#begun.length > 0) {
      from = whole === 0 ? chunk.length : chunk.indexOf(LINE_FEED) + 1;
      const line = Buffer.concat([this.#begun, chunk.subarray(0, from)]);
      if (whole > 0 && line.length <= LONGEST) this.#find(line);
      this.#begun = line.subarray(0, LONGEST + 1);
    }
    if (whole === 0) return;
    this.#find(Buffer.from(chunk.buffer, chunk.byteOffset + from, whole - from));
    this.#begun = new Uint8Array(chunk.subarray(whole));
  }

  #find(bytes: Buffer): void {
    const [lines, word] = [this.#lines, this.#word];
    if (this.isDone) return;
    for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at)) {
      const start = at - this.#wordAt;
      const end = start + this.#end - this.#start;
      const isLine = start === 0 || bytes[start - 1] === LINE_FEED;
      if (isLine && end <= bytes.length && isEqual(lines, this.#start, this.#end, bytes, start)) {
        at = end;
        if (!this.#next()) return;
      } else at += word.length;
    }
  }

  /** Goes to the next line; false if there is none with the word. */
  #next(): boolean {
    this.#start = this.#end;
    this.#end = this.#lines.indexOf(LINE_FEED, this.#start) + 1;
    this.#wordAt = this.#lines.indexOf(this.#word, this.#start) - this.#start;
    return this.#wordAt >= 0 && this.#start + this.#wordAt < this.#end;
  }
}

/** Whether the bytes of `one` from `start` to `end` stand in `other` at `at`. */
function isEqual(one: Uint8Array, start: number, end: number, other: Uint8Array, at: number): boolean {
  for (let index = start; index < end; index += 1) if (one[index] !== other[at + index - start]) return false;
  return true;
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
