import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canUseTerminal, startOnTerminal } from "../cli/on-terminal.js";
import { binaryPath, check, freshFolder, runShell } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { train, valid } from "../cli/sample-logs.js";
import { setting } from "../cli/taskcluster.js";
import { scoresOf } from "../servers/taskcluster/index.js";
import { IDS } from "../taskcluster/client/ids.js";

/** A start of Marian with these options. */
const start = (options: Readonly<Record<string, string>>) =>
  `[2024-07-03 08:00:00] [marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500\n${Object.entries(options)
    .map(([key, value]) => `[2024-07-03 08:00:00] [config] ${key}: ${value}\n`)
    .join("")}[2024-07-03 08:00:00] Training started\n`;

const BASE =
  start({ "dim-emb": "512", log: "a/b/c/train.log", seed: "1", "valid-metrics": "[chrf, ce-mean-words]" }) +
  [100, 200, 300]
    .map((up) => train(up) + valid(up, "chrf", up / 10) + valid(up, "ce-mean-words", 3))
    .join("");
/** Better in the middle, longer, and with another option. */
const WIDE =
  start({ "dim-emb": "1024", log: "a/b/c/train.log", "valid-metrics": "[chrf, ce-mean-words]" }) +
  [200, 300, 400]
    .map((up) => train(up) + valid(up, "chrf", up === 200 ? 31.3 : 29.5) + valid(up, "ce-mean-words", 2.75))
    .join("");
const LOGS = { "base/train.log": BASE, "wide/train.log": WIDE };

