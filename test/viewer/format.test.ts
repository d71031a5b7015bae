import { describe, expect, it } from "vitest";
import { logarithmicMarks, roundStep, timeSteps } from "../../src/viewer/charts/marks.js";
import {
  commonPlaces,
  formatDuration,
  formatExact,
  formatMark,
  formatPlace,
  formatPlaces,
  formatTime,
} from "../../src/viewer/format.js";

describe("numbers", () => {
  it.each([
    [8.26540375, "8.26540375"],
    [753766, "753,766"],
    [1234567.5, "1,234,567.5"],
    [-1000, "−1,000"],
    [1.875e-8, "1.875e−8"],
    [0, "0"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "−inf"],
  ])("keep every digit: %d", (value, text) => {
    expect(formatExact(value)).toBe(text);
  });

  it.each([
    [20_000, 10_000, "20k"],
    [20_500, 500, "20,500"],
    [1_000_000, 200_000, "1M"],
    [800_000, 200_000, "800k"],
    [0.25, 0.05, "0.25"],
    [0, 1, "0"],
    [0.0003, 0.0001, "3e−4"],
    [4e10, 1e10, "4e10"],
    [-2000, 1000, "−2k"],
  ])("on an axis are short: %d", (value, step, text) => {
    expect(formatMark(value, step)).toBe(text);
  });

  it("of a column have as many decimals as they need", () => {
    expect(commonPlaces([27, 26.9, 28.25])).toBe(2);
    expect(commonPlaces([1, 2])).toBe(0);
    expect(commonPlaces([1 / 3])).toBe(4);
    expect(formatPlaces(27, 1)).toBe("27.0");
    expect(formatPlaces(-0.25, 1)).toBe("−0.3");
    expect(formatPlaces(12345.678, 2)).toBe("12,345.68");
    expect(formatPlaces(Number.NaN, 2)).toBe("NaN");
  });
});

describe("times", () => {
  it.each([
    [0, "0 s"],
    [999, "1 s"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [59 * 60_000 + 59_600, "1 h"],
    [90_000_000, "1 d 1 h"],
    [-61_000, "−1 min 1 s"],
    [Number.NaN, "–"],
  ])("%d ms take %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it("say UTC only where that is known", () => {
    expect(formatTime(Date.UTC(2024, 6, 3, 9), "utc")).toBe("2024-07-03 09:00:00 UTC");
    expect(formatTime(Date.UTC(2024, 6, 3, 9), "local")).toBe("2024-07-03 09:00:00");
  });

  it("and places are told in words", () => {
    expect(formatPlace("up", 20_000, undefined)).toBe("update 20,000");
    expect(formatPlace("epoch", 1.23456789, undefined)).toBe("epoch 1.2346");
    expect(formatPlace("elapsed", 3_660_000, undefined)).toBe("1 h 1 min after the start");
    expect(formatPlace("sentences", 1234.4, undefined)).toBe("1,234 sentences");
  });
});

describe("round numbers for axes", () => {
  it("of a logarithmic axis are 1, 2 and 5, of a short one round steps, of a long one powers", () => {
    expect(logarithmicMarks(0.9, 120)).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(logarithmicMarks(2.1, 4.2)).toEqual([2.5, 3, 3.5, 4]);
    expect(logarithmicMarks(1e-8, 1e3)).toEqual([1e-8, 1e-6, 1e-4, 0.01, 1, 100]);
    expect(logarithmicMarks(0, 10)).toEqual([]);
  });

  it("step by 1, 2 and 5, and times by what clocks show", () => {
    expect([0.3, 1, 1.5, 4, 7, 30].map(roundStep)).toEqual([0.5, 1, 2, 5, 10, 50]);
    const steps = [...timeSteps()];
    expect(steps).toEqual([...steps].sort((one, other) => one - other));
    expect(steps).toContain(6 * 3_600_000);
  });
});
