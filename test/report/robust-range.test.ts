import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { robustRange } from "../../src/report/robust-range.js";

const range = (...series: number[][]) => {
  const whole = { from: Math.min(...series.flat()), to: Math.max(...series.flat()) };
  return robustRange(
    series.map((values) => Float64Array.from(values)),
    whole,
  );
};

describe("the range of a chart", () => {
  test.each([
    ["one value", [[5]], { from: 5, to: 5 }],
    ["two values", [[5, 4e10]], { from: 5, to: 4e10 }],
    ["an outlier among three", [[4e10, 50, 40]], { from: 40, to: 100 }],
    ["a first validation that is an outlier", [[4e10, 300, 60, 40, 30]], { from: 30, to: 820 }],
    ["an outlier below", [[-1e9, 30, 31, 32, 33]], { from: 26, to: 33 }],
    ["values that are all alike but for one", [[1, 1, 1, 1, 1e10]], { from: 1, to: 2 }],
    ["values around an outlier at 0", [[0, 0, 0, 1e-9]], { from: 0, to: 0 }],
    ["what falls evenly", [[10, 9, 8, 7, 6, 5]], { from: 5, to: 10 }],
    // A run that has one value yet does not flatten the others; one that lies elsewhere as a whole is shown.
    ["a run with one outlier alone", [[30, 31, 32, 33, 34], [4e10]], { from: 30, to: 40 }],
    [
      "a run that lies elsewhere",
      [Array.from({ length: 200 }, (_, index) => 30 + (index % 5)), [900, 901, 902, 903, 904]],
      { from: 30, to: 903 },
    ],
    [
      "a run that diverged from its start, beside which the others would be one line",
      [Array.from({ length: 200 }, (_, index) => 30 + (index % 5)), [1.5e12, 1.5e12, 1.6e12, 1.6e12, 1.6e12]],
      { from: 30, to: 42 },
    ],
    [
      "a run that came from nearby and diverged",
      [Array.from({ length: 200 }, (_, index) => 30 + (index % 5)), [10, 10, 2e7, 2e7, 3e7, 4e7]],
      { from: 10, to: 42 },
    ],
    ["runs of zeros beside another", [new Array(200).fill(0), [1, 2, 3, 4, 5]], { from: 0, to: 4 }],
  ])("of %s", (_, series, expected) => {
    expect(range(...series)).toEqual(expected);
  });

  test("reaches to a value that a choice of them lacks, unless it is an outlier", () => {
    const some = [Float64Array.from([4, 5, 6, 7, 8])];
    expect(robustRange(some, { from: 3, to: 9 })).toEqual({ from: 3, to: 9 });
    expect(robustRange(some, { from: -100, to: 100 })).toEqual({ from: 1, to: 11 });
  });

  test("lies within the values and holds their middle nine tenths", () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 3 }), (values) => {
        const found = range(values);
        const sorted = [...values].sort((one, other) => one - other);
        const at = (index: number) => sorted[index] ?? Number.NaN;
        expect(found.from).toBeGreaterThanOrEqual(at(0));
        expect(found.to).toBeLessThanOrEqual(at(sorted.length - 1));
        expect(found.from).toBeLessThanOrEqual(at(Math.ceil((sorted.length - 1) * 0.05)));
        expect(found.to).toBeGreaterThanOrEqual(at(Math.floor((sorted.length - 1) * 0.95)));
      }),
    );
  });
});
