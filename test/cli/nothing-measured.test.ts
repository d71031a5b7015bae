import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  check,
  eventually,
  filesBelow,
  freshFolder,
  type Run,
  result,
  runBinary,
  startBinary,
} from "./run-binary.js";
import { parse, runHere } from "./run-here.js";
import {
  chatter,
  csv,
  REFERENCE_TRAINING,
  REFERENCE_VALIDATION,
  start,
  train,
  VALIDATION_HEADER,
} from "./sample-logs.js";

const NOTHING = "nothing, because nothing was measured: existing files stay as they are";
const EVENTS = "runs/notes/events.out.tfevents.marian-tracking";

/** Results of an earlier run, and logs without a measurement. */
const OLD = {
  "output/training.csv": "old training",
  "output/validation.csv": "old validation",
  "output/patterns.csv": "old patterns",
  "output/measurements.ndjson": "old lines",
  "report.html": "old report",
  "summary.md": "old summary",
  [EVENTS]: "old events",
};
const LOGS = {
  "notes.log": "hello\n",
  "started.log": start() + chatter(),
  "died.log": `${start()}${chatter("Error: CUDA error 2 'out of memory'")}`,
};

function oldFolder(): string {
  return freshFolder({ ...OLD, ...LOGS });
}

/** Holds every old file to its bytes, and the folder to no other files. */
function expectOld(run: Pick<Run, "folder">): void {
  for (const [path, bytes] of Object.entries(OLD)) expect(result(run, path)).toBe(bytes);
  expect(filesBelow(run.folder)).toEqual([...Object.keys(OLD), ...Object.keys(LOGS)].sort());
}

