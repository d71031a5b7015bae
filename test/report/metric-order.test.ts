import { describe, expect, it } from "vitest";
import { bestIndex, bestRow, sharedMetrics, winner } from "../../src/report/metric-order.js";
import { tableOf } from "./sample-run.js";

describe("the best of several values", () => {
  it("never is one that is no number", () => {
    expect(bestIndex([Number.NaN, 3, undefined, 1, Number.NEGATIVE_INFINITY, 1], "low")).toBe(3);
    expect(bestIndex([Number.POSITIVE_INFINITY, 3, 5, 5], "high")).toBe(2);
    expect(bestIndex([Number.NaN, undefined], "high")).toBeUndefined();
    expect(bestIndex([1, 2], undefined)).toBeUndefined();
    expect(winner([undefined, 3, 5, 5], "high")).toBe(5);
    expect(winner([undefined, 3], "high")).toBeUndefined();
    expect(bestRow(tableOf({ value: [1, 7, 3] }), "high")).toBe(1);
    expect(bestRow(tableOf({ up: [1] }), "high")).toBeUndefined();
  });
});

describe("the metrics of several runs", () => {
  it.each([
    [[["chrf", "bleu"]], ["chrf", "bleu"]],
    [
      [
        ["own", "ce"],
        ["ce", "chrf"],
        ["ce", "chrf"],
      ],
      ["ce", "chrf", "own"],
    ],
    [[], []],
  ])("of %j are %j", (runs, metrics) => {
    expect(sharedMetrics(runs)).toEqual(metrics);
  });
});
