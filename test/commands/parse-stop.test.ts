import { execFileSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, truncateSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  binaryPath,
  check,
  eventually,
  filesBelow,
  freshFolder,
  result,
  runBinary,
  runShell,
  startBinary,
} from "../cli/run-binary.js";
import {
  csv,
  REFERENCE_TRAINING,
  referenceRow,
  start,
  TRAINING_HEADER,
  train,
  trainRow,
  VALIDATED,
  VALIDATION_HEADER,
  valid,
} from "../cli/sample-logs.js";

const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

/** Sends the process a signal at the end of its standard input, or while it writes its receipt. */
const SIGNALS_ITSELF = `
const { MOMENT, SIGNAL } = process.env;
const signal = () => process.kill(process.pid, SIGNAL);
if (MOMENT === "end") process.stdin.prependOnceListener("end", signal);
else {
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (...args) => {
    process.stderr.write = write;
    signal();
    return write(...args);
  };
}
`;

describe.concurrent.each(SIGNALS)("%s", (signal, code) => {
  it("of a pipe: what comes after it is passed on and written, to the end of the input", async () => {
    const log =
      start({ metrics: ["chrf", "perplexity"] }) + train(1000) + valid(1000, "chrf", 5) + train(2000);
    const live = startBinary("run", ["parse", "--tee"], { stdin: log });
    await live.until((stdout) => stdout === log);
    for (const update of [3000, 4000]) {
      live.child.kill(signal);
      live.child.stdin.write(train(update));
      await live.until((stdout) => stdout.endsWith(train(update)));
    }
    live.child.stdin.end("half a line");
    const run = await live.done;
    const echo = `${log}${train(3000)}${train(4000)}half a line`;
    check(run, { code, stdout: echo, stderr: new RegExp(`stopped by ${signal}\n$`) });
    const rows = [1000, 2000, 3000, 4000].map((update) => trainRow(update));
    expect(result(run, "output/training.csv")).toBe(csv(TRAINING_HEADER, ...rows));
    expect(result(run, "output/validation.csv")).toBe(
      csv(VALIDATION_HEADER, `1,1000,5.0,,,,,,,,${VALIDATED}`),
    );
  });

  it("of a pipe through which nothing has come", async () => {
    const live = startBinary("run", ["parse", "--tee", "-q"], { stdin: "" });
    // The echo of a first byte tells that the command is up.
    live.child.stdin.write("\n");
    await live.until((stdout) => stdout === "\n");
    live.child.kill(signal);
    live.child.stdin.end();
    check(await live.done, { code, stdout: "\n", stderr: new RegExp(`stopped by ${signal}\n$`) });
  });

  it.each([
    ["run", ["parse", "--tee", "-q"], "end"],
    ["run", ["parse", "--tee"], "receipt"],
    ["run", ["parse", "-", "-q"], "end"],
    ["run", ["parse", "-"], "receipt"],
    ["run", ["parse", "-", "--json"], "end"],
    ["run", ["report", "-"], "end"],
    ["parse_tc_logs", ["--from-stream"], "end"],
    ["parse_tc_logs", ["--input-file", "-"], "receipt"],
  ] as const)("in the moment when an empty input ends: %s %j, at its %s", async (binary, args, moment) => {
    const folder = freshFolder({ "signals-itself.cjs": SIGNALS_ITSELF });
    const env = { NODE_OPTIONS: "--require ./signals-itself.cjs", SIGNAL: signal, MOMENT: moment };
    const run = await runBinary(binary, args, { folder, env, stdin: "" });
    expect([run.code, run.signal]).toEqual([code, null]);
    if (args.some((word) => word === "--json")) expect(JSON.parse(run.stdout).exit_code).toBe(code);
    else expect(run.stderr.match(/stopped by \w+/g)).toEqual([`stopped by ${signal}`]);
  });

  it("while standard input is open and silent, without an echo", async () => {
    const live = startBinary("run", ["parse", "-"], { stdin: train(1000) });
    await eventually(() => filesBelow(live.folder).some((path) => path.endsWith(".partial")), live);
    live.child.kill(signal);
    const run = await live.done;
    check(run, { code, stdout: "", stderr: new RegExp(`stopped by ${signal}\n$`) });
    expect(result(run, "output/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(1000)));
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

describe("a hangup", () => {
  it("is outlived where messages do not go to the terminal", async () => {
    const live = startBinary("run", ["parse", "-", "--format", "ndjson"], { stdin: train(1000) });
    await live.until((stdout) => stdout.includes('"up":1000'));
    live.child.kill("SIGHUP");
    live.child.stdin.end(train(2000));
    const run = await live.done;
    expect([run.code, run.stdout.includes('"up":2000')]).toEqual([0, true]);
  });

  it.skipIf(!existsSync("/usr/bin/script"))("ends a command whose messages go to the terminal", async () => {
    const folder = freshFolder({ "train.log": train(1000) });
    // The terminal is that of `script`; its shell tells the code.
    const inner = `node ${binaryPath("run")} parse --follow train.log & p=$!; while [ ! -s output/training.csv ]; do sleep 0.05; done; kill -HUP $p; wait $p; echo "code $?"`;
    const run = await runShell(`exec script -qec "$1" /dev/null`, ["sh", inner], { folder });
    expect(run.stdout).toMatch(/stopped by SIGTERM[\s\S]*code 143/);
  });
});

describe("a second signal", () => {
  it.each([
    ["SIGINT", "SIGINT"],
    ["SIGINT", "SIGTERM"],
    ["SIGTERM", "SIGINT"],
  ] as const)("%s then %s ends at once a command that waits for its server", async (first, second) => {
    // Takes connections and never answers.
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const env = { WANDB_BASE_URL: `http://127.0.0.1:${port}`, WANDB_API_KEY: "k".repeat(40) };
      const live = startBinary("run", ["parse", "train.log", "--wandb-project", "p"], {
        folder: freshFolder({ "train.log": train(1000) }),
        env,
      });
      live.child.stdin.end();
      await new Promise((resolve) => server.once("connection", resolve));
      live.child.kill(first);
      const again = setInterval(() => live.child.kill(second), 150);
      const run = await live.done;
      clearInterval(again);
      expect(run.signal).toBe(second);
    } finally {
      server.close();
    }
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

  it.each([
    ["run", ["parse", "pipe"]],
    ["run", ["parse", "--follow", "pipe"]],
    ["parse_tc_logs", ["-i", "pipe"]],
  ] as const)("%s %j: without a writer, ends by a signal", async (binary, args) => {
    const folder = freshFolder();
    execFileSync("mkfifo", ["pipe"], { cwd: folder });
    const live = startBinary(binary, args, { folder });
    live.child.stdin.end();
    // A reader is there when a writer need not wait for it.
    await eventually(() => {
      try {
        closeSync(openSync(join(folder, "pipe"), constants.O_WRONLY | constants.O_NONBLOCK));
        return true;
      } catch {
        return false;
      }
    }, live);
    live.child.kill("SIGTERM");
    expect((await live.done).signal).not.toBe("SIGKILL");
  });

  it("that nobody reads is refused as a result, and the other results are written", async () => {
    const folder = freshFolder();
    execFileSync("sh", ["-c", "mkdir output && mkfifo output/measurements.ndjson"], { cwd: folder });
    const live = startBinary("parse_tc_logs", ["-s"], { folder });
    live.child.stdin.end(train(1000));
    const run = await live.done;
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/measurements\.ndjson is a named pipe that nobody reads/);
    expect(result(run, "output/training.csv")).toBe(csv(REFERENCE_TRAINING, referenceRow(1000)));
  });
});