describe("parse of logs without a measurement", () => {
  it.each([
    [["notes.log"]],
    [["started.log"]],
    [["died.log"]],
    [["notes.log", "--pattern", "x=never(?P<a>1)"]],
    [["notes.log", "--format", "ndjson", "-o", "output"]],
    [["started.log", "--format", "ndjson", "-o", "output"]],
    [["notes.log", "started.log", "--combine"]],
    [["notes.log", "gone.log", "--combine", "--format", "ndjson", "-o", "output"]],
    [["notes.log", "--plot", "cost", "-o", "output"]],
  ])("%j leaves the files of an earlier run and says so", async (args) => {
    const run = await parse(args, { folder: oldFolder() });
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toContain(`\n  wrote      ${NOTHING}\n`);
    expect(run.stderr).not.toMatch(/wrote +output/);
    expectOld(run);
  });

  it("says so in the receipt as JSON", async () => {
    const run = await parse(["notes.log", "--json"], { folder: oldFolder() });
    check(run, { code: 1, stdout: /^\{/ });
    expect(JSON.parse(run.stdout)).toMatchObject({
      inputs: [{ source: "notes.log", outputs: [], nothing_written: true }],
      exit_code: 1,
    });
    expectOld(run);
  });

  it("leaves the event file of an earlier run", async () => {
    const folder = freshFolder({ ...OLD, "notes.log": start() });
    const run = await parse(["notes.log", "--tensorboard", "runs"], { folder });
    check(run, { code: 1, stderr: /contains no/ });
    expect(result(run, EVENTS)).toBe("old events");
  });

  it("makes no folder", async () => {
    const run = await parse(["notes.log"], { folder: freshFolder(LOGS) });
    expect(run.code).toBe(1);
    expect(filesBelow(run.folder)).toEqual(Object.keys(LOGS).sort());
  });

  it("leaves the folder of that log alone if others hold measurements", async () => {
    const folder = freshFolder({ ...LOGS, "a.log": train(100), "output/notes/training.csv": "old" });
    const run = await parse(["a.log", "notes.log"], { folder });
    check(run, {
      code: 1,
      stderr: /^a\.log: .*\nnotes\.log\n {2}ERROR .*\n(?: {2}.*\n)* {2}wrote {6}nothing, because/,
    });
    expect(result(run, "output/notes/training.csv")).toBe("old");
    expect(result(run, "output/a/training.csv")).toMatch(/\r\n1,100,/);
    const threads = await parse(["a.log", "notes.log", "-j", "2", "--json"], { folder });
    expect(JSON.parse(threads.stdout)).toMatchObject({
      inputs: [{ source: "a.log" }, { source: "notes.log", outputs: [], nothing_written: true }],
    });
    expect(result(run, "output/notes/training.csv")).toBe("old");
  });

  it("replaces all files if anything was measured", async () => {
    const folder = freshFolder({ ...OLD, "a.log": train(100) });
    check(await parse(["a.log", "-q"], { folder }), { code: 0 });
    expect(result({ folder }, "output/training.csv")).toMatch(/\r\n1,100,/);
    expect(result({ folder }, "output/validation.csv")).toBe(csv(VALIDATION_HEADER));
  });

  it("from a pipe leaves the files of an earlier run", async () => {
    const run = await runBinary("run", ["parse"], { folder: oldFolder(), stdin: LOGS["started.log"] });
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toContain(NOTHING);
    expectOld(run);
  });

  it("that is followed leaves the files of an earlier run until its first row", async () => {
    // It gets a start of Marian after the files have; the parser gives one when the next begins.
    const mine = `import { writeFileSync } from "node:fs";
      export const createPublisher = () => ({ name: "mine", segments: () => writeFileSync("seen", "") });`;
    const folder = freshFolder({ ...OLD, "train.log": start() + start(), "mine.mjs": mine });
    const args = ["parse", "--follow", "train.log", "--tensorboard", "runs", "--publisher", "./mine.mjs"];
    const idle = startBinary("run", args, { folder });
    await eventually(() => existsSync(join(folder, "seen")), idle);
    idle.child.kill("SIGTERM");
    const { code, stderr } = await idle.done;
    expect(code).toBe(143);
    expect(stderr).toContain(NOTHING);
    for (const [path, bytes] of Object.entries(OLD)) expect(result({ folder }, path)).toBe(bytes);
    const live = startBinary("run", args, { folder });
    appendFileSync(join(folder, "train.log"), train(100) + train(200));
    await eventually(() => result({ folder }, "output/measurements.ndjson").includes('"up":100,'), live);
    live.child.kill("SIGTERM");
    await live.done;
    expect(result({ folder }, "output/measurements.ndjson")).toMatch(
      /^(?:\{"type":"segment".*\n){2}\{"type":"training"/,
    );
    expect(result({ folder }, "output/validation.csv")).toBe(csv(VALIDATION_HEADER));
  });

  it("in parse_tc_logs writes headers, as the reference does", async () => {
    const folder = oldFolder();
    const run = await runHere("parse_tc_logs", ["-i", "notes.log"], { folder });
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/wrote +output\/training\.csv\n +wrote +output\/validation\.csv\n/);
    expect(result(run, "output/training.csv")).toBe(csv(REFERENCE_TRAINING));
    expect(result(run, "output/validation.csv")).toBe(csv(REFERENCE_VALIDATION));
    const stream = await runBinary("parse_tc_logs", ["-s"], { folder: oldFolder(), stdin: "hello\n" });
    expect([stream.code, stream.stdout]).toEqual([1, "hello\n"]);
    expect(result(stream, "output/training.csv")).toBe(csv(REFERENCE_TRAINING));
    expect(result(stream, "output/measurements.ndjson")).toBe("");
  });
});

describe("report without a measurement", () => {
  it.each([
    [["trian.log"]],
    [["notes.log"]],
    [["died.log"]],
    [["notes.log", "trian.log", "--summary", "summary.md"]],
  ])("of %j leaves the report of before and says so", async (args) => {
    const run = await runHere("run", ["report", ...args], { folder: oldFolder() });
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toContain(`  wrote      ${NOTHING}\n`);
    expectOld(run);
  });

  it("says so in the receipt as JSON", async () => {
    const run = await runHere("run", ["report", "trian.log", "--json"], { folder: oldFolder() });
    check(run, { code: 1, stdout: /^\{/ });
    expect(JSON.parse(run.stdout)).toMatchObject({
      inputs: [{ source: "trian.log", outputs: [], nothing_written: true }],
    });
    expectOld(run);
  });

  it("prints a summary that names the input", async () => {
    const run = await runHere("run", ["report", "trian.log", "--summary", "-"], { folder: oldFolder() });
    expect(run.stdout).toMatch(/trian\.log/);
    expectOld(run);
  });

  it("of a folder with nothing but other logs leaves the report of before", async () => {
    const folder = freshFolder({ "logs/alignment.log": chatter(), "report.html": "old" });
    const run = await runHere("run", ["report", "logs"], { folder });
    expect(run.stderr).toContain(`wrote      ${NOTHING}`);
    expect(result({ folder }, "report.html")).toBe("old");
  });

  it("shows a training that died at once where there was no report", async () => {
    const run = await runHere("run", ["report", "died.log"], { folder: freshFolder(LOGS) });
    expect(filesBelow(run.folder)).toContain("report.html");
  });
});

describe("archive without a measurement", () => {
  it("leaves the tables of before and says so", async () => {
    const log = join("archive/logs/en-hu/base_aY25-4fXTcuJNuMcWXUYtQ/student/train.log");
    const folder = freshFolder({ [log]: "hello\n", "tables/training.csv": "old" });
    const args = ["archive", "archive", "--no-wandb", "-o", "tables", "--format", "csv"];
    const run = await runHere("run", args, { folder });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(`\n  wrote ${NOTHING}\n`);
    expect(result(run, "tables/training.csv")).toBe("old");
    const json = await runHere("run", [...args, "--json"], { folder });
    expect(JSON.parse(json.stdout)).toMatchObject({ tables: { outputs: [], nothing_written: true } });
    expect(filesBelow(join(folder, "tables"))).toEqual(["training.csv"]);
  });
});
