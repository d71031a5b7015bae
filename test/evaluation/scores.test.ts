/** Columns of tables of evaluations. */
import { expect, test } from "vitest";
import { metricNames, scaledMetrics } from "../../src/evaluation/scores.js";

const evaluation = (...names: string[]) => ({ metrics: new Map(names.map((name) => [name, 1])) });

test("the three that are always there, then the others by name", () => {
  expect(metricNames([])).toEqual(["bleu_detok", "chrf", "comet"]);
  expect(
    metricNames([evaluation("unaligned-ratio", "comet", "chrf"), evaluation("Z", "chrf", "a10", "a9")]),
  ).toEqual(["bleu_detok", "chrf", "comet", "Z", "a10", "a9", "unaligned-ratio"]);
});

test("COMET is scaled as a decimal, without digits that nobody measured", () => {
  const scaled = (comet: number) => scaledMetrics(new Map([["comet", comet]])).get("comet");
  expect([0.8109, 0.5704, 0.07, -0.123, 0, 1, 1e-9, 1e21].map(scaled)).toEqual([
    81.09, 57.04, 7, -12.3, 0, 100, 1e-7, 1e23,
  ]);
  expect([Number.NaN, Number.NEGATIVE_INFINITY].map(scaled)).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
});
