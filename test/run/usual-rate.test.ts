import { describe, expect, it } from "vitest";
import { UsualRate } from "../../src/run/usual-rate.js";

/** The usual rate of records with these rates. */
function usual(rates: Iterable<number>): number | undefined {
  const rate = new UsualRate();
  for (const value of rates) rate.add(value, 1, false);
  return rate.value;
}

function* upTo(count: number): Generator<number> {
  for (let value = 1; value <= count; value += 1) yield value;
}

describe("UsualRate", () => {
  it("is the median of all records as long as they are not too many", () => {
    expect(usual([])).toBeUndefined();
    expect(usual([5, 1, 9])).toBe(5);
    expect(usual(upTo(65_535))).toBe(32_768);
  });

  it("of more records, is the median of records at equal distances", () => {
    // Of an even number, the upper one of the two in the middle.
    expect(usual(upTo(65_536))).toBe(32_769);
    expect(usual(upTo(65_538))).toBe(32_769);
    expect(usual(upTo(131_072))).toBe(65_537);
    const million = usual(upTo(1_000_000)) ?? 0;
    expect(Math.abs(million - 500_000)).toBeLessThan(64);
  });

  it("leaves out the records in whose time a validation fell, unless there are no others", () => {
    const rate = new UsualRate();
    rate.add(10, 1, true);
    expect(rate.value).toBe(10);
    rate.add(50, 1, false);
    expect(rate.value).toBe(50);
    rate.add(0, 1, false);
    rate.add(70, 0, false);
    rate.add(Number.POSITIVE_INFINITY, 1, false);
    expect(rate.value).toBe(50);
  });
});
