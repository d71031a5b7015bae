/** Damaged gzip: everything before the damage is read, and the damage is said, whoever reads it and however it comes. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { type PartialRunError, readRun as readInPage } from "../../src/browser-node.js";
import { parseLog } from "../../src/index.js";
import { damaged } from "../../src/io/input-error.js";
import { OWNER } from "../../src/io/owner.js";
import { decompress } from "../../src/io/packed/decompress.js";
import { DiskReplay } from "../../src/io/packed/disk-replay.js";
import { MemoryReplay, recoverDamaged } from "../../src/io/packed/recover.js";
import { start, train } from "../cli/sample-logs.js";

const folder = mkdtempSync(join(tmpdir(), "gzip-damage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function* chunked(bytes: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What comes out, and the fault behind it. */
async function taken(chunks: AsyncIterable<Uint8Array>): Promise<{ text: Buffer; fault: string }> {
  const parts: Uint8Array[] = [];
  let fault = "";
  try {
    for await (const part of chunks) parts.push(part.slice());
  } catch (error) {
    fault = (error as Error).message;
  }
  return { text: Buffer.concat(parts), fault };
}

/** What zlib unpacks of the beginning of a gzip. */
const before = (packed: Uint8Array) => gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });

const lines = Array.from({ length: 8_000 }, (_, line) => `line ${line * line}\n`).join("");
const member = gzipSync(lines);
const short = gzipSync("short\n".repeat(1000));
const damagedAt = (at: number, packed = member) =>
  Buffer.concat([packed.subarray(0, at), Buffer.alloc(200, 0xff), packed.subarray(at + 200)]);
const flipped = (packed: Buffer, at: number) => {
  const bytes = Buffer.from(packed);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

describe("a gzip that is not whole", () => {
  // What it is, its bytes, what comes before the damage, and what is said.
  const shorts = "short\n".repeat(1000);
  const cases: readonly [string, Buffer, string, RegExp][] = [
    [
      "text behind its end",
      Buffer.concat([short, Buffer.from("plain text\n".repeat(5000))]),
      shorts,
      /damaged/,
    ],
    [
      "zeros, then text",
      Buffer.concat([short, Buffer.alloc(1000), Buffer.from("text\n".repeat(9))]),
      shorts,
      /damaged/,
    ],
    ["zeros, then another gzip", Buffer.concat([short, Buffer.alloc(99_000), short]), shorts, /damaged/],
    ["zeros behind its end, as on a tape", Buffer.concat([short, Buffer.alloc(10_240)]), shorts, /^$/],
    ["a wrong checksum", flipped(short, short.length - 6), shorts, /damaged/],
    ["a wrong length", flipped(short, short.length - 2), shorts, /damaged/],
    [
      "a wrong checksum in its first member",
      Buffer.concat([flipped(short, short.length - 6), short]),
      shorts,
      /damaged/,
    ],
    [
      "a second member that is cut",
      Buffer.concat([short, short]).subarray(0, -5),
      shorts + shorts,
      /ends early/,
    ],
    ["a second member without its head", Buffer.concat([short, short.subarray(0, 5)]), shorts, /ends early/],
  ];
  it.each(cases)("gives all before it and says so: %s", async (_, bytes, text, said) => {
    for (const size of [100, 1 << 20]) {
      const got = await taken(decompress(chunked(bytes, size)));
      expect([size, got.text.toString() === text, got.fault]).toEqual([
        size,
        true,
        expect.stringMatching(said),
      ]);
      expect(got.fault).not.toContain("at most");
    }
  });

  it("is read to the damage wherever that is, if it can be had again, or was kept in memory or on the disk", async () => {
    const once = (parts: AsyncIterable<Uint8Array>) => decompress(parts);
    for (const place of [0.1, 0.8]) {
      const bytes = damagedAt(Math.floor(member.length * place));
      const whole = before(bytes.subarray(0, Math.floor(member.length * place)));
      const again = () => chunked(bytes);
      for (const got of [
        await taken(decompress(chunked(bytes), again)),
        await taken(decompress(chunked(bytes))),
        await taken(recoverDamaged(chunked(bytes), once, undefined, new DiskReplay(1000))),
      ]) {
        expect(got.text.subarray(0, whole.length).equals(whole)).toBe(true);
        expect(got.fault).toMatch(/damaged .*that was read$/);
      }
    }
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`marian-tracking-${OWNER}`))).toEqual([]);
  });

  it("above 16 MiB of packed data too", async () => {
    const text = randomBytes(16 * 1024 * 1024).toString("hex");
    const packed = gzipSync(text, { level: 1 });
    const at = packed.length - 100_000;
    expect(at).toBeGreaterThan(16 * 1024 * 1024);
    const bytes = damagedAt(at, packed);
    const whole = before(packed.subarray(0, at));
    for (const again of [undefined, () => chunked(bytes, 1 << 20)]) {
      const got = await taken(decompress(chunked(bytes, 1 << 20), again));
      expect(got.text.length).toBeGreaterThanOrEqual(whole.length);
      expect(got.text.subarray(0, whole.length).equals(whole)).toBe(true);
      expect(got.fault).toMatch(/damaged .*that was read$/);
    }
  });
});

