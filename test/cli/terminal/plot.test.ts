import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { chartStyle, LivePlot, Plot } from "../../../src/cli/terminal/plot.js";
import { LogParser } from "../../../src/core/log-parser.js";
import { nodeCore } from "../../../src/node-core.js";
import { RunReader } from "../../../src/run/run-reader.js";
import { binaryPath, check, filesBelow, freshFolder, startProgram } from "../run-binary.js";
import { parse } from "../run-here.js";
import { start, train, valid } from "../sample-logs.js";

/** `script` runs a program on a terminal of its own. */
const scriptIsThere = spawnSync("script", ["--version"]).status === 0;
if (!scriptIsThere) process.stdout.write("skipped: colours on a terminal (there is no program script)\n");

const UTF8 = { LC_ALL: "C.UTF-8" };
const LOG = start() + [1, 2, 3, 4, 5].map((up) => train(up) + valid(up, "ce-mean-words", 6 - up)).join("");
/** The lines of charts: braille, or marks. */
const BRAILLE = /[⠁-⣿]/;

describe.concurrent("parse --plot", () => {
  it("draws on standard output, and the tables are written all the same", async () => {
    const run = await parse(["a.log", "--plot", "cost", "--plot", "ce-mean-words", "-q"], {
      folder: freshFolder({ "a.log": LOG }),
      env: UTF8,
    });
    check(run, { code: 0, stdout: /^cost\n/ });
    expect(run.stdout).toMatch(BRAILLE);
    expect(run.stdout).toContain("⠒⠒ a.log: last 2 at 5, least 2 at 5, greatest 10 at 1\n\nce-mean-words\n");
    expect(run.stdout).toMatch(/⠒⠒ a\.log: last 1 at 5, least 1 at 5, greatest 5 at 1\n$/);
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
      /\n\* s\/train: last 2 at 5.*\n\+ t\/train: last 3\.33333 at 3.*\n\nce_mean_words\n/,
    );
    // The other one holds no such metric.
    expect(run.stdout).toMatch(/⠒⠒ s\/train: last 1 at 5[^\n]*\n$/);
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
    expect(run.stderr).toMatch(/⠒⠒ -: last 2 at 5/);
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
    expect(filesBelow(run.folder)).toContain("output/training.csv");
  });

  it("of nothing is a fault of the input", async () => {
    const run = await parse(["a.log", "--plot", "cost", "-q"], {
      folder: freshFolder({ "a.log": "hello\n" }),
    });
    check(run, { code: 1, stderr: /it holds no measurement/ });
    const flags = await parse(["a.log", "--log-scale"], { folder: freshFolder({ "a.log": LOG }) });
    check(flags, { code: 2, stderr: /--plot/ });
  });

  it.skipIf(!scriptIsThere)("has colours on a terminal, and none with NO_COLOR", async () => {
    const paint = String.fromCharCode(27);
    for (const [env, coloured] of [
      [UTF8, true],
      [{ ...UTF8, NO_COLOR: "1" }, false],
    ] as const) {
      const command = `'${process.execPath}' '${binaryPath("run")}' parse a.log --plot cost -q`;
      const live = startProgram("script", ["-qec", command, "/dev/null"], {
        folder: freshFolder({ "a.log": LOG }),
        env: { ...env, TERM: "xterm" },
      });
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
    const style = chartStyle({ ...terminal, write: () => {} }, environment, { logarithmic: true });
    expect(style).toEqual({ ...expected, logarithmic: true, outliers: false });
  });
});

describe("live charts", () => {
  async function drawing(terminal: { isTTY: boolean; columns?: number; rows?: number }) {
    const written: string[] = [];
    const plot = new Plot(["cost", "rate"]);
    using parser = new LogParser(nodeCore(), { live: true });
    const reader = new RunReader(parser);
    const publisher = plot.publisher("a run with quite a long name, longer than the terminal");
    const style = chartStyle({ ...terminal, write: () => {} }, { LANG: "C.UTF-8" });
    const live = new LivePlot(plot, { ...terminal, write: (text) => written.push(text) }, () => style);
    const add = async (up: number) => {
      await publisher.publish(await reader.read(new TextEncoder().encode(train(up))));
      await publisher.publish(await reader.settle(parser.settle()));
    };
    await add(1);
    live.redraw();
    live.redraw();
    await add(2);
    live.redraw();
    await publisher.publish(await reader.finish());
    live.finish();
    return written;
  }

  it("take each other's place on a terminal, and are drawn only where something is new", async () => {
    const [first = "", second = "", ...more] = await drawing({ isTTY: true, columns: 60, rows: 40 });
    expect(more).toEqual([]);
    const plain = (text: string) =>
      text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");
    const shown = plain(first).split("\n").slice(0, -1);
    // Lines that are longer than the terminal take two of its lines, or more.
    const taken = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 60)), 0);
    expect(taken).toBeGreaterThan(shown.length);
    expect(second.startsWith(`${String.fromCharCode(27)}[${taken}A\r${String.fromCharCode(27)}[J`)).toBe(
      true,
    );
    expect(plain(second)).toContain("last 5 at 2");
    expect(taken).toBeLessThan(40);
  });

  it("fit on a small terminal", async () => {
    const [first = ""] = await drawing({ isTTY: true, columns: 100, rows: 24 });
    expect(first.split("\n").length).toBeLessThanOrEqual(24);
  });

  it("are drawn once where there is no terminal", async () => {
    const [only = "", ...more] = await drawing({ isTTY: false });
    expect(more).toEqual([]);
    expect(only.startsWith("cost\n")).toBe(true);
  });
});
