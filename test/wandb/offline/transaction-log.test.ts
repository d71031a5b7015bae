import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BLOCK_SIZE,
  type LogEntry,
  TransactionLogDecoder,
  TransactionLogEncoder,
} from "../../../src/wandb/offline/transaction-log.js";

/** Bytes that differ from place to place, so that a shifted copy is noticed. */
function bytesOf(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + seed * 17 + (index >> 8)) & 0xff);
}

function encode(records: readonly Uint8Array[]): { file: Buffer; ends: number[] } {
  const encoder = new TransactionLogEncoder();
  const ends: number[] = [];
  const pieces = records.map((record) => {
    const piece = encoder.encode(record);
    ends.push(encoder.position);
    return piece;
  });
  return { file: Buffer.concat(pieces), ends };
}

function decode(file: Uint8Array, pieceSize = file.length): LogEntry[] {
  const decoder = new TransactionLogDecoder();
  const entries: LogEntry[] = [];
  for (let at = 0; at < file.length; at += pieceSize) {
    entries.push(...decoder.push(file.subarray(at, at + pieceSize)));
  }
  entries.push(...decoder.end());
  return entries;
}

function recordsOf(entries: readonly LogEntry[]): string[] {
  return entries.flatMap((entry) =>
    entry.kind === "record" ? [Buffer.from(entry.bytes).toString("hex")] : [],
  );
}

const hex = (records: readonly Uint8Array[]) => records.map((record) => Buffer.from(record).toString("hex"));

const FIRST_ROOM = BLOCK_SIZE - 7 - 7;
const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  // Around the end of a block, and of several.
  { weight: 3, arbitrary: fc.integer({ min: FIRST_ROOM - 20, max: FIRST_ROOM + 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2 * BLOCK_SIZE - 40, max: 2 * BLOCK_SIZE + 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 4 * BLOCK_SIZE }) },
);
const someRecords = fc
  .array(sizes, { maxLength: 12 })
  .map((list) => list.map((size, index) => bytesOf(size, index)));

describe("the record log", () => {
  it("gives back what was written, in whatever pieces the file comes", () => {
    fc.assert(
      fc.property(someRecords, fc.integer({ min: 1, max: 70_000 }), (records, pieceSize) => {
        const { file } = encode(records);
        const entries = decode(file, Math.max(pieceSize, Math.ceil(file.length / 50)));
        expect(recordsOf(entries)).toEqual(hex(records));
        if (records.length > 0) expect(entries.map((entry) => entry.kind)).not.toContain("cut");
        expect(entries.map((entry) => entry.kind)).not.toContain("damage");
      }),
      { numRuns: 150 },
    );
  });

  it("holds records that end at, before and behind every last byte of a block", () => {
    for (let distance = -8; distance <= 8; distance++) {
      const records = [bytesOf(FIRST_ROOM - distance, 1), bytesOf(40, 2), bytesOf(BLOCK_SIZE, 3)];
      const { file, ends } = encode(records);
      expect(recordsOf(decode(file))).toEqual(hex(records));
      expect(ends[0]).toBe(distance >= 0 ? BLOCK_SIZE - distance : BLOCK_SIZE - distance + 7);
    }
  });

  it("gives whole records and the cut when the file is cut at any byte", () => {
    fc.assert(
      fc.property(someRecords, fc.nat(), (records, somewhere) => {
        const { file, ends } = encode(records);
        const length = somewhere % (file.length + 1);
        const entries = decode(file.subarray(0, length));
        const whole = ends.filter((end) => end <= length).length;
        expect(recordsOf(entries)).toEqual(hex(records).slice(0, whole));
        expect(entries.map((entry) => entry.kind)).not.toContain("damage");
        const cut = entries.find((entry) => entry.kind === "cut");
        // The file header alone is a whole file without records.
        const lastEnd = whole === 0 ? 7 : (ends[whole - 1] ?? 0);
        // Zeros that fill a block belong to no record: a cut among them loses nothing.
        const padding = BLOCK_SIZE - (lastEnd % BLOCK_SIZE) < 7 ? BLOCK_SIZE - (lastEnd % BLOCK_SIZE) : 0;
        const clean = length >= lastEnd && length <= lastEnd + padding;
        expect(cut === undefined).toBe(clean);
        if (cut?.kind === "cut") expect(cut.offset + cut.bytes).toBe(length);
      }),
      { numRuns: 300 },
    );
  });

  it("finds a cut between the chunks of a record", () => {
    const { file, ends } = encode([bytesOf(50, 1), bytesOf(3 * BLOCK_SIZE, 2)]);
    for (const length of [BLOCK_SIZE, 2 * BLOCK_SIZE]) {
      const entries = decode(file.subarray(0, length));
      expect(entries.map((entry) => entry.kind)).toEqual(["record", "cut"]);
      expect(entries[1]).toEqual({ kind: "cut", offset: ends[0], bytes: length - (ends[0] ?? 0) });
    }
  });

  it("finds every cut of one small file", () => {
    const records = [bytesOf(10, 1), bytesOf(0, 2), bytesOf(25, 3)];
    const { file, ends } = encode(records);
    for (let length = 0; length <= file.length; length++) {
      const whole = ends.filter((end) => end <= length).length;
      const entries = decode(file.subarray(0, length));
      expect(recordsOf(entries)).toEqual(hex(records).slice(0, whole));
      const last = ends.includes(length) ? "record" : length === 7 ? undefined : "cut";
      expect(entries.at(-1)?.kind).toBe(last);
    }
  });

  it("reports a changed byte with its offset and goes on at the next block", () => {
    const records = Array.from({ length: 200 }, (_, index) => bytesOf(1000, index));
    const { file, ends } = encode(records);
    for (const at of [ends[3] ?? 0, (ends[3] ?? 0) + 4, (ends[3] ?? 0) + 6, (ends[3] ?? 0) + 500]) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      const entries = decode(damaged);
      const damage = entries.filter((entry) => entry.kind === "damage");
      expect(damage).toHaveLength(1);
      expect(damage[0]).toMatchObject({ kind: "damage", offset: ends[3] });
      const found = recordsOf(entries);
      const all = hex(records);
      expect(found.slice(0, 4)).toEqual(all.slice(0, 4));
      expect(found.slice(4)).toEqual(all.slice(all.length - found.length + 4));
      // One block holds 32 of these records, and the one that crosses into the next block is lost too.
      expect(all.length - found.length).toBeLessThanOrEqual(33);
      expect(all.length - found.length).toBeGreaterThan(0);
    }
  });

  it("never takes damaged bytes for records", () => {
    fc.assert(
      fc.property(someRecords, fc.nat(), fc.integer({ min: 1, max: 255 }), (records, somewhere, flip) => {
        const { file } = encode(records);
        if (file.length <= 7) return;
        const at = 7 + (somewhere % (file.length - 7));
        file[at] = (file[at] ?? 0) ^ flip;
        const all = hex(records);
        let from = 0;
        for (const record of recordsOf(decode(file))) {
          const index = all.indexOf(record, from);
          expect(index).toBeGreaterThanOrEqual(from);
          from = index + 1;
        }
      }),
      { numRuns: 200 },
    );
  });

  it("refuses a file that is something else", () => {
    expect(() => decode(Buffer.from("epoch,up,sen\n"))).toThrow(
      expect.objectContaining({ code: "not-a-transaction-log" }),
    );
    expect(() => decode(Buffer.from("epo"))).toThrow(
      expect.objectContaining({ code: "not-a-transaction-log" }),
    );
  });
});
