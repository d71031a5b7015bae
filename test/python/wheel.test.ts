/** The wheel as users get it: installed in an environment of its own, on a machine without Node. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parse as parseCsv } from "csv-parse/sync";
import { beforeAll, describe, expect, test } from "vitest";
import { childOf, openPipe } from "../live/open-pipe.js";
import { buildWheel, wheelTools } from "./build-wheel.js";

const root = resolve(".");
const builder = "python" in wheelTools ? wheelTools.python : "";

const folder = mkdtempSync(join(tmpdir(), "wheel-"));
const log = join(folder, "train.log");
const program = (name: string) => join(folder, "venv/bin", name);
/** No Node on the path. */
const PATH = join(folder, "venv/bin");
let wheel = "";

function run(command: string, args: readonly string[], env: Record<string, string> = {}, input = "") {
  return spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    timeout: 150_000,
    input,
    env: { PATH, HOME: folder, ...env },
  });
}

/** The program behind a training. */
const pipe = (env: Record<string, string> = {}) =>
  openPipe(program("parse_tc_logs"), ["--from-stream", "-o", "piped"], {
    cwd: folder,
    env: { PATH, HOME: folder, ...env },
  });

describe.skipIf(builder === "")("the wheel", () => {
  beforeAll(() => {
    copyFileSync(join(root, "fixtures/train.log"), log);
    wheel = buildWheel(join(folder, "dist"));
    execFileSync("python3", ["-m", "venv", "--without-pip", join(folder, "venv")]);
    execFileSync(builder, [
      ...["-m", "pip", "--python", program("python"), "install", "--quiet", "--no-index", "--no-deps"],
      wheel,
    ]);
    // Node of 200 MB is used where it is.
    const packages = (python: string) =>
      execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
        encoding: "utf8",
      }).trim();
    writeFileSync(join(packages(program("python")), "node.pth"), packages(builder));
  });

  test("is one file for all machines, of less than two megabytes", () => {
    expect(basename(wheel)).toMatch(/^marian_tracking-\d+\.\d+\.\d+-py3-none-any\.whl$/);
    expect(statSync(wheel).size).toBeLessThan(1_800_000);
  });

  test.each(["marian-tracking", "parse_tc_logs", "parse_experiment_dir", "parse_tc_group"])(
    "brings %s, which runs without a Node on the PATH",
    (name) => {
      const { stdout, stderr, status } = run(program(name), ["--version"]);
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/node-v24\.19\.0/);
    },
  );

  test("parses a log, and keeps the program's exit codes", () => {
    const { stderr, status } = run(program("marian-tracking"), ["parse", "train.log"]);
    expect(stderr).toContain("87 rows");
    expect(status).toBe(0);
    expect(run(program("marian-tracking"), ["parse", "missing.log"]).status).toBe(1);
    expect(run(program("marian-tracking"), ["parse", "--nope"]).status).toBe(2);
  });

  test("holds what a report is made of", () => {
    const { stderr, status } = run(program("marian-tracking"), ["report", "train.log", "-o", "report.html"]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("report.html")]);
    expect(statSync(join(folder, "report.html")).size).toBeGreaterThan(100_000);
  });

  test("takes another Node if MARIAN_TRACKING_NODE names it", () => {
    const other = run(program("marian-tracking"), ["--version"], { MARIAN_TRACKING_NODE: process.execPath });
    expect(other.stdout).toContain(`node-${process.version}`);
    const none = run(program("marian-tracking"), ["--version"], { MARIAN_TRACKING_NODE: "/no/node" });
    expect([none.status, none.stdout]).toEqual([126, ""]);
    expect(none.stderr).toMatch(/^marian-tracking: .*\/no\/node.*\n$/);
  });

  test("read gives the rows of the program's CSV files", () => {
    run(program("marian-tracking"), ["parse", "train.log", "-o", "csv"]);
    const script = `
import json, marian_tracking
tables = marian_tracking.read("train.log", time_zone="UTC")
print(json.dumps(tables, default=lambda time: time.isoformat(timespec="milliseconds").replace("+00:00", "Z")))`;
    const { stdout, stderr } = run(program("python"), ["-c", script]);
    expect(stderr).toBe("");
    const tables = JSON.parse(stdout);
    for (const name of ["training", "validation"]) {
      const rows: Record<string, string>[] = parseCsv(readFileSync(join(folder, "csv", `${name}.csv`)), {
        columns: true,
      });
      const values = rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([column, text]) => [
            column,
            text === "" ? null : column === "timestamp" ? text : Number(text),
          ]),
        ),
      );
      expect(tables[name]).toEqual(values);
    }
    expect(tables.training).toHaveLength(87);
  });

  test("read raises an error with the program's message and exit code", () => {
    const script = `
import marian_tracking
try: marian_tracking.read("missing.log")
except marian_tracking.ParseError as error: print(error.code, error)`;
    expect(run(program("python"), ["-c", script]).stdout).toMatch(
      /^1 .*missing\.log[\s\S]*there is no such file/,
    );
  });

  test("its types are whole", () => {
    const { stdout, status } = spawnSync(
      builder,
      [
        ...["-m", "mypy", "--strict", "--cache-dir", join(folder, "mypy"), "--ignore-missing-imports"],
        join(root, "python/src/marian_tracking"),
      ],
      { encoding: "utf8" },
    );
    expect(stdout).toMatch(/^Success/);
    expect(status).toBe(0);
  });

  describe("in the pipe after a training", () => {
    test("passes the log on and reads it", async () => {
      const text = readFileSync(log, "utf8");
      const { write, end } = pipe();
      write(text);
      const { code, stdout } = await end();
      expect(code).toBe(0);
      expect(stdout).toBe(text);
      expect(readFileSync(join(folder, "piped/training.csv"), "utf8").split("\r\n")).toHaveLength(89);
    });

    test.each([
      ["3", {}, 3],
      ["0 in automation", { MOZ_AUTOMATION: "1" }, 0],
    ] as const)("passes the rest on if Node is killed, and ends with %s", async (_, env, expected) => {
      const { child, write, passed, end } = pipe(env);
      write("one\n");
      await passed("one\n");
      process.kill(childOf(child.pid as number), "SIGKILL");
      write("two\n");
      await passed("two\n");
      write("three\n");
      const { code, stdout, stderr } = await end();
      expect(stdout).toBe("one\ntwo\nthree\n");
      expect(code).toBe(expected);
      expect(stderr).toMatch(
        /^parse_tc_logs: Node was ended by signal 9; standard input is passed on, and no more of it is read$/m,
      );
    });

    test.each([
      ["is not there", "/no/node"],
      ["ends at once", "/bin/false"],
    ])("passes everything on if Node %s", async (_, node) => {
      const { write, end } = pipe({ MARIAN_TRACKING_NODE: node });
      write("one\ntwo\n");
      const { code, stdout, stderr } = await end();
      expect([code, stdout]).toEqual([3, "one\ntwo\n"]);
      expect(stderr).toMatch(/^parse_tc_logs: .*; standard input is passed on, and no more of it is read\n$/);
    });

    test("goes on after SIGTERM until the log ends, and then says so by its exit code", async () => {
      const { child, write, passed, end } = pipe();
      write("one\n");
      await passed("one\n");
      child.kill("SIGTERM");
      write("two\n");
      await passed("two\n");
      const { code, stdout } = await end();
      expect([code, stdout]).toEqual([143, "one\ntwo\n"]);
    });

    test("does not hurt the training if nobody reads what it passes on", async () => {
      const { child, write, passed, end } = pipe({ MARIAN_TRACKING_NODE: "/bin/false" });
      write("one\n");
      await passed("one\n");
      child.stdout.destroy();
      write("two\n".repeat(100_000));
      const { code } = await end();
      expect(code).toBe(3);
    });

    test("shows its help instead, if asked", () => {
      const { stdout, status } = run(program("parse_tc_logs"), ["--help", "--from-stream"]);
      expect(stdout).toContain("--from-stream");
      expect(status).toBe(0);
    });
  });
});
