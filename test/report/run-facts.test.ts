import { describe, expect, it, test } from "vitest";
import { factsOf } from "../../src/report/run-facts.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { runOf } from "./sample-run.js";

describe("the facts of a run", () => {
  it("are its best and last validations, how far it came, and what was no number", async () => {
    const facts = factsOf(
      await runOf(
        start({ time: "2024-07-03 08:00:00" }) +
          train(1000, { time: "2024-07-03 09:00:00" }) +
          valid(1000, "chrf", 40) +
          valid(1000, "perplexity", 12) +
          valid(1000, "unaligned-ratio", 0.5) +
          train(2000, { epoch: 2 })
            .replace(/Cost [\d.]+/, "Cost nan")
            .replace(/gNorm [\d.]+/, "gNorm inf") +
          valid(2000, "chrf", 45, "new best", { epoch: 2 }) +
          valid(2000, "perplexity", "nan", "stalled 1 times (last best: 12)", { epoch: 2 }) +
          start() +
          train(1500, { epoch: 2 }) +
          valid(3000, "chrf", 44, "stalled 3 times (last best: 45)", {
            epoch: 2,
            time: "2024-07-04 10:00:00",
          }),
      ),
    );
    expect(facts).toMatchObject({ lastUpdate: 3000, lastEpoch: 2, restarts: 1 });
    expect(facts.started).toBe(Date.UTC(2024, 6, 3, 9));
    expect(facts.ended).toBe(Date.UTC(2024, 6, 4, 10));
    expect(facts.metrics.get("chrf")).toMatchObject({
      points: 3,
      best: { value: 45, up: 2000 },
      last: { value: 44, up: 3000 },
      stalled: 3,
    });
    expect(facts.metrics.get("perplexity")).toMatchObject({ best: { value: 12, up: 1000 }, stalled: 1 });
    expect(facts.metrics.get("chrf")?.better).toBe("high");
    expect(facts.metrics.get("unaligned-ratio")).not.toHaveProperty("best");
    expect(facts.nonFinite.map(({ column, value, up }) => [column, value, up])).toEqual([
      ["cost", Number.NaN, 2000],
      ["gnorm", Number.POSITIVE_INFINITY, 2000],
      ["perplexity", Number.NaN, 2000],
    ]);
  });

  it("of a log of validations alone are fewer", async () => {
    const facts = factsOf(await runOf(valid(500, "chrf", 40).replace(/^\[.*?\] /, "")));
    expect(facts).toMatchObject({ lastUpdate: 500, restarts: 0, nonFinite: [] });
    expect(facts).not.toHaveProperty("started");
  });
});

test.each([
  ["a metric that nobody knows, of which Marian's verdict tells", "own", [30, 31], 31.5],
  ["… and whose lower values are better", "own", [32, 33], 31.5],
  ["validations that are no numbers", "bleu", ["nan", "nan"], 31.5],
  ["an error score", "metricx-24", [32, 33], 31.5],
])("a last best counts for %s", async (_, metric, values, best) => {
  const line = (value: number | string, index: number) =>
    `[2024-07-03 10:00:00] [valid] Ep. 1 : Up. ${index + 1} : ${metric} : ${value} : stalled 3 times (last best: 31.5)\n`;
  const facts = factsOf(await runOf(values.map(line).join("")));
  expect(facts.metrics.get(metric)?.best).toEqual({ value: best });
});

test("a best that was reached before the log is Marian's, without its update", async () => {
  const line = (up: number, value: number) =>
    `[2024-07-03 10:00:00] [valid] Ep. 1 : Up. ${up} : bleu : ${value} : stalled 3 times (last best: 31.5)\n`;
  const run = await runOf(line(1000, 30) + line(2000, 31));
  expect(factsOf(run).metrics.get("bleu")?.best).toEqual({ value: 31.5 });
  expect(factsOf(await runOf(line(1000, 30) + line(2000, 31.5))).metrics.get("bleu")?.best).toMatchObject({
    value: 31.5,
    up: 2000,
  });
});
