import { createGunzip, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../../src/io/input-error.js";
import { decompress } from "../../../src/io/packed/decompress.js";

/** The bytes in chunks that end at these offsets, as far as there are bytes; some are empty. */
async function* chunked(bytes: Uint8Array, ends: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  const inside = ends.filter((end) => end <= bytes.length);
  for (const end of inside.sort((one, other) => one - other)) {
    yield bytes.slice(start, end);
    start = end;
  }
  yield bytes.slice(start);
}

async function unpack(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of decompress(chunks)) parts.push(part.slice());
  return Buffer.concat(parts);
}

/** A zstd frame of raw blocks. */
function zstdRaw(content: Uint8Array): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((content.length << 3) | 1, 0, 3);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68]), header, content]);
}

const plain = fc.uint8Array({ maxLength: 300 }).filter(([one, two]) => {
  const magics = [
    [0x1f, 0x8b],
    [0x28, 0xb5],
    [0xfd, 0x37],
    [0x42, 0x5a],
    [0x50, 0x4b],
    [0xff, 0xfe],
    [0xfe, 0xff],
  ];
  return !magics.some(([first, second]) => one === first && two === second);
});
const cuts = fc.array(fc.nat(400), { maxLength: 8 });

/** How many bytes a stream has unpacked when it was given these. */
async function slowly(packed: Uint8Array): Promise<{ ready: number }> {
  let ready = 0;
  const stream = createGunzip();
  stream.on("data", (text: Buffer) => {
    ready += text.length;
  });
  await new Promise<void>((resolve) => stream.write(packed, () => resolve()));
  stream.destroy();
  return { ready };
}

/** The bytes in chunks of a length, all in the same memory, as those of a file are. */
async function* inOneBuffer(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(length);
  for (let at = 0; at < bytes.length; at += length) {
    const part = bytes.subarray(at, at + length);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
  }
  buffer.fill(0);
}

