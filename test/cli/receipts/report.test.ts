/** `report` as a user runs it. */
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ReportData } from "../../../src/report/report-data.js";
import { reportFromJson } from "../../../src/report/report-json.js";
import { shared, sharedIsThere } from "../../golden/shared.js";
import { IDS } from "../../taskcluster/client/ids.js";
import {
  binaryPath,
  check,
  filesBelow,
  freshFolder,
  type Run,
  type RunOptions,
  result,
  runShell,
  startBinary,
} from "../run-binary.js";
import { runHere } from "../run-here.js";
import { start, train, valid } from "../sample-logs.js";
import { setting } from "../taskcluster.js";

const LOG = start() + train(100) + valid(100, "chrf", 40) + train(200);

function report(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runHere("run", ["report", ...args], options);
}

/** What a page carries. */
function dataOf(run: Pick<Run, "folder">, path = "report.html"): ReportData {
  const [, packed = ""] = /id="report-data">([^<]*)</.exec(result(run, path)) ?? [];
  return reportFromJson(gunzipSync(Buffer.from(packed, "base64")).toString());
}

const LAST_LINES = (path: string, runs: string, evaluations = "0 evaluations") =>
  `read [\\d.]+ [kM]?B in .* of CPU\\)\n${path}: ${runs}, ${evaluations}, \\d+\\.\\d kB\n$`;

