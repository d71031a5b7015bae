/** Results on standard output. */
import { describe, expect, it } from "vitest";
import {
  binaryPath,
  check,
  filesBelow,
  freshFolder,
  parse as parseBinary,
  result,
  runShell,
} from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { start, train, valid } from "../cli/sample-logs.js";

/** A column comes late: the second start makes `segment` one. */
const LOG = start() + train(100) + valid(100, "chrf", 40) + start() + train(200);
const parse = (args: readonly string[], folder: string) => runHere("run", ["parse", ...args], { folder });

describe("parse -o -", () => {
  it("prints one table, byte for byte as the file, and the receipt on standard error", async () => {
    const folder = freshFolder({ "train.log": LOG });
    await parse(["train.log", "-o", "out"], folder);
    for (const table of ["training", "validation"]) {
      const run = await parse(["train.log", "-o", "-", "--table", table], folder);
      check(run, {
        code: 0,
        stdout: result({ folder }, `out/${table}.csv`),
        stderr: /^train\.log\n[\s\S]*\nread /,
      });
    }
    const run = await parse(["train.log", "--output=-", "--json"], folder);
    expect(run.stdout).toBe(result({ folder }, "out/training.csv"));
    expect(JSON.parse(run.stderr).inputs[0].outputs).toEqual([]);
    expect(filesBelow(folder)).toEqual(["out/training.csv", "out/validation.csv", "train.log"]);
  });

  it("prints TSV, whose cells have neither tabs nor quotation marks around them", async () => {
    const folder = freshFolder({ 'a,"b\tc\\.log': LOG, "d.log": LOG });
    const run = await parse([".", "-o", "-", "--combine", "--format", "tsv", "-q"], folder);
    const rows = run.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(rows.map(([source, epoch, up]) => [source, epoch, up])).toEqual([
      ["source", "epoch", "up"],
      ['a,"b\\tc\\\\.log', "1", "100"],
      ['a,"b\\tc\\\\.log', "1", "200"],
      ["d.log", "1", "100"],
      ["d.log", "1", "200"],
    ]);
    expect(new Set(rows.map(({ length }) => length)).size).toBe(1);
  });

  it("prints the table of standard input, and nothing if nothing was measured", async () => {
    const run = await parseBinary(["-", "-o", "-", "-q"], { stdin: LOG });
    expect([run.code, run.stdout.split("\r\n")[2]?.slice(0, 6)]).toEqual([0, "1,200,"]);
    const folder = freshFolder({ "notes.txt": "hello\n", "gone/x": "" });
    for (const input of ["notes.txt", "gone.log"]) {
      const none = await parse([input, "-o", "-"], folder);
      expect([none.code, none.stdout]).toEqual([1, ""]);
    }
    expect(filesBelow(folder)).toEqual(["gone/x", "notes.txt"]);
  });

  it("ends quietly when its reader has seen enough", async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => train(index + 1)).join("");
    const words = [process.execPath, binaryPath("run")];
    const folder = freshFolder({ "train.log": start() + rows });
    const line = '{ "$0" "$1" parse train.log -o - -q; echo $? >&2; } | head -1';
    const run = await runShell(line, words, { folder });
    expect([run.stdout.split("\n").length, run.stderr]).toEqual([2, "0\n"]);
  });

  it.each([
    [["a.log", "b.log", "-o", "-"], /one table, and there are 2 logs: give --combine, or -o FOLDER/],
    [[".", "-o", "-"], /one table, and there are 2 logs: give --combine, or -o FOLDER/],
    [["a.log", "--table", "validation"], /--table chooses the table that -o - prints/],
    [["a.log", "-o", "-", "--format", "ndjson", "--table", "training"], /without another --format/],
    [["a.log", "--format", "tsv"], /--format tsv is one table on standard output: give -o -/],
    [["a.log", "-o", "-", "--follow"], /with --follow, give -o FOLDER or --format ndjson/],
    [["a.log", "-o", "-", "--pattern", "x=(?P<y>.)"], /--pattern needs another: give -o FOLDER/],
    [["--manifest", "m", "--table", "training"], /--table does not go with --manifest/],
  ])("%j is wrong use, and says what to do", async (args, stderr) => {
    const run = await parse(args, freshFolder({ "a.log": LOG, "b.log": LOG }));
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr.replace(/\s*\n\s*›?\s*/g, " ")).toMatch(stderr);
  });

  it("with NDJSON is what there is without -o", async () => {
    const folder = freshFolder({ "a.log": LOG, "b.log": LOG });
    const lines = await parse(["a.log", "b.log", "--format", "ndjson", "-q"], folder);
    const same = await parse(["a.log", "b.log", "--format", "ndjson", "-q", "-o", "-"], folder);
    expect([same.code, same.stdout]).toEqual([0, lines.stdout]);
  });
});

describe("parse --plot", () => {
  it("writes files only with -o", async () => {
    const folder = freshFolder({ "a.log": LOG, "b.log": LOG });
    const run = await parse(["a.log", "b.log", "--plot", "cost"], folder);
    check(run, { code: 0, stdout: /cost/, stderr: /2 inputs, 0 with errors/ });
    expect(filesBelow(folder)).toEqual(["a.log", "b.log"]);
    await parse(["a.log", "--plot", "cost", "-o", "out"], folder);
    expect(filesBelow(folder)).toContain("out/training.csv");
    const table = await parse(["a.log", "--plot", "cost", "-o", "-", "-q"], folder);
    expect([table.stdout, table.stderr]).toEqual([
      result({ folder }, "out/training.csv"),
      expect.stringContaining("cost"),
    ]);
  });
});

describe("other commands with -o -", () => {
  it("report prints the page, and the receipt on standard error", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const run = await runHere("run", ["report", "a.log", "-o", "-", "--json"], { folder });
    expect(run.stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/i);
    expect(JSON.parse(run.stderr).inputs).toHaveLength(1);
    expect(filesBelow(folder)).toEqual(["a.log"]);
    for (const [args, reason] of [
      [["--open"], /--open opens a file/],
      [["--summary", "-"], /can't both go to standard output/],
    ] as const) {
      const wrong = await runHere("run", ["report", "a.log", "-o", "-", ...args], { folder });
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(reason)]);
    }
  });

  it("those that write several files say that they need a folder", async () => {
    for (const command of ["archive", "download", "group", "task"]) {
      const run = await runHere("run", [command, "ZowUkamoRKuDlb4uAeTvgg", "-o", "-"]);
      expect([run.code, run.stderr]).toEqual([2, expect.stringMatching(/-o takes a folder here/)]);
    }
  });
});
