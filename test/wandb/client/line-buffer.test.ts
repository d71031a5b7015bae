import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineBuffer } from "../../../src/wandb/client/line-buffer.js";

const line = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  // Long enough that the bytes have to move and to grow.
  fc.integer({ min: 1, max: 60_000 }).map((length) => "é".repeat(length)),
);
const step = fc.oneof(
  { weight: 3, arbitrary: line.map((text) => ({ push: text }) as const) },
  fc.nat({ max: 4 }).map((count) => ({ drop: count }) as const),
);

describe("lines that wait", () => {
  it("are those that were pushed and not let go, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat({ max: 9 }), (steps, start) => {
        const buffer = new LineBuffer(start);
        const model: string[] = [];
        let dropped = 0;
        for (const one of steps) {
          if ("push" in one) {
            buffer.push(one.push);
            model.push(one.push);
          } else {
            const count = Math.min(one.drop, model.length);
            buffer.drop(count);
            model.splice(0, count);
            dropped += count;
          }
          expect([buffer.start, buffer.end, buffer.length]).toEqual([
            start + dropped,
            start + dropped + model.length,
            model.length,
          ]);
          expect(JSON.parse(`[${buffer.joined(model.length).toString()}]`)).toEqual(model);
          const half = Math.floor(model.length / 2);
          expect(JSON.parse(`[${buffer.joined(half).toString()}]`)).toEqual(model.slice(0, half));
          const texts = model.map((text) => Buffer.byteLength(JSON.stringify(text)) + 1);
          expect(buffer.bytes).toBe(texts.reduce((sum, size) => sum + size, 0));
        }
        expect(buffer.takeAll()).toEqual(model);
        expect([buffer.length, buffer.bytes]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it("fit into a request as far as there is room, the first one in any case if it is to go alone", () => {
    const buffer = new LineBuffer();
    for (const text of ["aaaa", "bb", "cccccc"]) buffer.push(text);
    expect([buffer.bytesOf(1), buffer.bytesOf(2), buffer.bytesOf(3)]).toEqual([7, 12, 21]);
    expect([6, 7, 11, 12, 100].map((room) => buffer.fitting(room, false))).toEqual([0, 1, 1, 2, 3]);
    expect(buffer.fitting(1, true)).toBe(1);
  });

  it("take the place of the line before only while none waits", () => {
    const buffer = new LineBuffer(5);
    buffer.stepBack();
    expect(buffer.start).toBe(4);
    buffer.push("x");
    buffer.stepBack();
    expect(buffer.start).toBe(4);
    const first = new LineBuffer(0);
    first.stepBack();
    expect(first.start).toBe(0);
  });
});
