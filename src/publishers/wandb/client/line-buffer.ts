/**
 * Lines of one file that wait for their acknowledgement, kept as JSON strings, ready for a request.
 * `start` is the number of the first of them in the run's file, `end` that of the next line to come.
 */
export class LineBuffer {
  readonly #quoted: string[] = [];
  readonly #sizes: number[] = [];
  #start: number;
  #bytes = 0;

  constructor(start = 0) {
    this.#start = start;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#start + this.#quoted.length;
  }

  get length(): number {
    return this.#quoted.length;
  }

  /** Bytes of the lines as they stand in a request. */
  get bytes(): number {
    return this.#bytes;
  }

  push(line: string): void {
    const quoted = JSON.stringify(line);
    const size = Buffer.byteLength(quoted) + 1;
    this.#quoted.push(quoted);
    this.#sizes.push(size);
    this.#bytes += size;
  }

  /** Counts a line that is not kept. Returns its number. */
  skip(): number {
    this.#start += 1;
    return this.#start - 1;
  }

  /** Lets the next line take the place of the one before the first. Only while no line waits. */
  stepBack(): void {
    if (this.#quoted.length === 0 && this.#start > 0) this.#start -= 1;
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

  /** The first lines as the members of a JSON list. */
  joined(count: number): string {
    return this.#quoted.slice(0, count).join(",");
  }

  /** Lets the first lines go. */
  drop(count: number): void {
    this.#bytes -= this.bytesOf(count);
    this.#quoted.splice(0, count);
    this.#sizes.splice(0, count);
    this.#start += count;
  }

  /** Hands out all lines as they were pushed. */
  takeAll(): string[] {
    const lines = this.#quoted.map((quoted) => JSON.parse(quoted) as string);
    this.drop(lines.length);
    return lines;
  }
}
