import { describe, expect, it } from "vitest";
import type { ReportRun } from "../../src/report/report-data.js";
import { compareRuns, compareValues, type Moment } from "../../src/report/run-comparison.js";
import { train, valid } from "../cli/sample-logs.js";
import { runOf } from "./sample-run.js";

/** The values of a metric at a moment, each as `value@update`. */
function at(runs: readonly ReportRun[], moment: Moment, metric: string): (string | undefined)[] | undefined {
  const [table] = compareRuns(runs, [moment]);
  const row = table?.metrics.find((one) => one.metric === metric);
  return row?.values.map((one) => (one === undefined ? undefined : `${one.value}@${one.up}`));
}

describe("runs that are compared", () => {
  it("meet at the greatest update at which all were validated", async () => {
    const one = await runOf([10, 20, 30].map((up) => train(up) + valid(up, "bleu", up / 2)).join(""));
    const other = await runOf([20, 25].map((up) => train(up) + valid(up, "bleu", up)).join(""));
    const bare = await runOf(train(20) + train(40));
    expect(at([one, other, bare], "common", "bleu")).toEqual(["10@20", "20@20", undefined]);
    expect(at([one, other, bare], "common", "cost")).toEqual(["0.5@20", "0.5@20", "0.5@20"]);
    // Without validations, their training records count.
    expect(at([bare, await runOf(train(10) + train(20) + train(30))], "common", "cost")).toEqual([
      "0.5@20",
      "0.5@20",
    ]);
    const apart = await runOf(train(7) + valid(7, "bleu", 1));
    expect(compareRuns([one, apart], ["common"])).toEqual([{ moment: "common", metrics: [] }]);
  });

  it("have at an update the last record up to it, if they got that far", async () => {
    const one = await runOf(train(10) + valid(10, "bleu", 5) + train(15) + train(30) + valid(30, "bleu", 7));
    const other = await runOf(train(10) + valid(10, "bleu", 6));
    expect(at([one, other], 20, "bleu")).toEqual(["5@10", undefined]);
    expect(at([one, other], 20, "cost")).toEqual(["0.66666667@15", undefined]);
    expect(at([one, other], 5, "bleu")).toBeUndefined();
  });

  it("count an update that was trained again as it was the last time", async () => {
    const again = await runOf(
      valid(10, "bleu", 5) + valid(20, "bleu", 8) + train(10) + valid(10, "bleu", 6) + train(20),
    );
    expect(at([again], 10, "bleu")).toEqual(["6@10"]);
    expect(at([again], 20, "bleu")).toEqual(["8@20"]);
  });

  it("have Marian's best, and the last value of a metric of which nobody knows what is better", async () => {
    const resumed = await runOf(valid(20, "chrf", 41, "stalled 2 times (last best: 43.5)"));
    const fresh = await runOf(
      valid(20, "chrf", 42) + valid(30, "chrf", 40, "stalled 1 times (last best: 42)"),
    );
    expect(at([resumed, fresh], "best", "chrf")).toEqual(["43.5@undefined", "42@20"]);
    const odd = await runOf(valid(10, "oddity", 3) + valid(20, "oddity", 2));
    expect(at([odd], "best", "oddity")).toEqual(["2@20"]);
    const [table] = compareRuns([odd, odd], ["best"]);
    expect(table?.metrics[0]?.values.some((value) => value?.isBest)).toBe(false);
  });
});

describe("values that are compared", () => {
  const compared = (...values: (number | undefined)[]) =>
    compareValues(
      values.map((value) => (value === undefined ? undefined : { value })),
      "low",
    );

  it("have differences without digits that nobody printed", () => {
    expect(compared(39.9, 41.2, 1e-7, 39.9).map((one) => one?.difference)).toEqual([
      undefined,
      1.3,
      -39.8999999,
      0,
    ]);
    expect(compared(Number.NaN, 1)[1]).toEqual({ value: 1, isBest: true });
    expect(compared(undefined, 1)[1]).toEqual({ value: 1, isBest: false });
  });

  it("have a best unless they are all the same", () => {
    expect(compared(2, 1, 1, undefined).map((one) => one?.isBest)).toEqual([false, true, true, undefined]);
    expect(compared(1, 1).map((one) => one?.isBest)).toEqual([false, false]);
  });
});
