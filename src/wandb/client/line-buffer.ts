const FIRST_CAPACITY = 64 * 1024;
const COMMA = 0x2c;

/**
 * Lines of one file that wait for their acknowledgement, as bytes of JSON strings, ready for a request: as text each of
 * them would live long enough to fill the memory with what nobody needs any more.
 * `start` is the number of the first of them in the run's file, `end` that of the next line to come.
 */
export class LineBuffer {
  /** Lines from `#from` to `#to`, each followed by a comma. */
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #from = 0;
  #to = 0;
  readonly #sizes: number[] = [];
  #start: number;

  constructor(start = 0) {
    this.#start = start;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#start + this.#sizes.length;
  }

  get length(): number {
    return this.#sizes.length;
  }

  /** Bytes of the lines as they stand in a request. */
  get bytes(): number {
    return this.#to - this.#from;
  }

  push(line: string): void {
    const quoted = JSON.stringify(line);
    // Three bytes a character is the most that UTF-8 needs.
    this.#makeRoom(quoted.length * 3 + 1);
    const size = this.#bytes.write(quoted, this.#to) + 1;
    this.#to += size;
    this.#bytes[this.#to - 1] = COMMA;
    this.#sizes.push(size);
  }

  /** Counts a line that is not kept. Returns its number. */
  skip(): number {
    this.#start += 1;
    return this.#start - 1;
  }

  /** Lets the next line take the place of the one before the first. Only while no line waits. */
  stepBack(): void {
    if (this.#sizes.length === 0 && this.#start > 0) this.#start -= 1;
  }

  /** How many of the first lines fit into `room` bytes; with `atLeastOne` a larger first line counts too. */
  fitting(room: number, atLeastOne: boolean): number {
    let left = room;
    let count = 0;
    for (const size of this.#sizes) {
      left -= size;
      if (left < 0 && !(atLeastOne && count === 0)) break;
      count += 1;
    }
    return count;
  }

  /** Bytes of the first lines. */
  bytesOf(count: number): number {
    let bytes = 0;
    for (let at = 0; at < count; at += 1) bytes += this.#sizes[at] ?? 0;
    return bytes;
  }

  /** The first lines as the members of a JSON list. Holds until the next call of another method. */
  joined(count: number): Buffer {
    return this.#bytes.subarray(this.#from, Math.max(this.#from, this.#from + this.bytesOf(count) - 1));
  }

  /** Lets the first lines go. */
  drop(count: number): void {
    this.#from += this.bytesOf(count);
    this.#sizes.splice(0, count);
    this.#start += count;
    if (this.#sizes.length > 0) return;
    this.#from = 0;
    this.#to = 0;
  }

  /** Moves the first lines to the end of another buffer, whose lines they follow. */
  moveTo(other: LineBuffer, count: number): void {
    const size = this.bytesOf(count);
    other.#makeRoom(size);
    this.#bytes.copy(other.#bytes, other.#to, this.#from, this.#from + size);
    other.#to += size;
    for (let at = 0; at < count; at += 1) other.#sizes.push(this.#sizes[at] ?? 0);
    this.drop(count);
  }

  /** Hands out all lines as they were pushed. */
  takeAll(): string[] {
    const lines: string[] = [];
    let at = this.#from;
    for (const size of this.#sizes) {
      lines.push(JSON.parse(this.#bytes.toString("utf8", at, at + size - 1)) as string);
      at += size;
    }
    this.drop(lines.length);
    return lines;
  }

  #makeRoom(size: number): void {
    if (this.#to + size <= this.#bytes.length) return;
    const used = this.bytes;
    if (used + size <= this.#bytes.length / 2) this.#bytes.copyWithin(0, this.#from, this.#to);
    else {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + size));
      this.#bytes.copy(larger, 0, this.#from, this.#to);
      this.#bytes = larger;
    }
    this.#from = 0;
    this.#to = used;
  }
}
