/**
 * The block layer of W&B's offline file (`.wandb`): a LevelDB log with W&B's own header and checksum.
 *
 * Seven bytes of file header, then blocks of 32 KiB counted from the start of the file. A record is one or more
 * chunks: crc32 (4 bytes, little endian, plain IEEE, over type and data), length (2 bytes, little endian),
 * type (1 byte), data. A chunk never crosses a block; fewer than 7 bytes left in a block are zeros.
 * Source of the format: files written by the official client 0.31.0.
 */

import { crc32 } from "node:zlib";
import { TransactionLogError } from "./transaction-log-error.js";

/** Bytes in a block; the file header counts as part of the first. */
export const BLOCK_SIZE = 32_768;

const FILE_HEADER = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0);
const CHUNK_HEADER = 7;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

/** What a log holds, in file order. All offsets and sizes are bytes. */
export type LogEntry =
  /** A whole record; `offset` is where its first chunk starts. */
  | { readonly kind: "record"; readonly offset: number; readonly bytes: Uint8Array }
  /** Bytes that are not what was written. Records may be missing here; reading goes on at the next block. */
  | { readonly kind: "damage"; readonly offset: number; readonly reason: string }
  /** The file ends within a record that starts at `offset`: its writer was stopped in mid-write. */
  | { readonly kind: "cut"; readonly offset: number; readonly bytes: number };

/** Turns records into the bytes of a log, one after another from the start of the file. */
export class TransactionLogEncoder {
  #position = 0;

  /** Bytes produced so far, which is the length of the file when all are written. */
  get position(): number {
    return this.#position;
  }

  /** An encoder that goes on from here and leaves this one where it is. */
  fork(): TransactionLogEncoder {
    const other = new TransactionLogEncoder();
    other.#position = this.#position;
    return other;
  }

  /** The bytes that a record adds to the file; the first call puts the file header before them. */
  encode(record: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(roomFor(record));
    return out.subarray(0, this.write(record, out, 0));
  }

  /**
   * Writes what {@link encode} gives into `out`, which has {@link roomFor} the record after `offset`; returns where that
   * ends.
   */
  write(record: Uint8Array, out: Buffer, offset: number): number {
    // Where in `out` the file would begin.
    const start = this.#position - offset;
    let position = this.#position === 0 ? FILE_HEADER.length : this.#position;
    if (this.#position === 0) out.set(FILE_HEADER, offset);
    let taken = 0;
    let first = true;
    do {
      let room = BLOCK_SIZE - (position % BLOCK_SIZE);
      if (room < CHUNK_HEADER) {
        out.fill(0, position - start, position - start + room);
        position += room;
        room = BLOCK_SIZE;
      }
      const length = Math.min(record.length - taken, room - CHUNK_HEADER);
      const last = taken + length === record.length;
      const at = position - start;
      out[at + 6] = first ? (last ? FULL : FIRST) : last ? LAST : MIDDLE;
      out.set(record.subarray(taken, taken + length), at + CHUNK_HEADER);
      out.writeUInt16LE(length, at + 4);
      out.writeUInt32LE(crc32(out.subarray(at + 6, at + CHUNK_HEADER + length)), at);
      position += CHUNK_HEADER + length;
      taken += length;
      first = false;
    } while (taken < record.length);
    this.#position = position;
    return position - start;
  }
}

/** Bytes that a record takes at most: a file header, one padding, and a chunk header a block, begun ones included. */
export function roomFor({ length }: Uint8Array): number {
  const blocks = Math.ceil(length / (BLOCK_SIZE - CHUNK_HEADER)) + 1;
  return FILE_HEADER.length + CHUNK_HEADER - 1 + blocks * CHUNK_HEADER + length;
}

/**
 * Turns the bytes of a log into its records. Bytes may come in chunks of any size; memory is one block and the
 * record under way.
 */
export class TransactionLogDecoder {
  #block = Buffer.alloc(BLOCK_SIZE);
  #filled = 0;
  #blockOffset = 0;
  #parts: Uint8Array[] = [];
  #recordOffset = 0;
  // After damage: what continues the damaged record was reported with it and is skipped.
  #skipping = false;
  #ended = false;

