/** Columns of tables of evaluations. */
import { expect, test } from "vitest";
import { metricNames } from "../../src/evaluation/scores.js";

const evaluation = (...names: string[]) => ({ metrics: new Map(names.map((name) => [name, 1])) });

test("the three that are always there, then the others by name", () => {
  expect(metricNames([])).toEqual(["bleu_detok", "chrf", "comet"]);
  expect(
    metricNames([evaluation("unaligned-ratio", "comet", "chrf"), evaluation("Z", "chrf", "a10", "a9")]),
  ).toEqual(["bleu_detok", "chrf", "comet", "Z", "a10", "a9", "unaligned-ratio"]);
});
