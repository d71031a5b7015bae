import { describe, expect, it } from "vitest";
import { filesBelow, freshFolder, result, runBinary } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { train } from "./sample-logs.js";

const PARSE = "See marian-tracking parse --help";

/** What a run of wrong use says, a line each. */
async function said(args: readonly string[]): Promise<string[]> {
  const { stdout, stderr, code } = await runHere("run", args);
  expect([code, stdout]).toEqual([2, ""]);
  return stderr
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^ › {3}/, ""));
}

describe("a usage error", () => {
  it.each([
    [
      ["parse", "--fromat", "csv"],
      ["Error: Nonexistent flag: --fromat", "Did you mean --format?", PARSE],
    ],
    [
      ["parse", "--outptu-dir=x"],
      ["Error: Nonexistent flag: --outptu-dir=x", "Did you mean --output-dir?", PARSE],
    ],
    [
      ["group", "--no-wandbb"],
      [
        "Error: Nonexistent flag: --no-wandbb",
        "Did you mean --no-wandb?",
        "See marian-tracking group --help",
      ],
    ],
    [
      ["parse", "--zzzzzz"],
      ["Error: Nonexistent flag: --zzzzzz", PARSE],
    ],
    [
      ["parse", "-j", "x"],
      ["Error: Parsing --jobs Expected an integer but received: x", PARSE],
    ],
    [
      ["group", "x", "--retry-for", "3x"],
      ["Error: --retry-for 3x: write a duration such as 90s, 5m or 1h", "See marian-tracking group --help"],
    ],
    [
      ["parse", "a.log", "--shard", "1/2"],
      ["Error: --shard is a part of a manifest: name one with --manifest", PARSE],
    ],
    [
      ["download", "abc"],
      ["Error: Missing required flag --output-dir", "See marian-tracking download --help"],
    ],
    [
      ["ls"],
      [
        "Error: Missing argument: GROUP (id, address or index route of each group)",
        "See marian-tracking ls --help",
      ],
    ],
    [
      ["doctor", "zzz"],
      ["Error: Unexpected argument: zzz", "See marian-tracking doctor --help"],
    ],
    [["prase"], ["Error: command prase not found", "Did you mean parse?", "See marian-tracking --help"]],
    [["qqqqqq"], ["Error: command qqqqqq not found", "See marian-tracking --help"]],
    [
      ["--plot", "chrf"],
      ["Error: --plot needs a command before it", "See marian-tracking --help"],
    ],
  ])("of %j is two or three lines that end with where the help is", async (args, lines) => {
    expect(await said(args)).toEqual(lines);
  });

  it("names the compatibility binary", async () => {
    const { stderr, code } = await runHere("parse_experiment_dir", ["-d", "x"]);
    expect([code, stderr]).toEqual([
      2,
      "usage: parse_experiment_dir [FLAGS]\nparse_experiment_dir: error: the following arguments are required: --mode/-m; see parse_experiment_dir --help\n",
    ]);
    const secret = await runHere("parse_experiment_dir", [
      "-d",
      "x",
      "-m",
      "taskcluster",
      "--token",
      "abcdef",
    ]);
    expect(secret.stderr).toContain("unrecognized arguments: --token ***;");
    // Its standard input must not be a pipe: it would pass it on.
    const logs = await runBinary("parse_tc_logs", ["--input-fiel", "a.log"]);
    expect([logs.code, logs.stderr]).toEqual([
      2,
      "usage: parse_tc_logs [FLAGS]\nparse_tc_logs: error: unrecognized arguments: --input-fiel a.log; did you mean --input-file?; see parse_tc_logs --help\n",
    ]);
  });
});

describe("help and version", () => {
  it.each([
    ["run", ["-h"]],
    ["run", ["parse", "-h"]],
    ["run", ["group", "x", "-h"]],
    ["parse_tc_logs", ["-h", "-s"]],
    ["parse_experiment_dir", ["-d", "x", "-h"]],
    ["parse_tc_group", ["x", "-h"]],
  ] as const)("%s %j prints the help", async (binary, args) => {
    const { stdout, stderr, code } = await runHere(binary, args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/\nUSAGE\n/);
  });

  it.each([
    ["run", ["--help", "--version"]],
    ["run", ["parse", "a.log", "-V"]],
    ["run", ["parse", "--version"]],
    ["parse_tc_logs", ["-s", "-V"]],
    ["parse_tc_logs", ["-i", "a.log", "--version"]],
    ["parse_experiment_dir", ["-d", "x", "-V"]],
    ["parse_tc_group", ["x", "--version"]],
  ] as const)("%s %j prints the version", async (binary, args) => {
    const { stdout, stderr, code } = await runHere(binary, args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^marian-tracking\/\d+\.\d+\.\d+ .*\n$/);
  });

  it("after -- are inputs", async () => {
    const run = await runHere("run", ["parse", "--", "-V"]);
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr).toMatch(/^-V\n {2}ERROR {6}there is no such file/);
  });
});

describe("--output", () => {
  it("names the folder as --output-dir does", async () => {
    const folder = freshFolder({ "a.log": train(100) });
    expect(await runHere("run", ["parse", "a.log", "-q", "--output", "out"], { folder })).toMatchObject({
      code: 0,
      stderr: "",
    });
    const compatible = ["-i", "a.log", "--output", "tc"];
    expect(await runHere("parse_tc_logs", compatible, { folder })).toMatchObject({ code: 0 });
    expect(filesBelow(folder)).toEqual([
      "a.log",
      "out/training.csv",
      "out/validation.csv",
      "tc/training.csv",
      "tc/validation.csv",
    ]);
    expect(result({ folder }, "tc/training.csv")).toMatch(/^epoch,up,.*\r\n1,100,/);
  });

  it.each(["archive", "group", "task", "download", "doctor"])("is a flag of %s", async (command) => {
    const lines = await said([command, "x", "--output"].filter((arg) => command !== "doctor" || arg !== "x"));
    expect(lines[0]).toBe("Error: Flag --output-dir expects a value");
  });
});