  /**
   * Takes the next bytes of the file and yields what became complete.
   *
   * @throws TransactionLogError when the file does not start like a W&B offline file.
   */
  *push(bytes: Uint8Array): Generator<LogEntry> {
    let taken = 0;
    while (taken < bytes.length) {
      const chunk = bytes.subarray(taken, taken + BLOCK_SIZE - this.#filled);
      this.#block.set(chunk, this.#filled);
      this.#filled += chunk.length;
      taken += chunk.length;
      if (this.#filled === BLOCK_SIZE) {
        yield* this.#decodeBlock();
        this.#blockOffset += BLOCK_SIZE;
        this.#filled = 0;
      }
    }
  }

  /** Says that the file ends here: yields the records of the last block, then the cut, if there is one. */
  *end(): Generator<LogEntry> {
    this.#ended = true;
    yield* this.#decodeBlock();
    if (this.#parts.length > 0) yield this.#cut(this.#recordOffset);
  }

  *#decodeBlock(): Generator<LogEntry> {
    const block = this.#block.subarray(0, this.#filled);
    let at = 0;
    if (this.#blockOffset === 0) {
      const header = block.subarray(0, FILE_HEADER.length);
      if (!header.every((byte, index) => byte === FILE_HEADER[index])) {
        throw new TransactionLogError(
          "not-a-transaction-log",
          "not a W&B offline file: it does not start with the .wandb header",
        );
      }
      if (header.length < FILE_HEADER.length) {
        yield this.#cut(0);
        return;
      }
      at = FILE_HEADER.length;
    }
    while (BLOCK_SIZE - at >= CHUNK_HEADER && at < block.length) {
      const offset = this.#blockOffset + at;
      const end = at + CHUNK_HEADER;
      const length = end <= block.length ? block.readUInt16LE(at + 4) : 0;
      if (end + length > block.length) {
        // Before the end of the file a chunk can't reach past its block: then the length itself is damaged.
        if (this.#ended && end + length <= BLOCK_SIZE) {
          yield this.#cut(this.#parts.length > 0 ? this.#recordOffset : offset);
        } else {
          yield this.#damage(offset, "a chunk reaches past the end of its block");
        }
        return;
      }
      const type = block[at + 6] ?? 0;
      if (crc32(block.subarray(at + 6, end + length)) !== block.readUInt32LE(at)) {
        yield this.#damage(offset, "the checksum of a chunk does not match");
        return;
      }
      if (type < FULL || type > LAST) {
        yield this.#damage(offset, `unknown chunk type ${type}`);
        return;
      }
      if (type === FULL || type === FIRST) {
        if (this.#parts.length > 0) yield this.#damage(this.#recordOffset, "the end of a record is missing");
        this.#recordOffset = offset;
        this.#skipping = false;
      } else if (this.#parts.length === 0 && !this.#skipping) {
        yield this.#damage(offset, "the start of a record is missing");
      }
      if (!this.#skipping) this.#parts.push(new Uint8Array(block.subarray(end, end + length)));
      at = end + length;
      if ((type === FULL || type === LAST) && !this.#skipping) {
        const [only] = this.#parts;
        const bytes = only !== undefined && this.#parts.length === 1 ? only : Buffer.concat(this.#parts);
        this.#parts = [];
        yield { kind: "record", offset: this.#recordOffset, bytes };
      }
    }
  }

  #damage(offset: number, reason: string): LogEntry {
    this.#parts = [];
    this.#skipping = true;
    return { kind: "damage", offset, reason };
  }

  #cut(offset: number): LogEntry {
    this.#parts = [];
    return { kind: "cut", offset, bytes: this.#blockOffset + this.#filled - offset };
  }
}
