import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RunCurves } from "../../../../src/cli/terminal/plot/run-curves.js";
import { SeriesBuffer } from "../../../../src/cli/terminal/plot/series-buffer.js";
import { LogParser } from "../../../../src/core/log-parser.js";
import { nodeCore } from "../../../../src/node-core.js";
import { RunReader } from "../../../../src/run/run-reader.js";

describe("a series", () => {
  it("of any length takes a bounded number of stretches and keeps every extreme", () => {
    const series = new SeriesBuffer();
    for (let up = 1; up <= 300_000; up += 1)
      series.push(up * 7, up === 123_456 ? -5 : up === 200_001 ? 99 : Math.sin(up));
    const { points } = series;
    expect(points.length).toBeLessThanOrEqual(4096);
    expect(points.length).toBeGreaterThan(2000);
    expect(Math.min(...points.map(({ min = 0 }) => min))).toBe(-5);
    expect(Math.max(...points.map(({ max = 0 }) => max))).toBe(99);
    expect(series.summary).toMatchObject({
      min: { x: 864_192, value: -5 },
      max: { x: 1_400_007, value: 99 },
    });
  });

  it("keeps the order of updates, and of what was trained again the later value", () => {
    const series = new SeriesBuffer();
    for (const [up, value] of [
      [10, 1],
      [20, 2],
      [30, 3],
      [20, 7],
      [30, 8],
    ] as const)
      series.push(up, value);
    expect(series.points.map(({ x, last }) => [x, last])).toEqual([
      [10, 1],
      [20, 7],
      [30, 8],
    ]);
    expect(series.summary.last).toEqual({ x: 30, value: 8 });
  });

  it("loses no value, however it is gathered", () => {
    const value = fc.oneof(fc.double(), fc.constant(Number.NaN));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1e12), value), { maxLength: 300 }), (values) => {
        const series = new SeriesBuffer();
        for (const [x, y] of values) series.push(x, y);
        const finite = values.filter(([, y]) => Number.isFinite(y)).map(([, y]) => y);
        const { points, summary } = series;
        const list = <Type>(of: (point: (typeof points)[number]) => Type | undefined) =>
          points.map(of).filter((y) => y !== undefined);
        expect(points.reduce((sum, { broken }) => sum + broken, 0)).toBe(values.length - finite.length);
        expect(summary.broken).toBe(values.length - finite.length);
        expect(summary.last?.value).toBe(finite.at(-1));
        if (finite.length === 0) return;
        expect(Math.min(...list(({ min }) => min))).toBe(Math.min(...finite));
        expect(Math.max(...list(({ max }) => max))).toBe(Math.max(...finite));
      }),
    );
  });
});

describe("the curves of a run", () => {
  const log =
    "[2024-07-03 10:00:00] Ep. 1 : Up. 10 : Sen. 70 : Cost 2.5 : Time 2.00s : 100.50 words/s : L.r. 1.0000e-04\n" +
    "[2024-07-03 10:00:01] [valid] Ep. 1 : Up. 10 : ce-mean-words : 3.5 : new best\n" +
    "[2024-07-03 10:00:01] [valid] Ep. 1 : Up. 10 : cost : 4.5 : stalled 2 times\n" +
    "[2024-07-03 10:00:02] Ep. 2 : Up. 20 : Sen. 90 : Cost nan : Time 2.00s : 200.50 words/s : gNorm 7 : L.r. 1.0000e-04\n";

  async function curvesOf(metrics: readonly string[]): Promise<RunCurves> {
    using parser = new LogParser(nodeCore());
    const reader = new RunReader(parser);
    const curves = new RunCurves(metrics);
    curves.take(await reader.read(new TextEncoder().encode(log)));
    curves.take(await reader.finish());
    return curves;
  }

  it.each([
    [
      "cost",
      [
        [10, 2.5, 0],
        [20, undefined, 1],
      ],
    ],
    [
      "rate",
      [
        [10, 100.5, 0],
        [20, 200.5, 0],
      ],
    ],
    ["gnorm", [[20, 7, 0]]],
    [
      "epoch",
      [
        [10, 1, 0],
        [20, 2, 0],
      ],
    ],
    ["ce-mean-words", [[10, 3.5, 0]]],
    ["ce_mean_words", [[10, 3.5, 0]]],
    ["ce-mean-words_stalled", [[10, 0, 0]]],
    ["cost_metric", [[10, 4.5, 0]]],
    ["cost_metric_stalled", [[10, 2, 0]]],
  ])("hold %s", async (metric, expected) => {
    const curve = (await curvesOf(["sen", metric])).curve(metric);
    expect(curve?.points.map(({ x, last, broken }) => [x, last, broken])).toEqual(expected);
  });

  it("know what they hold, and nothing else", async () => {
    const curves = await curvesOf(["cost", "chrf", "labels", "batch_labels"]);
    expect(["chrf", "labels", "batch_labels"].map((name) => curves.curve(name))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(curves.names).toEqual([
      "cost",
      "gnorm",
      "learning_rate",
      "rate",
      "time",
      "epoch",
      "sen",
      "ce_mean_words",
      "ce_mean_words_stalled",
      "cost_metric",
      "cost_metric_stalled",
    ]);
  });
});
