/** zstd with its checksums: whatever differs from what was packed is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unzstd } from "../../../src/io/packed/unzstd.js";
import { PACKED_TRAINING, TRAINING, zstdFrame } from "../../browser/zstd-frame.js";

/** What is unpacked of bytes in chunks of some size, and the message of the fault at its end. */
async function unpack(packed: Uint8Array, size = 1 << 16): Promise<{ text: string; fault?: string }> {
  const chunks = async function* () {
    for (let at = 0; at < packed.length; at += size) yield packed.subarray(at, at + size);
  };
  const parts: Uint8Array[] = [];
  try {
    for await (const part of unzstd(chunks())) parts.push(part);
    return { text: Buffer.concat(parts).toString() };
  } catch (error) {
    expect(error).toMatchObject({ name: "InputError" });
    return { text: Buffer.concat(parts).toString(), fault: (error as Error).message };
  }
}

const text = (content: string) => zstdFrame(new TextEncoder().encode(content));
const skippable = (length: number) => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a5f, 0);
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, Buffer.alloc(length, 0x28)]);
};

describe("unzstd", () => {
  it("takes frames with and without checksum, short ones, and passes over skippable ones, in any chunks", async () => {
    const file = Buffer.concat([
      skippable(0),
      text("a"),
      PACKED_TRAINING,
      skippable(1000),
      text(""),
      PACKED_TRAINING,
      text("b\n"),
      skippable(3),
    ]);
    for (const size of [1, 2, 7, 1000, 1 << 16])
      expect(await unpack(file, size)).toEqual({ text: `a${TRAINING}${TRAINING}b\n` });
  });

  it("refuses every flipped bit that changes the content, wherever it is", async () => {
    const bits = PACKED_TRAINING.length * 8;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 32, max: bits - 1 }), async (bit) => {
        const flipped = Uint8Array.from(PACKED_TRAINING);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { text, fault } = await unpack(flipped);
        if (fault === undefined) expect(text).toBe(TRAINING);
      }),
      { numRuns: 400 },
    );
  });

  it("says that values may be wrong where only the checksum tells", async () => {
    const flipped = Uint8Array.from(PACKED_TRAINING);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    const { text, fault } = await unpack(flipped);
    expect(text).toBe(TRAINING);
    expect(fault).toMatch(/does not match its checksum, so values .* may be wrong/);
  });

  it("refuses what does not follow the last frame as a frame, and files that end early", async () => {
    expect((await unpack(Buffer.concat([PACKED_TRAINING, Buffer.from("text\n")]))).fault).toContain(
      "no zstd frame",
    );
    for (const length of [5, 6, 12, 500, PACKED_TRAINING.length - 4, PACKED_TRAINING.length - 1])
      expect((await unpack(PACKED_TRAINING.subarray(0, length))).fault).toContain("ends early");
  });

  it("refuses a window that would not fit into memory, with what to do", async () => {
    const large = Uint8Array.from(text("a"));
    large[5] = 0xf8;
    expect((await unpack(large)).fault).toContain("zstd -dc --long=31");
  });
});
