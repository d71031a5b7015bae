import fc from "fast-check";
import { snappyUncompress } from "hyparquet/src/snappy.js";
import { expect, it } from "vitest";
import { snappyCompress } from "../../../src/publishers/tables/snappy.js";

function unpacked(input: Uint8Array): Uint8Array {
  const output = new Uint8Array(input.length);
  snappyUncompress(snappyCompress(input), output);
  return output;
}

const repeated = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 12 }), fc.integer({ min: 1, max: 40 })), { maxLength: 30 })
  .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => new Array<Uint8Array>(times).fill(bytes))));

it("gives bytes that another program unpacks to the same", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), repeated), (input) => {
      expect(unpacked(input)).toEqual(new Uint8Array(input));
    }),
    { numRuns: 500 },
  );
});

it("takes columns of several blocks, and makes numbers that repeat small", () => {
  const numbers = Float64Array.from({ length: 40_000 }, (_, row) => Math.round(row / 7) / 4);
  const input = new Uint8Array(numbers.buffer);
  expect(unpacked(input)).toEqual(input);
  expect(snappyCompress(input).length).toBeLessThan(input.length / 4);
  const random = new Uint8Array(200_000).map((_, at) => Math.imul(at + 1, 0x9e3779b1) >>> 13);
  expect(unpacked(random)).toEqual(random);
});
