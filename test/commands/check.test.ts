import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { binaryPath, check as checkRun, freshFolder, type Run, runShell } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { chatter, start, train, valid } from "../cli/sample-logs.js";

/** Runs `marian-tracking check`. */
const check = (args: readonly string[], options: Parameters<typeof runHere>[2] = {}): Promise<Run> =>
  runHere("run", ["check", ...args], options);

const DONE = chatter("Training finished");
const HEALTHY = start() + train(1000) + valid(1000, "chrf", 19) + train(2000) + DONE;
/** Its ninth line is `Cost nan`. */
const BROKEN = HEALTHY.replace(DONE, train(3000).replace(/Cost \S+/, "Cost nan") + DONE);
const STOPPED = HEALTHY.replace(DONE, "");
const UNFINISHED =
  "unfinished: the log ends after update 2000, without 'Training finished': the training was stopped, or is still running";
const DIED = "unfinished: the input ended after update 2000, without 'Training finished': the training died";
const NAN = "nan: cost is NaN at update 3000; no number came after";

describe.concurrent("a log", () => {
  it("in which nothing is wrong gives no line and exit code 0", async () => {
    const run = await check(["a.log"], { folder: freshFolder({ "a.log": HEALTHY }) });
    checkRun(run, { code: 0, stderr: "1 input: 0 errors, 0 warnings, 0 notes\n" });
  });

  it("that is broken gives a line a finding and exit code 1", async () => {
    const run = await check(["b.log"], { folder: freshFolder({ "b.log": BROKEN }) });
    const stderr = "1 input: 1 error, 0 warnings, 0 notes\n";
    checkRun(run, { code: 1, stdout: `b.log:9: ${NAN} [error]\n`, stderr });
  });

  it("comes plain, packed, by a pattern and by a pipe, and findings name it as it was given", async () => {
    const folder = freshFolder({
      "logs/b.log.gz": gzipSync(BROKEN),
      "logs/a.log": HEALTHY,
      "logs/c.log": STOPPED,
    });
    const run = await check(["logs/*", "-", "-q"], { folder, stdin: BROKEN });
    checkRun(run, {
      code: 1,
      stdout: `logs/b.log.gz:9: ${NAN} [error]\nlogs/c.log:8: ${UNFINISHED} [warning]\n-:9: ${NAN} [error]\n`,
    });
    const piped = await check(["--quiet"], { stdin: STOPPED });
    checkRun(piped, { code: 1, stdout: `-:8: ${DIED} [error]\n` });
    const listed = await check(["--files-from", "list", "-q"], {
      folder: freshFolder({ list: "a.log\nb.log\n", "a.log": HEALTHY, "b.log": BROKEN }),
    });
    checkRun(listed, { code: 1, stdout: `b.log:9: ${NAN} [error]\n` });
  });
});

