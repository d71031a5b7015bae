import { describe, expect, it } from "vitest";
import type { TerminalSize } from "../../../src/cli/terminal/live-lines.js";
import { chartStyle, LiveCharts, Plot } from "../../../src/cli/terminal/plot.js";
import { LogParser } from "../../../src/core/log-parser.js";
import { nodeCore } from "../../../src/node-core.js";
import { RunReader } from "../../../src/run/run-reader.js";
import { canUseTerminal, startOnTerminal } from "../on-terminal.js";
import { check, filesBelow, freshFolder } from "../run-binary.js";
import { parse } from "../run-here.js";
import { start, train, valid } from "../sample-logs.js";

const UTF8 = { LC_ALL: "C.UTF-8" };
const LOG = start() + [1, 2, 3, 4, 5].map((up) => train(up) + valid(up, "ce-mean-words", 6 - up)).join("");
/** The lines of charts: braille, or marks. */
const BRAILLE = /[⠁-⣿]/;

describe.concurrent("parse --plot", () => {
  it("draws on standard output, and writes the tables with -o", async () => {
    const run = await parse(["a.log", "--plot", "cost", "--plot", "ce-mean-words", "-q", "-o", "output"], {
      folder: freshFolder({ "a.log": LOG }),
      env: UTF8,
    });
    check(run, { code: 0, stdout: /^cost\n/ });
    expect(run.stdout).toMatch(BRAILLE);
    expect(run.stdout).toContain("⠒⠒ a.log: last 2 @ 5, min 2 @ 5, max 10 @ 1\n\nce-mean-words\n");
    expect(run.stdout).toMatch(/⠒⠒ a\.log: last 1 @ 5, min 1 @ 5, max 5 @ 1\n$/);
    expect(run.stdout.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(filesBelow(run.folder)).toContain("output/training.csv");
  });

  it("draws several logs over each other, and takes several metrics with commas", async () => {
    const run = await parse(["s/train.log", "t/train.log", "--plot", "cost,ce_mean_words", "-q"], {
      folder: freshFolder({ "s/train.log": LOG, "t/train.log": train(3) }),
      env: UTF8,
    });
    check(run, { code: 0, stdout: /^cost\n/ });
    expect(run.stdout).toMatch(
      /\n\* s\/train: last 2 @ 5.*\n\+ t\/train: last 3\.33333 @ 3.*\n\nce_mean_words\n/,
    );
    // The other one holds no such metric.
    expect(run.stdout).toMatch(/⠒⠒ s\/train: last 1 @ 5[^\n]*\n$/);
  });

  it("is plain ASCII where the locale is not UTF-8, and logarithmic on request", async () => {
    const run = await parse(["a.log", "--plot", "cost", "--log-scale", "-q"], {
      folder: freshFolder({ "a.log": LOG }),
      env: { LC_ALL: "C", COLUMNS: "40" },
    });
    check(run, { code: 0, stdout: /^cost \(log scale\)\n/ });
    expect(run.stdout).toMatch(/^[\n\x20-\x7e]*$/);
    expect(
      run.stdout
        .split("\n")
        .slice(0, -2)
        .every((line) => line.length <= 40),
    ).toBe(true);
  });

  it.each([
    ["rows", ["--format", "ndjson"]],
    ["the receipt", ["--json"]],
  ])("draws on standard error where standard output holds %s", async (_what, args) => {
    const run = await parse(["a.log", "--plot", "cost", "-q", ...args], {
      folder: freshFolder({ "a.log": LOG }),
      env: UTF8,
    });
    expect([run.code, run.stderr.slice(0, 5)]).toEqual([0, "cost\n"]);
    expect(run.stdout).toMatch(/^\{/);
    expect(run.stdout).not.toMatch(BRAILLE);
  });

  it("passes a training's log through unchanged", async () => {
    const run = await parse(["--tee", "--plot", "cost", "-q"], { stdin: LOG, env: UTF8 });
    expect([run.code, run.stdout]).toEqual([0, LOG]);
    expect(run.stderr).toMatch(/⠒⠒ -: last 2 @ 5/);
  });

  it("names the metrics that there are when one is asked for that is none", async () => {
    const run = await parse(["a.log", "--plot", "cost,foo", "-q"], {
      folder: freshFolder({ "a.log": LOG }),
      env: UTF8,
    });
    check(run, {
      code: 2,
      stdout: /^cost\n/,
      stderr:
        "--plot foo: no log has this metric; there are cost, gnorm, learning_rate, rate, time, epoch, sen, ce_mean_words, ce_mean_words_stalled\n",
    });
    expect(filesBelow(run.folder)).toEqual(["a.log"]);
  });

  it("of nothing is a fault of the input", async () => {
    const run = await parse(["a.log", "--plot", "cost", "-q"], {
      folder: freshFolder({ "a.log": "hello\n" }),
    });
    check(run, { code: 1, stderr: /it contains no/ });
    const flags = await parse(["a.log", "--log-scale"], { folder: freshFolder({ "a.log": LOG }) });
    check(flags, { code: 2, stderr: /--plot/ });
  });

  it.skipIf(!canUseTerminal)("has colours on a terminal, and none with NO_COLOR", async () => {
    const paint = String.fromCharCode(27);
    for (const [env, coloured] of [
      [{}, true],
      [{ NO_COLOR: "1" }, false],
    ] as const) {
      const folder = freshFolder({ "a.log": LOG });
      const live = startOnTerminal(["parse", "a.log", "--plot", "cost", "-q"], { folder, env });
      live.child.stdin.end();
      const run = await live.done;
      expect([run.code, run.stdout.includes(`${paint}[36m`)]).toEqual([0, coloured]);
    }
  });
});

describe("the style of charts", () => {
  it.each([
    [
      { isTTY: true, columns: 120, rows: 50 },
      { LANG: "de_DE.UTF-8" },
      { width: 120, height: 15, colour: true, unicode: true },
    ],
    [
      { isTTY: true, columns: 20, rows: 8 },
      { LANG: "C.utf8", NO_COLOR: "1" },
      { width: 80, height: 4, colour: false, unicode: true },
    ],
    [
      {},
      { COLUMNS: "100", LC_ALL: "C", LANG: "C.UTF-8" },
      { width: 100, height: 15, colour: false, unicode: false },
    ],
    [
      {},
      { COLUMNS: "many", LC_CTYPE: "en_GB.UTF-8" },
      { width: 80, height: 15, colour: false, unicode: true },
    ],
  ])("for %j and %j", (terminal, environment, expected) => {
    const style = chartStyle(terminal, environment, { logarithmic: true });
    expect(style).toEqual({ ...expected, logarithmic: true, outliers: false });
  });
});

describe("live charts", () => {
  async function drawn(metrics: readonly string[], logs: number, size: TerminalSize) {
    const plot = new Plot(metrics);
    for (let log = 1; log <= logs; log += 1) {
      using parser = new LogParser(nodeCore());
      const reader = new RunReader(parser);
      const publisher = plot.publisher(`run ${log}`);
      await publisher.publish(await reader.read(new TextEncoder().encode(train(1) + train(2))));
      await publisher.publish(await reader.finish());
    }
    const style = () => chartStyle(size, { LANG: "C.UTF-8" });
    return new LiveCharts(plot, style).lines(size);
  }

  it("have as much room as the terminal gives", async () => {
    const lines = await drawn(["cost", "rate"], 1, { columns: 60, rows: 39 });
    expect([lines[0], lines.length]).toEqual(["cost", 38]);
    expect(lines.filter((line) => line.includes("run 1: last 5 @ 2"))).toHaveLength(1);
    const several = await drawn(["cost"], 3, { columns: 60, rows: 20 });
    expect(several).toHaveLength(20);
    expect(several.filter((line) => line.includes("run "))).toHaveLength(3);
  });

  it("are as many as fit on a small terminal", async () => {
    const lines = await drawn(["cost", "rate", "gnorm"], 1, { columns: 80, rows: 19 });
    expect(lines.length).toBeLessThanOrEqual(19);
    expect(lines.filter((line) => /^(?:cost|rate|gnorm)$/.test(line))).toEqual(["cost", "rate"]);
    expect(await drawn(["cost"], 1, { columns: 80, rows: 3 })).toHaveLength(3);
  });
});
