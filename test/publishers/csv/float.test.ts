import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCount, formatFloat } from "../../../src/publishers/csv/float.js";

/** What Python's `repr` prints of a float. */
const REPR: readonly (readonly [number, string])[] = [
  [0, "0.0"],
  [-0, "-0.0"],
  [1, "1.0"],
  [-1, "-1.0"],
  [19, "19.0"],
  [0.1, "0.1"],
  [1.5, "1.5"],
  [8.26540375, "8.26540375"],
  [1.875e-8, "1.875e-08"],
  [3e-4, "0.0003"],
  [1e-4, "0.0001"],
  [9.999e-5, "9.999e-05"],
  [1e-5, "1e-05"],
  [-1e-5, "-1e-05"],
  [1e-10, "1e-10"],
  [1.5e-100, "1.5e-100"],
  [123456789, "123456789.0"],
  [1e15, "1000000000000000.0"],
  [9007199254740992, "9007199254740992.0"],
  [9999999999999998, "9999999999999998.0"],
  [1e16, "1e+16"],
  [-1e16, "-1e+16"],
  [1.5e16, "1.5e+16"],
  [1e21, "1e+21"],
  [1e22, "1e+22"],
  [1.7976931348623157e308, "1.7976931348623157e+308"],
  [5e-324, "5e-324"],
  [2.2250738585072014e-308, "2.2250738585072014e-308"],
  [0.1 + 0.2, "0.30000000000000004"],
  [1 / 3, "0.3333333333333333"],
  [1234567.891, "1234567.891"],
  [Number.NaN, "nan"],
  [Number.POSITIVE_INFINITY, "inf"],
  [Number.NEGATIVE_INFINITY, "-inf"],
];

describe("formatFloat", () => {
  it.each(REPR)("%d as Python prints it: %s", (value, text) => {
    expect(formatFloat(value)).toBe(text);
  });

  it("reads back the same, in Python's form", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatFloat(value);
        expect(Object.is(Number(text), value)).toBe(true);
        expect(text).toMatch(/^-?(?:\d+\.\d+|\d(?:\.\d+)?e[-+]\d{2,3})$/);
        // No shorter text of as many digits reads back the same.
        expect(text.replace(/e.*|[-.]/g, "").replace(/^0+|0+$/g, "").length).toBeLessThanOrEqual(17);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("formatCount", () => {
  it("has no point where the number is whole", () => {
    expect([0, 7, 1e15, 1.5, -1, 2 ** 53, Number.NaN].map(formatCount)).toEqual([
      "0",
      "7",
      "1000000000000000",
      "1.5",
      "-1.0",
      "9007199254740992.0",
      "nan",
    ]);
  });
});