describe.concurrent("findings", () => {
  const folder = () => freshFolder({ "a.log": `${BROKEN}${start()}${train(1000)}` });
  const kinds = ({ stdout }: Run) =>
    [...stdout.matchAll(/^a\.log:\d+: (\w+): .* \[(\w+)\]$/gm)].map(
      ([, kind, severity]) => `${kind} ${severity}`,
    );

  it("are those that are asked for", async () => {
    const all = await check(["a.log"], { folder: folder() });
    expect([all.code, kinds(all)]).toEqual([1, ["nan error", "restart info", "unfinished warning"]]);
    const only = await check(["a.log", "--only", "nan,restart"], { folder: folder() });
    expect([only.code, kinds(only)]).toEqual([1, ["nan error", "restart info"]]);
    const ignore = await check(["--ignore", "nan", "--ignore", "unfinished", "a.log"], { folder: folder() });
    expect([ignore.code, kinds(ignore)]).toEqual([0, ["restart info"]]);
  });

  it("fail from the severity that is asked for", async () => {
    const codes = async (log: string) =>
      Promise.all(
        ["info", "warning", "error"].map(
          async (severity) =>
            (await check(["a.log", "--fail-on", severity], { folder: freshFolder({ "a.log": log }) })).code,
        ),
      );
    expect(await codes(BROKEN)).toEqual([1, 1, 1]);
    expect(await codes(STOPPED)).toEqual([1, 1, 0]);
    expect(await codes(HEALTHY.replace(DONE, DONE + start() + train(3000) + DONE))).toEqual([1, 0, 0]);
    expect(await codes(HEALTHY)).toEqual([0, 0, 0]);
  });

  it("follow the thresholds of the flags", async () => {
    const stalled = HEALTHY.replace(DONE, valid(2000, "chrf", 18, "stalled 3 times (last best: 19)") + DONE);
    const run = await check(["a.log", "--stalled", "3", "-q"], { folder: freshFolder({ "a.log": stalled }) });
    checkRun(run, {
      code: 1,
      stdout:
        "a.log:9: stall: chrf did not improve in 3 validations (best 19), up to the end of the log [warning]\n",
    });
    const rows = Array.from({ length: 70 }, (_, index) =>
      train(1000 * (index + 1)).replace(/Cost \S+/, `Cost ${index < 40 ? 3 : 4}`),
    );
    const rising = { "a.log": start() + rows.join("") + DONE };
    expect((await check(["a.log"], { folder: freshFolder(rising) })).code).toBe(0);
    const close = await check(["a.log", "--divergence", "1.2"], { folder: freshFolder(rising) });
    expect([close.code, close.stdout]).toEqual([1, expect.stringMatching(/^a\.log:\d+: divergence: /)]);
  });

  it("are one JSON object, with the numbers that JSON lacks as words", async () => {
    const run = await check(["a.log", "b.log", "no.log", "--json"], {
      folder: freshFolder({ "a.log": HEALTHY, "b.log": BROKEN }),
    });
    checkRun(run, { code: 1, stdout: /^\{\n/, stderr: "no.log: there is no such file\n" });
    expect(JSON.parse(run.stdout)).toEqual({
      inputs: [
        { source: "a.log", lines: 9, training: 2, validation_points: 1, segments: 1, findings: [] },
        {
          source: "b.log",
          lines: 10,
          training: 3,
          validation_points: 1,
          segments: 1,
          findings: [
            {
              kind: "nan",
              severity: "error",
              line: 9,
              segment: 0,
              timestamp: "2024-07-03T09:00:00",
              epoch: 1,
              up: 3000,
              metric: "cost",
              words: "cost is NaN at update 3000; no number came after",
              numbers: { value: "NaN", records: 1, last_up: 3000 },
            },
          ],
        },
        {
          source: "no.log",
          lines: 0,
          training: 0,
          validation_points: 0,
          segments: 0,
          error: "there is no such file",
          findings: [],
        },
      ],
      errors: 1,
      warnings: 0,
      infos: 0,
      exit_code: 1,
    });
  });

  it("know the zone of Marian's clock", async () => {
    const run = await check(["a.log", "--json", "--time-zone", "Europe/Paris"], {
      folder: freshFolder({ "a.log": BROKEN }),
    });
    expect(run.stdout).toContain('"timestamp": "2024-07-03T09:00:00+02:00"');
  });

  it("end quietly when the reader has seen enough", async () => {
    const many = Array.from({ length: 90 }, (_, index) =>
      train(1000 * (index + 1)).replace(/Cost \S+/, index % 2 ? "Cost nan" : "Cost 3"),
    );
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`${index}.log`, many.join("")]),
    );
    const words = [process.execPath, binaryPath("run")];
    const run = await runShell(`"$0" "$1" check '*.log' -q | head -1`, words, { folder: freshFolder(files) });
    expect([run.stdout.split("\n").length, run.stderr]).toEqual([2, ""]);
  });
});

describe.concurrent("input that is none", () => {
  it.each([
    [{ "a.log": "" }, "a.log: the input is empty\n"],
    [{ "a.log": "hello\n" }, "a.log: it contains no Marian measurements: is this a training log?\n"],
    [{ "a.log/b": "" }, "a.log: the folder has no Marian log, only 1 other file\n"],
  ])("%j gives exit code 1", async (files, stderr) => {
    const run = await check(["a.log"], { folder: freshFolder(files as Record<string, string>) });
    checkRun(run, {
      code: 1,
      stderr: `${stderr}1 input, 1 not read: 0 errors, 0 warnings, 0 notes\n`,
    });
  });

  it("that ends early is checked up to there", async () => {
    const packed = gzipSync(BROKEN);
    const run = await check(["a.gz"], {
      folder: freshFolder({ "a.gz": packed.subarray(0, packed.length - 8) }),
    });
    checkRun(run, { code: 1, stdout: /^a\.gz:9: nan: /, stderr: /^a\.gz: the gzip data ends early/ });
  });

  it("says what Marian said before its first update", async () => {
    const died = start() + chatter("Error: CUDA error 2 'out of memory'");
    const run = await check(["a.log"], { folder: freshFolder({ "a.log": died }) });
    checkRun(run, {
      code: 1,
      stdout:
        "a.log:6: unfinished: Marian ended with an error before its first update: CUDA error 2 'out of memory' [error]\n",
      stderr: /^a\.log: the training died before its first update, line 6: CUDA error 2/,
    });
  });
});

describe.concurrent("wrong flags", () => {
  it.each([
    [[], /nothing to read/],
    [["*.gz"], /no file matches '\*\.gz'.*nothing to read/s],
    [["a.log", "--only", "foo"], /Expected --only=foo to be one of: nan, divergence/],
    [["a.log", "--only", "nan", "--ignore", "gap"], /cannot also be provided/],
    [["a.log", "--divergence", "x"], /--divergence x: give a number above 0/],
    [["a.log", "--throughput", "0"], /--throughput 0: give a number above 0/],
    [["a.log", "--gap", "-1"], /--gap -1: give a number above 0|Nonexistent|expects a value/],
    [["a.log", "--stalled", "0"], /greater than or equal to 1/],
    [["a.log", "--fail-on", "never"], /Expected --fail-on=never/],
    [["a.log", "--time-zone", "Mars"], /--time-zone 'Mars': there is no such zone/],
    [["--files-from", "none"], /--files-from none: there is no such file/],
  ])("%j give exit code 2", async (args, stderr) => {
    const run = await check(args, { folder: freshFolder({ "a.log": HEALTHY }) });
    checkRun(run, { code: 2, stderr });
  });
});