describe("what is read a second time", () => {
  const unpack = (fails: () => boolean) =>
    async function* (parts: AsyncIterable<Uint8Array>) {
      for await (const part of parts) {
        if (fails()) throw damaged({ format: "gzip", reason: "a fault", lost: "16 kB" }, undefined);
        yield part;
      }
    };

  it("is not taken for what was read first when somebody has put other data there", async () => {
    let parts = 0;
    const got = await taken(
      recoverDamaged(
        chunked(Buffer.alloc(60_000, "a"), 10_000),
        unpack(() => parts++ === 3 || parts > 50),
        () => chunked(Buffer.alloc(60_000, "b"), 10_000),
      ),
    );
    expect(got.text.toString()).toBe("a".repeat(30_000));
    expect(got.fault).toMatch(/but for its last 16 kB at most/);
  });

  it("tells what may be missing where it could not be kept", async () => {
    let parts = 0;
    const got = await taken(
      recoverDamaged(
        chunked(Buffer.alloc(60_000, "a"), 10_000),
        unpack(() => parts++ === 3),
        undefined,
        new MemoryReplay(100),
      ),
    );
    expect(got.text).toHaveLength(30_000);
    expect(got.fault).toMatch(/but for its last 16 kB at most/);
  });
});

describe("a damaged log", () => {
  it("gives the same rows to the library, from a path, bytes, a Blob and a stream, and to a page", async () => {
    let log = start();
    for (let up = 1; up <= 20_000; up += 1) log += train(up);
    const packed = gzipSync(log);
    const bytes = damagedAt(Math.floor(packed.length * 0.7), packed);
    const whole =
      before(bytes.subarray(0, Math.floor(packed.length * 0.7)))
        .toString()
        .split("\n").length - 1;
    const path = join(folder, "train.log.gz");
    writeFileSync(path, bytes);
    const counts: number[] = [];
    for (const input of [path, bytes, new Blob([bytes]), chunked(bytes)]) {
      let rows = 0;
      const reading = async () => {
        for await (const { type } of parseLog(input)) if (type === "training") rows += 1;
      };
      await expect(reading()).rejects.toThrow(/damaged .*that was read$/);
      counts.push(rows);
    }
    // All of its lines but those of Marian's start are records.
    expect(counts[0]).toBeGreaterThanOrEqual(whole - 6);
    expect(new Set(counts).size).toBe(1);
    const run = await readInPage(new Blob([bytes]), { worker: false }).then(
      () => "whole",
      (error: PartialRunError) => error.run.training.length,
    );
    expect(run).toBe(counts[0]);
  });
});