describe.concurrent("report", () => {
  it("puts a log into one page with a policy of its own, and tells of it", async () => {
    const run = await report(["train.log"], { folder: freshFolder({ "train.log": LOG }) });
    check(run, {
      code: 0,
      stderr: new RegExp(
        `^train.log\n  lines      8 .*\n  training   2 rows\n  validation 1 point from 1 record: chrf\n  starts     1, Marian v1.12.14\n  state .*\n  last .*\n  best       chrf 40 @ 100\n  wrote      report.html\n${LAST_LINES("report.html", "1 run")}`,
      ),
    });
    expect(filesBelow(run.folder)).toEqual(["report.html", "train.log"]);
    const page = result(run, "report.html");
    expect(page).toContain("<title>train</title>");
    expect(page).toMatch(
      /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-/,
    );
    // Nothing to load from anywhere.
    expect(page).not.toMatch(/\b(?:src|href)="(?!data:|#)/);
    const data = dataOf(run);
    expect(data.runs.map(({ name, source, training }) => [name, source, training.length])).toEqual([
      ["train", "train.log", 2],
    ]);
    expect(data.problems).toEqual([]);
  });

  it("takes folders with evaluations, gzip, patterns and lists, each log once", async () => {
    const folder = freshFolder({
      "models/student/train.log.gz": gzipSync(LOG),
      "models/student/valid.log": valid(100, "chrf", 40),
      "models/student/notes.txt": "nothing",
      "models/alignment.log": "[2024-07-03 10:30:00] aligned\n",
      "models/evaluation/student/flores_devtest.metrics": "30\n55\n",
      "more/teacher-1/train.log": LOG,
      "list.txt": "more/teacher-1/train.log\nmodels/student/train.log.gz\n",
    });
    const run = await report(
      ["models", "more/*/train.log", "--files-from", "list.txt", "-o", "out/all.html", "--title", "A & <b>"],
      { folder },
    );
    check(run, {
      code: 0,
      stderr:
        /\nmodels: found 1 log and 1 file of scores; passed over 2 other files\n.*\nout\/all\.html: 2 runs, 1 evaluation, .* kB\n$/,
    });
    expect(result(run, "out/all.html")).toContain("<title>A &amp; &lt;b&gt;</title>");
    const data = dataOf(run, "out/all.html");
    expect(data.runs.map(({ name }) => name)).toEqual(["student", "teacher-1"]);
    expect(data.evaluations.map(({ run: model, metrics }) => [model, [...metrics]])).toEqual([
      [
        "student",
        [
          ["bleu_detok", 30],
          ["chrf", 55],
        ],
      ],
    ]);
  });

  it("reads a log from a pipe", async () => {
    const run = await report(["-q"], { stdin: LOG });
    check(run, { code: 0 });
    expect(dataOf(run).runs.map(({ name, source }) => [name, source])).toEqual([["standard input", "-"]]);
  });

  it("names broken inputs in the receipt and in the page, and draws the others", async () => {
    const folder = freshFolder({
      "good.log": LOG,
      "cut.log.gz": gzipSync(LOG.repeat(50)).subarray(0, 400),
      "prose.txt": "Dear diary\n",
      "empty.log": "",
      "bad.metrics": "no scores\n",
      "hollow/readme.md": "x",
    });
    const run = await report(
      ["good.log", "cut.log.gz", "prose.txt", "empty.log", "gone.log", "bad.metrics", "hollow"],
      { folder },
    );
    check(run, { code: 1, stderr: /7 inputs, 6 with errors/ });
    const { runs, problems } = dataOf(run);
    expect(runs.map(({ name, error }) => [name, error !== undefined])).toEqual([
      ["good", false],
      ["cut", true],
    ]);
    const reasons = new Map(problems.map(({ source, reason }) => [source, reason]));
    expect(reasons.get("cut.log.gz")).toMatch(/gzip data ends early/);
    expect(reasons.get("prose.txt")).toMatch(/no Marian measurements/);
    expect(reasons.get("empty.log")).toMatch(/empty/);
    expect(reasons.get("gone.log")).toMatch(/no such file/);
    expect(reasons.get("bad.metrics")).toMatch(/2 or 3 lines/);
    expect(reasons.get("hollow")).toMatch(/no Marian log and no file of scores, only 1 other file/);
    for (const [source, reason] of reasons) expect(run.stderr).toContain(`${source}\n  ERROR      ${reason}`);
  });

  it("is strict where it is told to", async () => {
    const folder = freshFolder({
      "train.log": `${LOG}[2024-07-03 10:00:00] Ep. 1 : Up. 300 : Sen. 3 : Cost 8.2.6\n${train(400)}`,
    });
    check(await report(["train.log"], { folder }), { code: 0, stderr: /UNMATCHED/ });
    const run = await report(["train.log", "--strict"], { folder });
    check(run, { code: 1, stderr: /1 line could not be read \(--strict\)/ });
    expect(dataOf(run).problems).toHaveLength(1);
  });

  it("writes a summary beside, or to standard output", async () => {
    const folder = freshFolder({ "train.log": LOG });
    const run = await report(["train.log", "-q", "--summary", "summary.md"], { folder });
    check(run, { code: 0 });
    const summary = result(run, "summary.md");
    expect(summary).toMatch(/^## `train`\n\n1 training, 0 errors, \d warnings?\.\n\n\| run \|/);
    expect(summary).toContain("| `train` | 200 | 1 | 40 @ 100 | 0 | 0 | 0 |");
    check(await report(["train.log", "-q", "--summary", "-"], { folder }), { code: 0, stdout: summary });
    const both = await report(["train.log", "--json", "--summary", "-"], { folder });
    expect(both.stdout).toBe(summary);
    expect(JSON.parse(both.stderr)).toMatchObject({
      exit_code: 0,
      inputs: [{ source: "train.log", outputs: ["report.html"] }],
    });
  });

  it("draws numbers of the user's own, and times in the user's zone", async () => {
    const folder = freshFolder({ "train.log": `${LOG}gpu 55\n` });
    const args = ["train.log", "--pattern", "gpu=gpu (?P<load>[0-9]+)", "--time-zone", "Europe/Paris"];
    const run = await report(args, { folder });
    check(run, { code: 0, stderr: /patterns/ });
    const [first] = dataOf(run).runs;
    expect([...(first?.patterns.keys() ?? [])]).toEqual(["gpu/load"]);
    expect(first?.clock).toBe("utc");
  });

  it("opens the page where it is asked to, and says when that fails", async () => {
    const folder = freshFolder({ "train.log": LOG, "bin/xdg-open": '#!/bin/sh\necho "$1" > opened.txt\n' });
    chmodSync(join(folder, "bin/xdg-open"), 0o755);
    const run = await report(["train.log", "--open"], {
      folder,
      env: { PATH: `${folder}/bin:${process.env["PATH"]}` },
    });
    expect(run.code).toBe(0);
    await expect
      .poll(() => existsSync(join(folder, "opened.txt")) && result({ folder }, "opened.txt"))
      .toBe(`${folder}/report.html\n`);
    // A PATH in which there is no browser, for a shell that is found without one.
    const script = 'PATH=/nowhere exec "$0" "$1" report train.log --open';
    const without = await runShell(script, [process.execPath, binaryPath("run")], { folder });
    check(without, { code: 0, stderr: /report.html: it could not be opened: xdg-open/ });
  });

  it.each([
    [[], /nothing to read: name a log/],
    [["*.none"], /no file matches '\*\.none'[\s\S]*nothing to read/],
    [["train.log", "--time-zone", "Mars/Base"], /there is no such zone/],
    [["train.log", "--pattern", "x"], /write NAME=REGEX/],
    [["train.log", "-q", "-v"], /--verbose|--quiet/],
    [["train.log", "--from", "moon"], /Expected --from=moon to be one of: files, archive, group, task/],
    [["--from", "group"], /--from group: name one/],
    [["--from", "archive", "nowhere"], /nowhere: there is no such file/],
    [["--from", "archive", "."], /this is the folder of one training/],
    [["--from", "task", "x y"], /x y/],
    [["--from", "archive", "--files-from", "list"], /--files-from names files/],
  ])("refuses %j with words", async (args, stderr) => {
    const run = await report(args, { folder: freshFolder({ "train.log": LOG }) });
    check(run, { code: 2, stderr });
    expect(filesBelow(run.folder)).toEqual(["train.log"]);
  });

  it("says what could not be written, keeps what was there, and writes the rest", async () => {
    const folder = freshFolder({ "train.log": LOG, "report.html/in-the-way": "x", "old.html": "old" });
    const run = await report(["train.log", "--summary", "summary.md"], { folder });
    check(run, {
      code: 3,
      stderr: /not written: report\.html can't be written: a folder of that name is in the way/,
    });
    expect(result(run, "summary.md")).toMatch(/^## `train`/);
    const other = await report(["train.log", "-o", "train.log/x.html"], { folder });
    check(other, { code: 3, stderr: /a part of its path is a file/ });
    expect(result({ folder }, "old.html")).toBe("old");
  });

  it("leaves the old page when it is stopped", async () => {
    const folder = freshFolder({ "report.html": "old" });
    const live = startBinary("run", ["report", "-"], { folder, stdin: LOG });
    // More than a pipe holds: when it is gone, the command reads.
    await new Promise((resolve) => live.child.stdin.write(train(300).repeat(20_000), resolve));
    live.child.kill("SIGTERM");
    const run = await live.done;
    expect(run.code).toBe(143);
    expect(run.stderr).toMatch(/stopped by SIGTERM/);
    expect(result(run, "report.html")).toBe("old");
  });

  it("does not mind a reader who has seen enough of the summary", async () => {
    const folder = freshFolder({ "train.log": LOG });
    const script = '"$0" "$1" report train.log -q --summary - | head -n 1';
    const run = await runShell(script, [process.execPath, binaryPath("run")], { folder });
    check(run, { code: 0, stdout: "## `train`\n" });
  });
});

describe("report of Taskcluster", () => {
  it("holds a group: its trainings with project and group, its evaluations, its problems", async () => {
    const place = await setting({ trainLog: Buffer.from(LOG) });
    const run = await place.run("report", "--from", "group", IDS.fjord);
    check(run, { code: 1, stderr: /ERROR[\s\S]*report.html: \d+ runs, \d+ evaluations/ });
    const { runs, evaluations, problems } = dataOf(run);
    expect(runs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["student_ZowUk", "teacher-1_ZowUk"]),
    );
    expect(runs.find(({ name }) => name === "student_ZowUk")).toMatchObject({
      project: "nb-en",
      group: `fjord_${IDS.fjord}`,
    });
    expect(evaluations.length).toBeGreaterThan(3);
    expect(problems.length).toBeGreaterThan(0);
  });

  it("holds a task, and says why one that runs is not in it", async () => {
    const place = await setting({ trainLog: Buffer.from(LOG) });
    const run = await place.run("report", "--from", "task", IDS.student, IDS.teacher2, IDS.quantize);
    check(run, {
      code: 1,
      stderr: new RegExp(`${IDS.teacher2}\n  ERROR      the task is not completed \\(running\\)`),
    });
    const { runs, problems } = dataOf(run);
    expect(runs).toHaveLength(1);
    expect(problems.map(({ source }) => source)).toEqual(
      expect.arrayContaining([IDS.teacher2, IDS.quantize]),
    );
  });

  it("of an unknown group is not made", async () => {
    const place = await setting();
    const run = await place.run("report", "--from", "group", IDS.unknown);
    check(run, { code: 1, stderr: new RegExp(IDS.unknown) });
    expect(existsSync(join(run.folder, "report.html"))).toBe(false);
  });
});

describe.skipIf(!sharedIsThere)("report of real archives", () => {
  it("holds every training and evaluation", async () => {
    const run = await report(["--from", "archive", shared("archives/experiments_1_10")]);
    check(run, { code: 0, stderr: /report.html: 3 runs, 18 evaluations/ });
    const { runs } = dataOf(run);
    expect(runs.map(({ name, project, group }) => [name, project, group])).toEqual([
      ["student_prod", "en-nl", "prod"],
      ["teacher-finetune-0_prod", "en-nl", "prod"],
      ["teacher-finetune-1_prod", "en-nl", "prod"],
    ]);
    expect(readFileSync(join(run.folder, "report.html")).length).toBeLessThan(600_000);
  });
});
