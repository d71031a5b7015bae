/** The bytes of the log on their way to the process that reads them. */
import type { Writable } from "node:stream";

const BLOCK = 1 << 18;
const LINE_END = 0x0a;

/** What did not reach the reader. */
export interface Loss {
  readonly bytes: number;
  /** Where in the log the first of them was, counted from 0. */
  readonly from: number;
}

/**
 * Hands bytes over in the reader's own time, through a buffer with an end. What finds no place is left out in whole
 * lines, so that no number is made of the halves of two.
 */
export class LineBuffer {
  readonly #limit: number;
  #out: Writable | undefined;
  /** Blocks that wait; the last may still be filled. */
  #blocks: Block[] = [];
  #held = 0;
  #writing = 0;
  #position = 0;
  #handed = 0;
  #lost = 0;
  #lostFrom = 0;
  #skipping = false;
  #ending = false;
  #broken = false;

  /** @param limit Most bytes that wait. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What was left out; undefined if nothing was. */
  get loss(): Loss | undefined {
    return this.#lost === 0 ? undefined : { bytes: this.#lost, from: this.#lostFrom };
  }

  /** Whether the last bytes that came are among those that the reader has or gets. */
  get isWhole(): boolean {
    return !this.#skipping && !this.#broken;
  }

  /** Bytes of the log that the reader has taken. */
  get handed(): number {
    return this.#handed;
  }

  /** Begins to hand over. */
  start(out: Writable): void {
    this.#out = out;
    out.on("error", () => this.#break());
    out.on("close", () => this.#break());
    this.#pump();
  }

  /** Nobody reads any more: what waits and what comes is lost. */
  stop(): void {
    this.#break();
  }

  push(bytes: Uint8Array): void {
    const at = this.#position;
    this.#position += bytes.length;
    if (this.#ending) return;
    if (this.#broken) {
      this.#lose(bytes.length, at);
      return;
    }
    const kept = this.#skipping ? this.#resumed(bytes, at) : bytes;
    if (this.#held + this.#writing + kept.length > this.#limit) {
      this.#overflow(kept.length, at + bytes.length - kept.length);
    } else if (kept.length > 0) {
      this.#held += kept.length;
      this.#keep(kept);
      this.#pump();
    }
  }

  /** Ends the reader's input after what waits; what comes later is not for it. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#pump();
  }

  #keep(bytes: Uint8Array): void {
    // A reader that keeps up gets the bytes as they came.
    if (this.#writing === 0 && this.#blocks.length === 0) {
      this.#blocks.push(new Block(bytes));
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const last = this.#blocks.at(-1);
      const taken = last?.append(bytes.subarray(at)) ?? 0;
      at += taken;
      if (taken === 0) this.#blocks.push(Block.empty(BLOCK));
    }
  }

  #pump(): void {
    const out = this.#out;
    if (out === undefined || this.#writing > 0 || this.#broken) return;
    const block = this.#blocks.shift();
    if (block === undefined) {
      if (this.#ending) out.end();
      return;
    }
    const { content } = block;
    this.#held -= content.length;
    this.#writing = content.length;
    out.write(content, (error) => {
      if (error) {
        this.#break();
        return;
      }
      this.#handed += content.length;
      this.#writing = 0;
      this.#pump();
    });
  }

  /** Takes back the beginning of a line whose end finds no place, and leaves out everything until there is some. */
  #overflow(bytes: number, at: number): void {
    let cut = 0;
    for (let last = this.#blocks.at(-1); last !== undefined; last = this.#blocks.at(-1)) {
      const { content } = last;
      const end = content.lastIndexOf(LINE_END) + 1;
      cut += content.length - end;
      last.cut(end);
      if (end > 0) break;
      this.#blocks.pop();
    }
    this.#held -= cut;
    // No line ends in all that waits, so none can be taken back to its beginning.
    if (this.#blocks.length === 0) {
      this.#blocks.push(new Block(Uint8Array.of(LINE_END)));
      this.#held += 1;
    }
    this.#lose(bytes + cut, at - cut);
    this.#skipping = true;
  }

  /** The part of these bytes with which whole lines begin again, once half of the buffer is free. */
  #resumed(bytes: Uint8Array, at: number): Uint8Array {
    const end = this.#held + this.#writing > this.#limit / 2 ? -1 : bytes.indexOf(LINE_END);
    this.#skipping = end < 0;
    const left = end < 0 ? bytes.length : end + 1;
    this.#lose(left, at);
    return bytes.subarray(left);
  }

  #lose(bytes: number, from: number): void {
    if (this.#lost === 0) this.#lostFrom = from;
    this.#lost += bytes;
  }

  #break(): void {
    if (this.#broken) return;
    this.#broken = true;
    const waiting = this.#held + this.#writing;
    if (waiting > 0) this.#lose(waiting, this.#position - waiting);
    this.#blocks = [];
    this.#held = 0;
  }
}

/** Bytes that wait, and room for more. */
class Block {
  readonly #bytes: Uint8Array;
  #used: number;

  constructor(bytes: Uint8Array, used = bytes.length) {
    this.#bytes = bytes;
    this.#used = used;
  }

  static empty(size: number): Block {
    return new Block(Buffer.allocUnsafeSlow(size), 0);
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Adds as many bytes as there is room for, and says how many. */
  append(bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.#bytes.length - this.#used);
    this.#bytes.set(part, this.#used);
    this.#used += part.length;
    return part.length;
  }

  cut(used: number): void {
    this.#used = used;
  }
}
