import { describe, expect, it } from "vitest";
import type { ReportRun } from "../../src/report/report-data.js";
import { type ChartKind, chartKinds } from "../../src/viewer/charts/chart-kinds.js";
import { chartContent } from "../../src/viewer/charts/chart-lines.js";
import { nearestPoints, neighbour, type Point } from "../../src/viewer/charts/points.js";
import { RunView } from "../../src/viewer/run-view.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { runOf } from "../report/sample-run.js";

const LOG =
  start() +
  train(100) +
  valid(100, "chrf", 40) +
  train(200) +
  train(300) +
  valid(300, "chrf", 42) +
  start() +
  train(250) +
  train(350).replace(/Cost [\d.]+/, "Cost nan") +
  valid(350, "chrf", 41, "stalled 1 times (last best: 42)");

async function named(name: string, log = LOG): Promise<ReportRun> {
  return { ...(await runOf(log)), name };
}

function kind(runs: readonly ReportRun[], title: string): ChartKind {
  const found = chartKinds(runs).find((candidate) => candidate.title === title);
  if (found === undefined) throw new Error(`there is no chart ${title}`);
  return found;
}

function content(
  views: readonly RunView[],
  title: string,
  { range = { from: 0, to: 400 }, smoothing = 0, log = false, outliers = false } = {},
) {
  const wanted = kind(
    views.map(({ run }) => run),
    title,
  );
  return chartContent({ kind: wanted, views, axis: "up", range, smoothing, log, outliers, width: 400 });
}

describe("the charts of runs", () => {
  it("are every metric and every column that is no place, in a settled order", async () => {
    const log = `${LOG}gpu 5\n`;
    const run = await runOf(log, { patterns: [{ name: "gpu", regex: "gpu (?P<load>\\d)" }] });
    const other = await named("other", valid(1, "perplexity", 3));
    expect(chartKinds([run, other]).map(({ part, title, better }) => [part, title, better])).toEqual([
      ["validation", "chrf", "high"],
      ["validation", "perplexity", "low"],
      ["training", "cost", undefined],
      ["training", "gNorm", undefined],
      ["training", "learning rate", undefined],
      ["patterns", "gpu/load", undefined],
      ["throughput", "words per second", undefined],
      ["throughput", "seconds between reports", undefined],
    ]);
  });

  it("hold all runs, and the range of what is visible", async () => {
    const views = [new RunView(await named("a"), 0), new RunView(await named("b"), 1)];
    const { runs, values } = content(views, "cost");
    expect(runs.map(({ view }) => view.run.name)).toEqual(["a", "b"]);
    expect(values).toEqual({ from: 10 / 300 - ((10 / 300) % 1e-8), to: 0.1 });
    expect(content(views, "cost", { range: { from: 190, to: 260 } }).values).toEqual({
      from: 0.04,
      to: 0.05,
    });
  });

  it("are scaled without outliers, unless these are asked for, and as their lines are smoothed", async () => {
    const usual = Array.from({ length: 40 }, (_, index) => 5 + (index % 3));
    const logOf = (costs: readonly number[]) =>
      costs.map((cost, index) => train(100 + index).replace(/Cost \S+/, `Cost ${cost}`)).join("");
    const views = [new RunView(await named("a", logOf([9e9, 0, ...usual])), 0)];
    const scaled = (options: Parameters<typeof content>[2]) => content(views, "cost", options).scaled;
    expect(scaled({})).toEqual({ from: 1, to: 11 });
    expect(scaled({ outliers: true })).toEqual({ from: 0, to: 9e9 });
    // 0 is not on a logarithmic scale.
    expect(content(views, "cost", { log: true }).values).toEqual({ from: 5, to: 9e9 });
    expect(scaled({ log: true })?.to).toBeCloseTo(7 * (7 / 5) ** 2);
    const smooth = content([new RunView(await named("b", logOf(usual)), 0)], "cost", {
      smoothing: 0.5,
      range: { from: 110, to: 400 },
    });
    expect(smooth.values?.from).toBeGreaterThan(5.1);
    expect(smooth.values?.to).toBeLessThan(6.9);
  });

  it("smooth training, and leave validations as they are", async () => {
    const views = [new RunView(await named("a"), 0)];
    expect(content(views, "cost", { smoothing: 0.9 }).runs[0]?.lines[0]?.raw).toBeDefined();
    expect(content(views, "chrf", { smoothing: 0.9 }).runs[0]?.lines[0]?.raw).toBeUndefined();
  });

  it("mark restarts and findings at their place", async () => {
    const view = new RunView(await named("a"), 0);
    expect(view.restarts("up")).toEqual([{ segment: 1, place: 250, up: 250 }]);
    const run = await named("b");
    const at = run.training.columns.get("line")?.values[2] ?? 0;
    const finding = {
      kind: "throughput",
      severity: "warning",
      line: at,
      segment: 0,
      words: "slow",
      numbers: {},
      metric: "rate",
    } as const;
    const checked = new RunView({ ...run, findings: [finding, { ...finding, severity: "info" }] }, 0);
    expect(checked.findings(kind([run], "words per second"), "up")).toEqual([{ finding, place: 300 }]);
    expect(checked.findings(kind([run], "cost"), "up")).toEqual([]);
  });

  it("mark a restart before the first report", async () => {
    const view = new RunView(await named("a", start() + start() + train(100)), 0);
    expect(view.restarts("up")).toEqual([{ segment: 1, place: 100, up: 100 }]);
  });
});

describe("the points near the cursor", () => {
  it("are one a run, the nearest; what is far from its ends is none", async () => {
    const views = [new RunView(await named("a"), 0), new RunView(await named("short", train(100)), 1)];
    const { runs } = content(views, "cost");
    const at = (place: number) =>
      nearestPoints(runs, place, 20).map(({ view, x, y }) => [view.run.name, x, y]);
    expect(at(110)).toEqual([
      ["a", 100, 0.1],
      ["short", 100, 0.1],
    ]);
    expect(at(240)).toEqual([["a", 250, 0.04]]);
    expect(at(600)).toEqual([]);
    expect(at(345)).toEqual([["a", 350, Number.NaN]]);
  });

  it("follow each other with the arrow keys, each row once", async () => {
    const views = [new RunView(await named("a"), 0)];
    const { runs } = content(views, "cost");
    const [first] = nearestPoints(runs, 0, Number.POSITIVE_INFINITY);
    const walked: number[] = [];
    let point: Point | undefined = first;
    for (let step = 0; step < 6 && point !== undefined; step += 1) {
      walked.push(point.x);
      point = neighbour(runs, point, 1);
    }
    expect(walked).toEqual([100, 200, 250, 300, 350, 350]);
    if (first !== undefined) expect(neighbour(runs, first, -1)).toBe(first);
  });
});
