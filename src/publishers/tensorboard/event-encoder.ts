/**
 * TensorBoard's event files: TFRecords (length, checksum, data, checksum) that hold protobuf messages `Event`.
 *
 * Field numbers are those of TensorFlow's event.proto, summary.proto and tensor.proto. Written by hand, because rows
 * come by the million and differ from each other in a few bytes only.
 */
import { maskedCrc32c } from "./crc32c.js";

/** Length and its checksum stand before the data, the data's checksum after it. */
const HEAD = 12;
const TAIL = 4;

/** Wire types. */
const [VARINT, DOUBLE, LENGTH, FLOAT] = [0, 1, 2, 5];
const DT_STRING = 7;

/** A tag, ready to be written with a value: a `Summary.Value` whose last four bytes are the number. */
export class ScalarTag {
  readonly bytes: Uint8Array;

  constructor(tag: string) {
    const value = concat([field(1, encode(tag)), [key(2, FLOAT), 0, 0, 0, 0]]);
    this.bytes = field(1, value);
  }
}

/** Encodes events one after the other. `wallTime` is in seconds since 1970; 0 if a log has no times. */
export class EventEncoder {
  #bytes = new Uint8Array(1 << 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Where the event under way starts. */
  #start = 0;

  /** The first event of a file. */
  version(wallTime: number): void {
    const version = field(3, encode("brain.Event:2"));
    this.#open(wallTime, 0, version.length);
    this.#put(version);
    this.#close();
  }

  /** One event with the values of several tags at one step. Values are kept as 32-bit floats, NaN included. */
  scalars(wallTime: number, step: number, tags: readonly ScalarTag[], values: readonly number[]): void {
    const length = tags.reduce((sum, tag) => sum + tag.bytes.length, 0);
    this.#open(wallTime, step, length + 6);
    this.#bytes[this.#length++] = key(5, LENGTH);
    this.#varint(length);
    for (const [index, tag] of tags.entries()) {
      this.#put(tag.bytes);
      this.#view.setFloat32(this.#length - 4, values[index] ?? Number.NaN, true);
    }
    this.#close();
  }

  /** A text, as TensorBoard's tab of that name shows it. */
  text(wallTime: number, step: number, tag: string, text: string): void {
    const plugin = field(1, field(1, encode("text")));
    const shape = field(2, field(2, [key(1, VARINT), 1]));
    const tensor = concat([[key(1, VARINT), DT_STRING], shape, field(8, encode(text))]);
    const value = concat([field(1, encode(tag)), field(8, tensor), field(9, plugin)]);
    const summary = field(5, field(1, value));
    this.#open(wallTime, step, summary.length);
    this.#put(summary);
    this.#close();
  }

  /** The bytes since the last call. They hold until the next event is encoded. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #open(wallTime: number, step: number, more: number): void {
    this.#reserve(HEAD + 9 + 11 + more + TAIL);
    this.#start = this.#length;
    this.#length += HEAD;
    this.#bytes[this.#length++] = key(1, DOUBLE);
    this.#view.setFloat64(this.#length, wallTime, true);
    this.#length += 8;
    this.#bytes[this.#length++] = key(2, VARINT);
    this.#varint(step);
  }

  #close(): void {
    const start = this.#start;
    const length = this.#length - start - HEAD;
    this.#view.setUint32(start, length, true);
    this.#view.setUint32(start + 4, 0, true);
    this.#view.setUint32(start + 8, maskedCrc32c(this.#bytes, start, start + 8), true);
    this.#view.setUint32(this.#length, maskedCrc32c(this.#bytes, start + HEAD, this.#length), true);
    this.#length += TAIL;
  }

  #put(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #varint(value: number): void {
    this.#put(varint(value));
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

function key(number: number, wireType: number): number {
  return (number << 3) | wireType;
}

/** A field that holds bytes: a text or a message. */
function field(number: number, bytes: ArrayLike<number>): Uint8Array {
  return concat([[key(number, LENGTH)], varint(bytes.length), bytes]);
}

/** Whole numbers from 0 to 2^53. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