describe("compare", () => {
  it("prints trainings at their best and at the last update that all validated, and the options that differ", async () => {
    const folder = freshFolder(LOGS);
    const compared = await runHere("run", ["compare", "base/train.log", "wide/train.log"], { folder });
    check(compared, {
      code: 0,
      stdout: [
        "Validations",
        "",
        "at    metric                      base                     wide",
        "best  chrf            30          @300  *31.3        +1.3  @200",
        "      ce-mean-words    3          @100   *2.75       -0.25 @200",
        "300   chrf           *30                 29.5        -0.5",
        "      ce-mean-words    3                 *2.75       -0.25",
        "      cost             0.03333333         0.03333333 +0",
        "",
        "Options that differ",
        "",
        "         base  wide",
        "dim-emb  512   1024",
        "seed     1     not set",
        "",
      ].join("\n"),
    });
  });

  it("takes a report, a group and a pattern, in the order in which they are named", async () => {
    const trainLog = Buffer.from(BASE);
    const { options } = await setting({ trainLog });
    const folder = freshFolder({
      ...LOGS,
      "broken.html": "<!DOCTYPE html><p>no report</p>",
      "evaluation/student/flores_devtest.metrics": "31.5\n55.25\n",
    });
    const run = (...args: string[]) => runHere("run", args, { folder, env: options.env });
    check(await run("report", "base", "wide", "evaluation", "-o", "old.html"), { code: 0, stderr: /./ });
    const inputs = ["old.html", IDS.coast, "*/train.log", "evaluation", "broken.html"];
    const compared = await run("compare", ...inputs, "--json", "--at", "last");
    check(compared, {
      code: 1,
      stdout: /./,
      stderr: "ERROR broken.html: the page holds no report of marian-tracking\n",
    });
    const { runs, moments, groups, rows } = JSON.parse(compared.stdout);
    expect(runs.map(({ name }: { name: string }) => name)).toEqual([
      "old/base",
      "old/wide",
      "backwards_J2Xox",
      "base",
      "wide",
    ]);
    expect(moments).toEqual([
      {
        at: "last",
        metrics: [
          {
            metric: "chrf",
            better: "high",
            values: [
              { value: 30, up: 300, best: true },
              { value: 29.5, up: 400, difference: -0.5 },
              { value: 30, up: 300, difference: 0, best: true },
              { value: 30, up: 300, difference: 0, best: true },
              { value: 29.5, up: 400, difference: -0.5 },
            ],
          },
          expect.objectContaining({ metric: "ce-mean-words" }),
          expect.objectContaining({ metric: "cost" }),
        ],
      },
    ]);
    expect(groups.map(({ label }: { label: string }) => label)).toEqual(["old", "coast_J2Xox", "evaluation"]);
    const student = rows.find(({ model }: { model: string }) => model === "student");
    expect(student.scores).toEqual([
      { bleu_detok: 31.5, chrf: 55.25 },
      null,
      { bleu_detok: 31.5, chrf: 55.25 },
    ]);
  });

  it("prints one table as CSV, and says how to get the others", async () => {
    const folder = freshFolder(LOGS);
    const csv = (...args: string[]) =>
      runHere("run", ["compare", ".", "--format", "csv", ...args], { folder });
    check(await csv("--at", "200"), {
      code: 0,
      stdout: [
        "at,metric,base,base update,wide,wide update",
        "200,chrf,20.0,200,31.3,200",
        "200,ce-mean-words,3.0,200,2.75,200",
        "200,cost,0.05,200,0.05,200",
        "",
      ].join("\r\n"),
      stderr: "CSV holds one table, validation: --table options prints another\n",
    });
    check(await csv("--table", "options"), {
      code: 0,
      stdout: "option,base,wide\r\ndim-emb,512,1024\r\nseed,1,\r\n",
    });
    check(await csv("--table", "options", "--table", "validation"), { code: 2, stderr: /give --table once/ });
    check(await csv("--table", "evaluations"), { code: 1, stderr: /nothing to compare: evaluations/ });
  });

  it("refuses what it can't compare at or with", async () => {
    const dead = `${start({ "train-sets": "a b" })}Segmentation fault\n`;
    const folder = freshFolder({ "notes.log": "nothing\n", "dead.log": dead, ...LOGS });
    const run = (...args: string[]) => runHere("run", ["compare", ...args], { folder });
    check(await run("base", "--at", "1k"), {
      code: 2,
      stderr: /--at 1k: give best, last, common or an update/,
    });
    check(await run("base", "--at", "90000", "--table", "validation"), {
      code: 0,
      stdout: "No training has a value at update 90000: --at last shows where each ended.\n",
    });
    check(await run("base", "--table", "x"), { code: 2, stderr: /--table=x/ });
    check(await run("notes.log"), { code: 1, stderr: /ERROR notes\.log: it contains no/ });
    check(await run("notes.log", "base"), { code: 1, stdout: /train/, stderr: /ERROR notes\.log/ });
    check(await run("*.txt", "base"), { code: 1, stdout: /train/, stderr: /ERROR \*\.txt: no file matches/ });
    check(await run("base", "dead.log", "--table", "options"), {
      code: 1,
      stdout: /^dim-emb +512 +not set$/m,
      stderr: /ERROR dead\.log: the training died before its first update, line 4: Segmentation fault/,
    });
    check(await run("gone.log", "base"), {
      code: 1,
      stdout: /train/,
      stderr: /ERROR gone\.log: there is no such/,
    });
    check(await run("teacher"), { code: 2, stderr: /'teacher' is no file and no folder/ });
  });

  it("fits a terminal of 80 columns", async () => {
    if (spawnSync("script", ["--version"]).error !== undefined) {
      process.stdout.write("skipped: the program script, which makes a terminal, is not installed\n");
      return;
    }
    const folder = freshFolder({
      ...LOGS,
      "a-training-with-a-very-long-name-indeed/train.log": BASE.replace(
        "a/b/c",
        `/data/${"experiments/".repeat(9)}`,
      ),
      "d/train.log": WIDE,
    });
    const command = `stty cols 80; exec ${process.execPath} ${binaryPath("run")} compare base wide a-* d`;
    const shown = await runShell(`exec script -qec "$0" /dev/null </dev/null`, [command], { folder });
    const lines = shown.stdout.split("\r\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.filter((line) => line.startsWith("at "))).toHaveLength(2);
    expect(lines.filter((line) => /^ {2,}experiments\/$/.test(line))).not.toEqual([]);
  });

  it("prints what the groups' evaluation tasks hold, and names what is missing", async () => {
    const { server, run } = await setting();
    const compared = await run("compare", IDS.fjord, IDS.coast, IDS.fjord, "--json");
    check(compared, {
      code: 1,
      stdout: /./,
      stderr: /ERROR evaluate-student-url-gcp_harbour-nb-en .* no file of scores/,
    });
    const { groups, rows } = JSON.parse(compared.stdout);
    expect(groups).toHaveLength(2);
    expect(rows).toHaveLength(5);
    const { bleu, chrf, comet } = scoresOf("evaluate-backward-flores-flores_devtest-nb-en");
    expect(rows[0]).toMatchObject({ model: "backwards", dataset: "devtest" });
    const shortest = Number((comet * 100).toPrecision(12));
    expect(rows[0].scores[1]).toEqual({ bleu_detok: bleu, chrf, comet: shortest });
    // No log of a training was asked for.
    expect(server.requests.some(({ path }) => path.includes("train.log"))).toBe(false);
  });

  it("prints a table of one group", async () => {
    const { run } = await setting();
    const { bleu } = scoresOf("evaluate-backward-flores-flores_devtest-nb-en");
    check(await run("compare", IDS.coast), {
      code: 0,
      stdout: new RegExp(`coast_J2Xox\\nmodel {6}dataset .*\\nbackwards {2}flores_devtest +${bleu} `),
    });
  });

  it("fails without anything to compare", async () => {
    const { run } = await setting();
    check(await run("compare", IDS.push), { code: 1, stderr: /ERROR TucY.* no training and no evaluation/ });
    check(await run("compare", IDS.push, IDS.coast), { code: 1, stdout: /coast/, stderr: /ERROR TucY/ });
    check(await run("compare", IDS.unknown), { code: 1, stderr: /is not there, or has expired/ });
    check(await run("compare", "x"), { code: 2, stderr: /not the id of a group/ });
    check(await run("compare"), { code: 2, stderr: /Missing/ });
    check(await run("compare", IDS.coast, "--format", "xml"), {
      code: 2,
      stderr: /--format=xml/,
    });
  });
});

it.skipIf(!canUseTerminal)("compare shows at a terminal how reading its logs goes", async () => {
  const folder = freshFolder({ "base.log": BASE });
  const slow = join(folder, "slow.log");
  execFileSync("mkfifo", [slow]);
  const live = startOnTerminal(["compare", "base.log", "slow.log"], { folder });
  await live.until((shown) => /100% .* of /.test(shown));
  writeFileSync(slow, WIDE);
  expect((await live.done).code).toBe(0);
});