describe("decompress", () => {
  it.each([1, 2, 3, 7])(
    "takes chunks of %d bytes in one memory, and gives chunks that can be copied",
    async (length) => {
      for (const text of ["B", "BZ ", "(x", "Ep. 1 : Up. 2", "P", "\u001fx and more"]) {
        const bytes = new TextEncoder().encode(text);
        const kept: Uint8Array[] = [];
        for await (const part of decompress(inOneBuffer(bytes, length))) kept.push(part.slice());
        expect(Buffer.concat(kept).toString()).toBe(text);
      }
      const packed = gzipSync("text");
      expect((await unpack(inOneBuffer(packed, length))).toString()).toBe("text");
    },
  );

  it("passes plain bytes on, in any chunks", async () => {
    await fc.assert(
      fc.asyncProperty(plain, cuts, async (bytes, ends) => {
        expect(await unpack(chunked(bytes, ends))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("unpacks gzip members in any chunks", async () => {
    const members = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(members, cuts, async (parts, ends) => {
        const packed = Buffer.concat(parts.map((part) => gzipSync(part)));
        expect(await unpack(chunked(packed, ends))).toEqual(Buffer.concat(parts));
      }),
    );
  });

  it("unpacks zstd frames in any chunks", async () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(frames, cuts, async (parts, ends) => {
        const packed = Buffer.concat(parts.map(zstdRaw));
        expect(await unpack(chunked(packed, ends))).toEqual(Buffer.concat(parts));
      }),
    );
  });

  it("unpacks zstd blocks that repeat a byte: many times what comes in", async () => {
    const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68]);
    const blocks = Array.from({ length: 200 }, (_, at) => {
      const block = Buffer.alloc(4);
      block.writeUIntLE((100_000 << 3) | 2 | (at === 199 ? 1 : 0), 0, 3);
      block[3] = at;
      return block;
    });
    const content = Buffer.concat(blocks.map((_, at) => Buffer.alloc(100_000, at)));
    expect((await unpack(chunked(Buffer.concat([head, ...blocks]), []))).equals(content)).toBe(true);
  });

  it("gives a prefix of the content and an InputError for a gzip that is cut anywhere", async () => {
    const content = Buffer.from(Array.from({ length: 500 }, (_, line) => `line ${line * line}\n`).join(""));
    const packed = gzipSync(content);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: packed.length - 1 }), cuts, async (length, ends) => {
        const parts: Uint8Array[] = [];
        let fault: unknown;
        try {
          const cut = packed.subarray(0, length);
          for await (const part of decompress(chunked(cut, ends))) parts.push(part.slice());
        } catch (error) {
          fault = error;
        }
        expect(fault).toBeInstanceOf(InputError);
        expect(String(fault)).toContain("the gzip data ends early");
        const got = Buffer.concat(parts);
        expect(content.subarray(0, got.length).equals(got)).toBe(true);
      }),
    );
  });

  it("keeps all but the last part of what a long cut gzip held", async () => {
    const content = Buffer.from(
      Array.from({ length: 50_000 }, (_, line) => `line ${line * line}\n`).join(""),
    );
    const packed = gzipSync(content);
    const parts: Uint8Array[] = [];
    const reading = async () => {
      for await (const part of decompress(chunked(packed.subarray(0, packed.length - 9), [])))
        parts.push(part.slice());
    };
    await expect(reading()).rejects.toThrow("ends early");
    // All but the length and a byte of the checksum is there, so all of the content is.
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  });

  it("of a gzip that is damaged in its middle, everything before the damage is there", async () => {
    const lines = Array.from({ length: 40_000 }, (_, line) => `line ${line * line}\n`);
    const content = Buffer.from(lines.join(""));
    for (const packed of [gzipSync(content), Buffer.concat([gzipSync("first\n"), gzipSync(content)])]) {
      const whole = packed.length > gzipSync(content).length ? `first\n${content}` : `${content}`;
      for (const place of [0.2, 0.55, 0.9]) {
        const at = Math.floor(packed.length * place);
        // What stands before the damage, by a stream that is told byte by byte and never meets it.
        const { ready } = await slowly(packed.subarray(0, at));
        const parts: Uint8Array[] = [];
        const reading = async () => {
          const damaged = Buffer.concat([
            packed.subarray(0, at),
            Buffer.alloc(200, 0xff),
            packed.subarray(at + 200),
          ]);
          for await (const part of decompress(chunked(damaged, []))) parts.push(part.slice());
        };
        await expect(reading()).rejects.toThrow("the gzip data is damaged");
        const got = Buffer.concat(parts);
        expect(got.length).toBeGreaterThanOrEqual(ready);
        expect(got.subarray(0, ready).toString() === whole.slice(0, ready)).toBe(true);
      }
    }
  });

  it("passes live text on before more has come", async () => {
    let ask: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      ask = resolve;
    });
    async function* live(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("B");
      yield Buffer.from("e");
      ask?.();
      yield Buffer.from("late");
    }
    const chunks = decompress(live());
    const first = await chunks.next();
    expect(Buffer.from(first.value ?? []).toString()).toBe("Be");
    let more = false;
    void asked.then(() => {
      more = true;
    });
    await Promise.resolve();
    expect(more).toBe(false);
    expect(Buffer.from((await chunks.next()).value ?? []).toString()).toBe("late");
  });

  it("ends its source when the reader stops early", async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from("text\n");
      } finally {
        ended = true;
      }
    }
    for await (const _ of decompress(endless())) break;
    expect(ended).toBe(true);
  });

  it("reads nothing and what is too short for a magic number", async () => {
    for (const bytes of [[], [0x1f], [0x28, 0xb5], [0x42, 0x5a], [0xff]]) {
      expect(await unpack(chunked(Uint8Array.from(bytes), [0, 1]))).toEqual(Buffer.from(bytes));
    }
  });
});
