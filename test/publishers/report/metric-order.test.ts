import { describe, expect, it } from "vitest";
import {
  bestIndex,
  bestRow,
  betterOf,
  sharedMetrics,
  winner,
} from "../../../src/publishers/report/metric-order.js";
import { tableOf } from "./sample-run.js";

describe("which value of a metric is better", () => {
  it.each([
    ["perplexity", "low"],
    ["ce-mean-words", "low"],
    ["ce_mean_words", "low"],
    ["cross-entropy", "low"],
    ["ce-sum", "low"],
    ["bleu-detok", "high"],
    ["bleu_detok", "high"],
    ["chrf", "high"],
    ["chrf++", "high"],
    ["comet", "high"],
    ["comet22", "high"],
    ["translation", "high"],
    ["bert-lm-accuracy", "high"],
    ["unaligned-ratio", undefined],
    ["cell", undefined],
  ])("of %s is the %s one", (metric, better) => {
    expect(betterOf(metric)).toBe(better);
  });

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
