import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wholeLines } from "../../src/io/whole-lines.js";

async function* inChunks(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, "latin1");
  // One buffer for all chunks, as the followed file has it.
  const buffer = new Uint8Array(bytes.length);
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    const part = bytes.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    at += size;
  }
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const chunk of chunks) texts.push(Buffer.from(chunk).toString("latin1"));
  return texts;
}

const texts = fc.array(fc.constantFrom("a", "line", "\n", "\r", "\0")).map((parts) => parts.join(""));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });

describe("whole lines", () => {
  it("are all bytes, in pieces that end where lines do", async () => {
    await fc.assert(
      fc.asyncProperty(texts, sizes, async (text, steps) => {
        const pieces = await read(wholeLines(inChunks(text, steps), () => true));
        expect(pieces.join("")).toBe(text);
        expect(pieces.slice(0, -1).every((piece) => piece.endsWith("\n"))).toBe(true);
        expect(pieces).not.toContain("");
      }),
    );
  });

  it("leave out a last half line where the log goes on elsewhere", async () => {
    const cut = await read(wholeLines(inChunks("one\ntwo\nthr", [2]), () => false));
    expect(cut.join("")).toBe("one\ntwo\n");
  });

  it("of more than a megabyte are passed on as they come", async () => {
    const text = "x".repeat(3 << 20);
    const pieces = await read(wholeLines(inChunks(`${text}\nend\n`, [300_000]), () => false));
    expect(pieces.join("")).toBe(`${text}\nend\n`);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(2 << 20);
  });
});
