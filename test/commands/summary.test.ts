/** `summary`, and a log in the place of a command. */
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tableText } from "../../src/cli/summary/summary-table.js";
import { check, freshFolder, type RunOptions, runBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { chatter, start, train, valid } from "../cli/sample-logs.js";

const summary = (args: readonly string[], options: RunOptions) =>
  runHere("run", ["summary", ...args], options);
const FINISHED = "[2024-07-03 11:00:00] Training finished\n";

/** A time of a log, some minutes before now, in UTC. */
function ago(minutes: number): string {
  return `${new Date(Date.now() - minutes * 60_000).toISOString().slice(0, 19).replace("T", " ")}`;
}

/** The lines of a task's log: their times have a zone. */
function utc(log: string): string {
  return log.replaceAll(/^\[([\d-]+) ([\d:]+)\]/gm, "[task $1T$2.000Z] [$1 $2]");
}

const GOOD = start({ metrics: ["chrf"] }) + train(1000) + valid(1000, "chrf", 40) + train(2000) + FINISHED;
const BETTER = start({ metrics: ["chrf"] }) + train(4000) + valid(4000, "chrf", 50) + FINISHED;
const DEAD = `${start() + train(500) + valid(500, "perplexity", 9)}Segmentation fault (core dumped)\n`;

describe("one log", () => {
  it.each([["summary", "train.log"], ["train.log"], ["./train.log"]])(
    "is a few lines, by %s %s",
    async (...args) => {
      const run = await runHere("run", args, { folder: freshFolder({ "train.log": GOOD }) });
      check(run, {
        code: 0,
        stdout:
          `${args.at(-1)}\n` +
          "  state      finished, 60 min, 2024-07-03 08:00 to 2024-07-03 09:00\n" +
          "  last       update 2,000, epoch 1, cost 0.005, 8,000 words/s\n" +
          "  best       chrf 40 @ 1,000\n" +
          "  starts     1, Marian v1.12.14\n",
      });
    },
  );

  it("comes through a pipe, too, whose end is the end of the training", async () => {
    const run = await runBinary("run", ["-"], { stdin: start() + train(1000) });
    check(run, {
      code: 0,
      stdout: /^standard input\n {2}state {6}failed, .*\n(?:.*\n)* {2}DIED {7}line 6: the input ended/,
    });
  });

  it("may stand after flags, where no command does", async () => {
    const folder = freshFolder({ "a.log": start() + train(1000) });
    for (const flags of [["--json"], ["--sort", "name", "--format", "json"]]) {
      const run = await runHere("run", [...flags, "a.log"], { folder });
      check(run, { code: 0, stdout: /"source": "a\.log"/ });
    }
    check(await runHere("run", ["-q", "parse", "a.log"], { folder }), {
      code: 2,
      stderr: /-q needs a command before it/,
    });
  });

  it("with thousands of metrics is still a few lines", async () => {
    const metrics = Array.from({ length: 900 }, (_, index) => valid(1000, `m${index}`, index)).join("");
    const folder = freshFolder({ "a.log": start() + train(1000) + metrics });
    const { stdout } = await runHere("run", ["a.log"], { folder });
    expect(stdout.split("\n").length).toBeLessThan(30);
    expect(stdout).toMatch(/\b870 more\n/);
    const { stderr } = await runHere("run", ["parse", "a.log"], { folder });
    expect(stderr).toMatch(/validation .* m29, 870 more\n/);
  });

  it("that does not exist is neither a file nor a command", async () => {
    check(await runHere("run", ["missing.log"]), {
      code: 2,
      stderr: /Error: no such file or command: missing\.log See marian-tracking --help/,
    });
    check(await runHere("run", ["a/missing"]), { code: 1, stderr: "a/missing: there is no such file\n" });
    check(await runHere("run", ["sumary"]), { code: 2, stderr: /Did you mean summary\?/ });
  });

  it("of a command's name is not taken for an input", async () => {
    check(await runHere("run", ["check"], { folder: freshFolder({ check: GOOD }) }), {
      code: 2,
      stderr: /nothing to read/,
    });
  });
});

describe("many logs", () => {
  const logs = { "runs/a/train.log": GOOD, "runs/b/train.log": BETTER, "runs/c/train.log": DEAD };

  it("are a table, the best first, and nothing is written", async () => {
    const folder = freshFolder({ ...logs, "runs/c/notes.log": chatter() });
    const run = await summary(["runs", "--sort", "chrf"], { folder });
    check(run, {
      code: 0,
      stdout:
        "run  state     update  chrf        stalled    cost  words/s    took  perplexity  ended\n" +
        "b    finished   4,000  50 @ 4,000        0  0.0025    8,000   2.0 h              2024-07-03T10:00:00\n" +
        "a    finished   2,000  40 @ 1,000        0   0.005    8,000  60 min              2024-07-03T09:00:00\n" +
        "c    failed       500                    0    0.02    8,000   2.0 h  9 @ 500     2024-07-03T10:00:00\n",
      stderr: "runs: found 3 logs; passed over 1 other file\n",
    });
  });

  it("fit the width of a terminal: names lose their beginning, and columns are left out", () => {
    const metric = (name: string) => ({ name, points: 1, stalled: 3, last: { value: 1, up: 2, line: 3 } });
    const summary = {
      state: "running" as const,
      update: 1_234_000,
      cost: 3.04,
      rate: 45_000,
      metrics: ["chrf", "bleu-detok", "perplexity"].map(metric),
      stall: { metric: "chrf", stalled: 3, limit: 20 },
    };
    const row = { name: `models/${"deep/".repeat(12)}student`, source: "train.log", summary };
    for (const width of [40, 80, 120]) {
      const lines = tableText([row], width).trimEnd().split("\n");
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      expect(lines[1]).toMatch(/^….*student {2}running/);
    }
    expect(tableText([row], 80)).toMatch(/^run +state +update +chrf +stalled +cost\n/);
    expect(tableText([row], undefined)).toMatch(/^run .* perplexity\nmodels.*student {2}running/);
  });

  it("can be Markdown, CSV and JSON, in either order", async () => {
    const folder = freshFolder(logs);
    const markdown = await summary(["runs", "--sort", "update", "--reverse", "--format", "markdown", "-q"], {
      folder,
    });
    check(markdown, {
      code: 0,
      stdout:
        /^\| run \| state \| update \| chrf \|.*\n\| --- \| --- \| ---: \|.*\n\| c \| failed \| 500 \|.*\n\| a .*\n\| b .*\n$/,
    });
    const csv = await summary(["runs", "--format", "csv", "-q"], { folder });
    check(csv, {
      code: 0,
      stdout:
        /^name,source,state,epoch,update,cost,words_per_second,.*,best_chrf,best_chrf_update,best_perplexity,best_perplexity_update\r\na,runs\/a\/train\.log,finished,1,2000,0\.005,8000\.25,chrf,0,,2024-07-03T08:00:00,2024-07-03T09:00:00,3600,40,1000,,\r\n/,
    });
    const json = await summary(["runs", "--sort", "state", "--json"], { folder });
    expect(JSON.parse(json.stdout)).toMatchObject({
      runs: [
        { name: "a", state: "finished" },
        { name: "b", state: "finished", metrics: { chrf: { best: 50, best_update: 4000 } } },
        { name: "c", state: "failed", death: { line: 8 }, metrics: { perplexity: { stalled: 0 } } },
      ],
      not_read: [],
      exit_code: 0,
    });
  });

  it("cost nobody else anything if they can't be read", async () => {
    const folder = freshFolder({
      ...logs,
      "notes.log": chatter(),
      "cut.log.gz": Buffer.from([0x1f, 0x8b, 8, 0]),
    });
    const run = await summary(["runs/a/train.log", "notes.log", "cut.log.gz", "missing.log"], { folder });
    check(run, {
      code: 1,
      stdout: /^run .*\ntrain {2}finished .*\n$/,
      stderr: /notes\.log: it contains no.*\ncut\.log\.gz: .*\nmissing\.log: there is no such file\n$/,
    });
    const json = await summary(["runs/a/train.log", "notes.log", "--json"], { folder });
    expect(JSON.parse(json.stdout)).toMatchObject({
      runs: [{ source: "runs/a/train.log" }],
      not_read: [{ source: "notes.log", error: expect.stringContaining("no Marian measurements") }],
      exit_code: 1,
    });
  });

  it("say what they can be sorted by", async () => {
    const run = await summary(["runs", "--sort", "chfr"], { folder: freshFolder(logs) });
    check(run, {
      code: 2,
      stderr:
        /--sort chfr: no training has this metric; give one of chrf, perplexity, name, state, .*Did you mean chrf\?/,
    });
  });

  it("are the same in threads", async () => {
    const folder = freshFolder(logs);
    const [one, two] = [
      await summary(["runs", "-j", "1"], { folder }),
      await summary(["runs", "-j", "3"], { folder }),
    ];
    expect(two.stdout).toBe(one.stdout);
  });
});

describe("a training that has not ended", () => {
  const log = (minutes: number) => start({ time: ago(minutes + 60) }) + train(1000, { time: ago(minutes) });
  const stateOf = async (text: string, args: readonly string[] = [], modified = 0) => {
    const folder = freshFolder({ "train.log": text });
    const time = Date.now() / 1000 - modified * 60;
    utimesSync(join(folder, "train.log"), time, time);
    const run = await summary(["train.log", "--json", ...args], { folder });
    return JSON.parse(run.stdout).runs[0].state;
  };

  it.each([
    ["runs while its records are new", utc(log(20)), [], 0, "running"],
    ["is silent after half an hour", utc(log(40)), [], 0, "silent"],
    ["is silent after the time that is asked for", utc(log(20)), ["--silent-after", "10m"], 0, "silent"],
    ["… which may be longer", utc(log(90)), ["--silent-after", "2h"], 0, "running"],
    ["without a zone runs while its file is written", log(40), [], 5, "running"],
    ["without a zone is silent if its file is not", log(40), [], 40, "silent"],
    [
      "without a zone is silent in spite of a new copy if its records are too old in every zone",
      log(60 * 24),
      [],
      0,
      "silent",
    ],
  ] as const)("%s", async (_, text, args, modified, state) => {
    expect(await stateOf(text, args, modified)).toBe(state);
  });

  it("may be silent for three times the usual distance of its records", async () => {
    const rows = [5, 4, 3, 2, 1]
      .map((index) => train(1000 * (6 - index), { time: ago(20 * index + 25) }))
      .join("");
    expect(await stateOf(utc(start({ time: ago(200) }) + rows))).toBe("running");
    expect(await stateOf(utc(start({ time: ago(200) }) + rows), ["--silent-after", "40m"])).toBe("silent");
  });
});
