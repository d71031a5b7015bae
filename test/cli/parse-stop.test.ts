import { execFileSync } from "node:child_process";
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check, eventually, filesBelow, freshFolder, result, runShell, startBinary } from "./run-binary.js";
import { csv, start, TRAINING_HEADER, train, trainRow, VALIDATION_HEADER, valid } from "./sample-logs.js";

const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

describe.concurrent.each(SIGNALS)("%s", (signal, code) => {
  it("while standard input is open: what came is written", async () => {
    const log =
      start({ metrics: ["chrf", "perplexity"] }) + train(1000) + valid(1000, "chrf", 5) + train(2000);
    const live = startBinary("run", ["parse", "--tee"], { stdin: `${log}half a line` });
    await live.until((stdout) => stdout.endsWith("half a line"));
    live.child.kill(signal);
    const run = await live.done;
    check(run, { code, stdout: `${log}half a line`, stderr: new RegExp(`stopped by ${signal}\n$`) });
    expect(result(run, "output/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(1000), trainRow(2000)));
    expect(result(run, "output/validation.csv")).toBe(csv(VALIDATION_HEADER, "1,1000,5.0,,,,,,,"));
  });

  it("while standard input is open and nothing has come", async () => {
    const live = startBinary("run", ["parse", "--tee", "-q"], { stdin: "" });
    // The echo of a first byte tells that the command is up.
    live.child.stdin.write("\n");
    await live.until((stdout) => stdout === "\n");
    live.child.kill(signal);
    check(await live.done, { code, stdout: "\n", stderr: new RegExp(`stopped by ${signal}\n$`) });
  });

  it("while NDJSON streams from standard input", async () => {
    const live = startBinary("run", ["parse", "-", "--format", "ndjson"], { stdin: train(1000) });
    await live.until((stdout) => stdout.includes('"up":1000'));
    live.child.kill(signal);
    check(await live.done, {
      code,
      stdout: /^\{"type":"training".*\}\n/,
      stderr: new RegExp(`stopped by ${signal}\n$`),
    });
  });

  it.each([
    [["a.log"]],
    [["a.log", "b.log", "-j", "1"]],
    [["a.log", "b.log", "-j", "2"]],
    [["a.log", "--combine"]],
  ])("while a large file is read, %j: older results stay", async (args) => {
    const old = { "training.csv": "old", "validation.csv": "old" };
    const folder = freshFolder({
      "a.log": train(1000).repeat(20_000),
      "b.log": train(2000).repeat(20_000),
      ...Object.fromEntries(
        ["out", "out/a", "out/b"].flatMap((place) =>
          Object.entries(old).map(([name, text]) => [`${place}/${name}`, text]),
        ),
      ),
    });
    // A hole in the file: long to read, and nothing on the disk.
    for (const name of ["a.log", "b.log"]) truncateSync(join(folder, name), 40e9);
    const before = filesBelow(join(folder, "out"));
    const live = startBinary("run", ["parse", ...args, "-o", "out"], { folder });
    live.child.stdin.end();
    await eventually(() => filesBelow(folder).some((path) => path.endsWith(".partial")), live);
    live.child.kill(signal);
    check(await live.done, {
      code,
      stderr: new RegExp(`stopped before its end[\\s\\S]*stopped by ${signal}\n$`),
    });
    expect(filesBelow(join(folder, "out"))).toEqual(before);
    for (const path of before) expect(result({ folder }, `out/${path}`)).toBe("old");
  });
});

describe("a named pipe", () => {
  it("is read like a file", async () => {
    const folder = freshFolder();
    execFileSync("mkfifo", ["pipe.log"], { cwd: folder });
    const live = startBinary("run", ["parse", "pipe.log", "-q"], { folder });
    live.child.stdin.end();
    const [run] = await Promise.all([
      live.done,
      runShell(`printf '%s' "$1" >pipe.log`, ["sh", train(1000)], { folder }),
    ]);
    check(run, { code: 0 });
    expect(result(run, "output/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(1000)));
  });
});
