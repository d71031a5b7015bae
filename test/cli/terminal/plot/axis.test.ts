import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linearScale, logScale } from "../../../../src/cli/terminal/plot/axis.js";

const labels = (list: readonly { label: string }[]) => list.map(({ label }) => label);

describe("round numbers", () => {
  it.each([
    [0, 1, 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]],
    [2.03, 8.54, 5, ["4", "6", "8"]],
    [500, 40_000, 5, ["10k", "20k", "30k", "40k"]],
    [116_760, 116_820, 4, ["116.76k", "116.78k", "116.8k", "116.82k"]],
    [-5, 5, 4, ["-5", "0", "5"]],
    [0, 0.0003, 4, ["0.0000", "0.0001", "0.0002", "0.0003"]],
    [0, 3e-6, 4, ["0", "1e-6", "2e-6", "3e-6"]],
    [0, 3e6, 4, ["0", "1M", "2M", "3M"]],
    [900, 1100, 2, ["900", "1000", "1100"]],
    [3e17, 5e17, 2, ["3e+17", "4e+17", "5e+17"]],
  ])("from %d to %d, %i at most", (low, high, most, expected) => {
    expect(labels(linearScale(low, high).ticks(most))).toEqual(expected);
  });

  it.each([
    [1, 100, 8, ["1", "2", "5", "10", "20", "50", "100"]],
    [1, 100, 5, ["1", "3", "10", "30", "100"]],
    [1, 1e6, 4, ["1", "100", "10k", "1M"]],
    [3, 4, 5, ["3.0", "3.2", "3.4", "3.6", "3.8", "4.0"]],
  ])("by powers of ten from %d to %d, %i at most", (low, high, most, expected) => {
    expect(labels(logScale(low, high).ticks(most))).toEqual(expected);
  });

  it("lie within the scale, rise, and differ in their labels", () => {
    const span = fc.tuple(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
    );
    fc.assert(
      fc.property(span, fc.integer({ min: 2, max: 20 }), ([low, length], most) => {
        // What differs by less is drawn as one.
        fc.pre(length > Math.abs(low) * 1e-7);
        const scale = linearScale(low, low + length);
        const ticks = scale.ticks(most);
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.length).toBeLessThanOrEqual(most + 1);
        for (const { value } of ticks) {
          expect(scale.place(value)).toBeGreaterThan(-1e-6);
          expect(scale.place(value)).toBeLessThan(1 + 1e-6);
        }
        expect(new Set(labels(ticks)).size).toBe(ticks.length);
      }),
    );
  });
});

describe("places", () => {
  it("run from 0 to 1", () => {
    const scale = linearScale(10, 20);
    expect([10, 15, 20].map(scale.place)).toEqual([0, 0.5, 1]);
    const powers = logScale(1, 100);
    expect([1, 10, 100].map(powers.place)).toEqual([0, 0.5, 1]);
  });

  it("of a single value lie in the middle", () => {
    expect(linearScale(7, 7).place(7)).toBeCloseTo(0.5);
    expect(linearScale(0, 0).place(0)).toBeCloseTo(0.5);
    expect(logScale(7, 7).place(7)).toBeCloseTo(0.5);
  });
});
