import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  binaryPath,
  check,
  filesBelow,
  freshFolder,
  result,
  runShell,
  startBinary,
} from "../cli/run-binary.js";
import { parse, runHere } from "../cli/run-here.js";
import {
  chatter,
  csv,
  DAY,
  REFERENCE_TRAINING,
  REFERENCE_VALIDATION,
  referenceRow,
  start,
  TRAINED,
  TRAINING_HEADER,
  train,
  trainRow,
  VALIDATED,
  VALIDATION_HEADER,
  valid,
} from "../cli/sample-logs.js";
import { readParquet } from "../publishers/tables/read-tables.js";

const NODE = process.execPath;
const RUN = binaryPath("run");

/** One training row, and its table. */
const ONE = train(1000);
const ONE_CSV = csv(TRAINING_HEADER, trainRow(1000));

function receipt(...lines: readonly string[]): RegExp {
  const escaped = lines.map((line) => line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`${escaped.join("\n")}\nread .* in .* s \\(.*/s, .* s of CPU\\)\n$`);
}

interface JsonReceipt {
  readonly inputs: readonly Record<string, unknown>[];
  readonly [key: string]: unknown;
}

function readJson(text: string): JsonReceipt {
  return JSON.parse(text) as JsonReceipt;
}

describe.concurrent("one log", () => {
  it("becomes two CSV files in ./output, and a receipt", async () => {
    const log =
      start() +
      train(1000) +
      valid(1000, "chrf", 19) +
      valid(1000, "ce-mean-words", 2.5, "stalled 1 times (last best: 2.25)") +
      chatter() +
      train(2000);
    const run = await parse(["train.log"], { folder: freshFolder({ "train.log": log }) });
    check(run, {
      code: 0,
      stderr: receipt(
        "train.log",
        `  lines      10 (${log.length} B)`,
        "  training   2 rows",
        "  validation 1 point from 2 records: chrf, ce-mean-words",
        "  starts     1, Marian v1.12.14",
        "  state      silent, 60 min, 2024-07-03 08:00 to 2024-07-03 09:00",
        "  last       update 2,000, epoch 1, cost 0.005, 8,000 words/s",
        "  best       chrf 19 @ 1,000, ce-mean-words 2.25 before this log",
        "  wrote      output/training.csv",
        "  wrote      output/validation.csv",
      ),
    });
    expect(filesBelow(run.folder)).toEqual(["output/training.csv", "output/validation.csv", "train.log"]);
    expect(result(run, "output/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(1000), trainRow(2000)));
    expect(result(run, "output/validation.csv")).toBe(
      csv(VALIDATION_HEADER, `1,1000,19.0,2.5,,,,1.0,,,${VALIDATED}`),
    );
  });

  it("goes to the folder of -o, which is made", async () => {
    const run = await parse(["a.log", "-o", "deep/er/results"], { folder: freshFolder({ "a.log": ONE }) });
    check(run, { code: 0, stderr: /wrote {6}deep\/er\/results\/training\.csv\n/ });
    expect(result(run, "deep/er/results/training.csv")).toBe(ONE_CSV);
    expect(result(run, "deep/er/results/validation.csv")).toBe(csv(VALIDATION_HEADER));
  });

  it("replaces files that exist, whole", async () => {
    const older = "x".repeat(100_000);
    const folder = freshFolder({
      "a.log": ONE,
      "output/training.csv": older,
      "output/validation.csv": older,
      "output/mine.txt": "kept",
    });
    const run = await parse(["a.log", "-q"], { folder });
    check(run, { code: 0 });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
    expect(result(run, "output/validation.csv")).toBe(csv(VALIDATION_HEADER));
    expect(result(run, "output/mine.txt")).toBe("kept");
  });

  it("named twice is read once", async () => {
    const run = await parse(["a.log", "./a.log"], { folder: freshFolder({ "a.log": ONE }) });
    check(run, { code: 0, stderr: /^a\.log\n {2}lines {6}1 / });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("shows every start of Marian and warns of an unusual version", async () => {
    const log = start({ version: "v1.13.0" }) + train(1000) + start({ version: "v1.13.0" }) + train(1000);
    const run = await parse(["a.log"], { folder: freshFolder({ "a.log": log }) });
    check(run, {
      code: 0,
      stderr:
        /starts {5}2, Marian v1\.13\.0\n[\s\S]* {2}warning {4}Marian v1\.13\.0 is newer than what was tried, 1\.12/,
    });
    expect(run.stderr.split("is newer").length).toBe(2);
    expect(result(run, "output/training.csv")).toBe(
      csv(
        `${REFERENCE_TRAINING},segment,timestamp`,
        `${referenceRow(1000)},0,${TRAINED}`,
        `${referenceRow(1000)},1,${TRAINED}`,
      ),
    );
  });
});

describe.concurrent("several logs", () => {
  it("get a folder each, named by the path below the common parent without the extension", async () => {
    const folder = freshFolder({
      "logs/en-fr/student/train.log": train(1000),
      "logs/en-fr/teacher/train.log.gz": gzipSync(train(2000)),
      "logs/en-fr/extra.v2.log": train(4000),
    });
    const run = await parse(
      ["logs/en-fr/student/train.log", "logs/en-fr/teacher/train.log.gz", "logs/en-fr/extra.v2.log"],
      { folder },
    );
    check(run, {
      code: 0,
      stderr: receipt(
        "3 inputs, 0 with errors: 3 lines, 3 training rows, 0 validation points, 0 unmatched lines",
      ),
    });
    expect(filesBelow(join(folder, "output"))).toEqual([
      "extra.v2/training.csv",
      "extra.v2/validation.csv",
      "student/train/training.csv",
      "student/train/validation.csv",
      "teacher/train/training.csv",
      "teacher/train/validation.csv",
    ]);
    expect(result(run, "output/teacher/train/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(2000)));
  });

  it("keep their extensions where they would share a folder", async () => {
    const folder = freshFolder({
      "a.log": train(1000),
      "a.log.gz": gzipSync(train(2000)),
      "a.txt": train(4000),
      "b.log": train(5000),
    });
    const run = await parse(["a.log", "a.log.gz", "a.txt", "b.log", "-q"], { folder });
    check(run, { code: 0 });
    const rows = ["a.log", "a.log.gz", "a.txt", "b"].map((name) =>
      result(run, `output/${name}/training.csv`),
    );
    expect(rows).toEqual([1000, 2000, 4000, 5000].map((up) => csv(TRAINING_HEADER, trainRow(up))));
  });

  it("and standard input among them", async () => {
    const folder = freshFolder({ "a.log": train(1000) });
    const run = await parse(["a.log", "-", "-q"], { folder, stdin: train(2000) });
    check(run, { code: 0 });
    expect(result(run, "output/a/training.csv")).toBe(ONE_CSV);
    expect(result(run, "output/stdin/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(2000)));
  });

  it("are all read although one can't be", async () => {
    const folder = freshFolder({ "a.log": train(1000), "c.log": train(2000) });
    const run = await parse(["a.log", "b.log", "c.log"], { folder });
    check(run, {
      code: 1,
      stderr: receipt(
        "a.log: silent, update 1,000, epoch 1, cost 0.01, 8,000 words/s, 0 s",
        "  wrote      output/a",
        "b.log",
        "  ERROR      there is no such file",
        "  wrote      nothing, because nothing was measured: existing files stay as they are",
        "c.log: silent, update 2,000, epoch 1, cost 0.005, 8,000 words/s, 0 s",
        "  wrote      output/c",
        "3 inputs, 1 with errors: 2 lines, 2 training rows, 0 validation points, 0 unmatched lines",
      ),
    });
    expect(filesBelow(join(folder, "output")).filter((path) => path.endsWith("training.csv"))).toEqual([
      "a/training.csv",
      "c/training.csv",
    ]);
  });

  it("into one set of files with --combine, told apart by the column source", async () => {
    const folder = freshFolder({
      "a.log": start() + train(1000) + valid(1000, "chrf", 40.5) + start() + train(2000),
      'odd, "b".log': train(4000, { epoch: "1.5" }) + valid(4000, "bleu", 7, "stalled 2 times"),
    });
    const run = await parse(["a.log", 'odd, "b".log', "--combine", "-o", "all"], { folder });
    check(run, {
      code: 0,
      stderr:
        /^a\.log: silent.*best chrf 40\.5 @ 1,000, .*\nodd.*\n2 inputs, 0 with errors: .* 3 training rows, 2 validation points/,
    });
    const odd = '"odd, ""b"".log"';
    expect(filesBelow(join(folder, "all"))).toEqual(["training.csv", "validation.csv"]);
    expect(result(run, "all/training.csv")).toBe(
      csv(
        `source,${REFERENCE_TRAINING},segment,timestamp`,
        `a.log,${referenceRow(1000)},0,${TRAINED}`,
        `a.log,${referenceRow(2000)},1,${TRAINED}`,
        `${odd},${referenceRow(4000, "1.5")},0,${TRAINED}`,
      ),
    );
    expect(result(run, "all/validation.csv")).toBe(
      csv(
        `source,${REFERENCE_VALIDATION},bleu,bleu_stalled,timestamp`,
        `a.log,1,1000,40.5,,,,,,,,,,${VALIDATED}`,
        `${odd},1,4000,,,,,,,,,7.0,2.0,${VALIDATED}`,
      ),
    );
  });

  it("come out the same with -j 2, each of more than 16 MB", async () => {
    const many = (first: number) => {
      const lines = Array.from({ length: 150_000 }, (_, row) => train(first + row));
      return `${start()}${lines.join("")}${valid(first, "chrf", 1)}`;
    };
    const folder = freshFolder({ "one.log": many(1), "two.log": many(1_000_000) });
    const [single, double] = await Promise.all(
      ["1", "2"].map((jobs) => parse(["one.log", "two.log", "-j", jobs, "-o", `with${jobs}`], { folder })),
    );
    const total = receipt(
      "2 inputs, 0 with errors: 300,012 lines, 300,000 training rows, 2 validation points, 0 unmatched lines",
    );
    if (single === undefined || double === undefined) throw new Error("two runs");
    check(single, { code: 0, stderr: total });
    check(double, { code: 0, stderr: total });
    for (const path of ["one/training.csv", "one/validation.csv", "two/training.csv", "two/validation.csv"]) {
      const bytes = readFileSync(join(folder, "with1", path));
      expect(bytes.length).toBeGreaterThan(100);
      expect(readFileSync(join(folder, "with2", path)).equals(bytes)).toBe(true);
    }
  });

  it("with -j 2 and small logs too, one of them missing", async () => {
    const folder = freshFolder({ "a.log": train(1000), "b.log": train(2000) });
    const run = await parse(["a.log", "no.log", "b.log", "-j", "2", "--json"], { folder });
    check(run, { code: 1, stdout: /^\{\n/ });
    const { inputs } = readJson(run.stdout);
    expect(inputs.map(({ source, error }) => [source, error])).toEqual([
      ["a.log", undefined],
      ["no.log", "there is no such file"],
      ["b.log", undefined],
    ]);
    expect(result(run, "output/b/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(2000)));
  });
});

describe.concurrent("Parquet", () => {
  const training = async (run: { readonly folder: string }, path: string) =>
    (await readParquet(join(run.folder, path))).rows;
  const row = (up: number) => expect.objectContaining({ up, timestamp: TRAINED });

  it("goes to the output folder, of several logs to a folder each, in threads too", async () => {
    const folder = freshFolder({ "a.log": ONE, "b.log": train(2000) });
    const run = await parse(["a.log", "--format", "parquet"], { folder });
    check(run, { code: 0, stderr: /wrote {6}output\/training\.parquet\n.*output\/validation\.parquet\n/ });
    expect(await training(run, "output/training.parquet")).toEqual([row(1000)]);
    const both = await parse(["a.log", "b.log", "--format", "parquet", "-o", "out", "-q", "-j", "2"], {
      folder,
    });
    check(both, { code: 0 });
    expect(filesBelow(join(folder, "out"))).toEqual(
      ["a", "b"].flatMap((name) => [`${name}/training.parquet`, `${name}/validation.parquet`]),
    );
    expect(await training(run, "out/b/training.parquet")).toEqual([row(2000)]);
  });

  it("is one set of files with --combine, and of a pipe is written at its end", async () => {
    const folder = freshFolder({ "a.log": ONE, "b.log": train(2000) });
    const run = await parse(["a.log", "b.log", "--combine", "--format", "parquet", "-q"], { folder });
    check(run, { code: 0 });
    expect((await training(run, "output/training.parquet")).map(({ source }) => source)).toEqual([
      "a.log",
      "b.log",
    ]);
    const args = ["--tee", "-", "--format", "parquet", "-o", "piped", "-q"];
    const piped = await parse(args, { folder, stdin: ONE });
    check(piped, { code: 0, stdout: ONE });
    expect(await training(run, "piped/training.parquet")).toEqual([row(1000)]);
  });
});

describe.concurrent("NDJSON", () => {
  it("has exactly the forms of the contract, keys in order", async () => {
    const log =
      start({ metrics: ["chrf", "bleu-detok"] }) +
      `[task 2024-07-03T07:00:01.105Z] [${DAY} 09:00:00] Ep. 1 : Up. 1000 : Sen. 753,766 : Cost 8.26540375 : Time 375.06s : 47464.64 words/s : gNorm 2.0754 : L.r. 1.5000e-05\n` +
      `[${DAY} 09:00:01] Ep. 1.250 : Up. 1001 : Sen. 128,000 : Cost 9.10203040 * 3,456,789 @ 7,000 after 4,456,789 : Time 88.10s : 39237.00 words/s : gNorm nan : L.r. 1.5000e-05\n` +
      `[${DAY} 09:00:02] Ep. 2 : Up. 1002 : Sen. 5 : Cost -inf : Time 0.00s : inf words/s : L.r. 1.5000e-05\n` +
      "Ep. 2 : Up. 1003 : Sen. 6 : Cost nan : L.r. 1.5000e-05\n" +
      valid(1003, "bleu-detok", 3.3197, "stalled 1 times (last best: 3.36434)", { epoch: 2 }) +
      valid(1003, "chrf", "-nan", "new best", { epoch: 2 }) +
      `[${DAY} 10:00:00] [valid] 1003 : cross-entropy : 1.23457e+06 : stalled 3 times (last best: 1e+06)\n` +
      `[${DAY} 10:00:00] Ep. 2 : Up. 8.2.6 : Sen. 6 : Cost 1.0\n`;
    const run = await parse(["logs/x.log", "--format", "ndjson", "-q"], {
      folder: freshFolder({ "logs/x.log": log }),
    });
    const segment = `"source":"logs/x.log","segment":0`;
    check(run, {
      code: 0,
      stdout: [
        `{"type":"segment",${segment},"line":1,"timestamp":"${DAY}T08:00:00","marian_version":"v1.12.14","revision":"2d067af","command_line":"/opt/marian --type transformer --devices 0 1","config":{"type":"transformer","valid-metrics":["chrf","bleu-detok"]}}`,
        `{"type":"training",${segment},"line":9,"timestamp":"2024-07-03T07:00:01.105Z","epoch":1,"up":1000,"sen":753766,"cost":8.26540375,"time":375.06,"rate":47464.64,"gnorm":2.0754,"learning_rate":0.000015}`,
        `{"type":"training",${segment},"line":10,"timestamp":"${DAY}T09:00:01","epoch":1.25,"up":1001,"sen":128000,"cost":9.1020304,"labels":3456789,"batch_labels":7000,"total_labels":4456789,"time":88.1,"rate":39237,"gnorm":"NaN","learning_rate":0.000015}`,
        `{"type":"training",${segment},"line":11,"timestamp":"${DAY}T09:00:02","epoch":2,"up":1002,"sen":5,"cost":"-Infinity","time":0,"rate":"Infinity","learning_rate":0.000015}`,
        `{"type":"training",${segment},"line":12,"epoch":2,"up":1003,"sen":6,"cost":"NaN","learning_rate":0.000015}`,
        `{"type":"validation",${segment},"line":13,"timestamp":"${DAY}T10:00:00","epoch":2,"up":1003,"metric":"bleu-detok","value":3.3197,"stalled":1,"best":3.36434}`,
        `{"type":"validation",${segment},"line":14,"timestamp":"${DAY}T10:00:00","epoch":2,"up":1003,"metric":"chrf","value":"NaN"}`,
        `{"type":"validation",${segment},"line":15,"timestamp":"${DAY}T10:00:00","up":1003,"metric":"cross-entropy","value":1234570,"stalled":3,"best":1000000}`,
        `{"type":"unmatched","source":"logs/x.log","line":16,"text":"[${DAY} 10:00:00] Ep. 2 : Up. 8.2.6 : Sen. 6 : Cost 1.0"}`,
        "",
      ].join("\n"),
    });
    expect(filesBelow(run.folder)).toEqual(["logs/x.log"]);
  });

  it("goes to measurements.ndjson with -o", async () => {
    const run = await parse(["a.log", "--format", "ndjson", "-o", "out"], {
      folder: freshFolder({ "a.log": ONE }),
    });
    check(run, { code: 0, stderr: /wrote {6}out\/measurements\.ndjson\n/ });
    expect(filesBelow(join(run.folder, "out"))).toEqual(["measurements.ndjson"]);
    const row = JSON.parse(result(run, "out/measurements.ndjson")) as Record<string, unknown>;
    expect(row).toMatchObject({ type: "training", source: "a.log", up: 1000, learning_rate: 0.0003 });
  });

  it("of several logs goes to a folder each, or into one file with --combine", async () => {
    const folder = freshFolder({ "a.log": train(1000), "b.log": train(2000) });
    const apart = await parse(["a.log", "b.log", "--format", "ndjson", "-o", "out", "-q"], { folder });
    check(apart, { code: 0 });
    expect(filesBelow(join(folder, "out"))).toEqual(["a/measurements.ndjson", "b/measurements.ndjson"]);
    const combined = await parse(["a.log", "b.log", "--format", "ndjson", "-o", "one", "-q", "--combine"], {
      folder,
    });
    check(combined, { code: 0 });
    expect(filesBelow(join(folder, "one"))).toEqual(["measurements.ndjson"]);
    expect(result(combined, "one/measurements.ndjson")).toBe(
      result(apart, "out/a/measurements.ndjson") + result(apart, "out/b/measurements.ndjson"),
    );
  });

  it("has an error record for an input that failed", async () => {
    const run = await parse(["a.log", "no.log", "--format", "ndjson", "-q"], {
      folder: freshFolder({ "a.log": ONE }),
    });
    check(run, {
      code: 1,
      stdout:
        /^\{"type":"training".*\}\n\{"type":"error","source":"no\.log","message":"there is no such file"\}\n$/,
      stderr: "no.log\n  ERROR      there is no such file\n",
    });
  });

  it("has an error record in the file too, where the input failed on the way", async () => {
    const packed = gzipSync(train(1000) + chatter().repeat(5000));
    const folder = freshFolder({ "cut.log.gz": packed.subarray(0, packed.length - 20) });
    const run = await parse(["cut.log.gz", "--format", "ndjson", "-o", "out", "-q", "--combine"], { folder });
    check(run, { code: 1, stderr: /ends early/ });
    const types = result(run, "out/measurements.ndjson")
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(["training", "error"]);
  });

  it("of a reader that goes away early is no fault", async () => {
    const folder = freshFolder({
      "big.log": Array.from({ length: 50_000 }, (_, up) => train(up + 1)).join(""),
    });
    const script = `{ "$0" "$1" parse big.log --format ndjson; echo "code $?" >&2; } | head -1`;
    const run = await runShell(script, [NODE, RUN], { folder });
    expect(run.stdout).toMatch(/^\{"type":"training","source":"big\.log","segment":0,"line":1,.*\}\n$/);
    expect(run.stderr).toMatch(/training {3}50,000 rows\n[\s\S]*code 0\n$/);
    expect(run.stderr).not.toMatch(/EPIPE|Error| at /);
  });
});

describe.concurrent("standard input", () => {
  it("is read for -", async () => {
    const run = await parse(["-"], { stdin: ONE });
    check(run, { code: 0, stderr: /^standard input\n {2}lines {6}1 / });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("is read when something is piped in and nothing is named", async () => {
    const folder = freshFolder({ "a.log": ONE });
    const run = await runShell(`cat a.log | "$0" "$1" parse -q`, [NODE, RUN], { folder });
    check(run, { code: 0 });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("is read when a file is redirected", async () => {
    const folder = freshFolder({ "a.log": ONE });
    const run = await runShell(`"$0" "$1" parse -q <a.log`, [NODE, RUN], { folder });
    check(run, { code: 0 });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("is left alone where a file is named", async () => {
    const run = await parse(["a.log", "-q"], { folder: freshFolder({ "a.log": ONE }), stdin: train(2000) });
    check(run, { code: 0 });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("may be packed", async () => {
    const run = await parse(["-", "-q"], { stdin: gzipSync(ONE) });
    check(run, { code: 0 });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("is called - in NDJSON", async () => {
    const run = await parse(["-", "-q", "--format", "ndjson"], { stdin: ONE });
    check(run, { code: 0, stdout: /^\{"type":"training","source":"-",.*\}\n$/ });
  });

  it("gives its NDJSON while it is open", async () => {
    const live = startBinary("run", ["parse", "-", "--format", "ndjson", "-q"], { stdin: ONE });
    await live.until((stdout) => stdout.includes('"up":1000'));
    live.child.stdin.end(train(2000));
    const run = await live.done;
    check(run, { code: 0, stdout: /"up":1000[\s\S]*"up":2000/ });
  });

  it("that is empty is an error", async () => {
    const run = await parse(["-"], { stdin: "" });
    check(run, { code: 1, stderr: /^standard input\n {2}ERROR {6}the input is empty\n/ });
  });
});

describe.concurrent("--files-from and patterns", () => {
  it("reads names from a file: one a line, blank lines and CR apart", async () => {
    const folder = freshFolder({
      "a.log": train(1000),
      "with blank.log": train(2000),
      list: "a.log\r\n\nwith blank.log",
    });
    const run = await parse(["--files-from", "list", "-q"], { folder });
    check(run, { code: 0 });
    expect(result(run, "output/a/training.csv")).toBe(ONE_CSV);
    expect(result(run, "output/with blank/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(2000)));
  });

  it("reads names from standard input, besides those that are given", async () => {
    const folder = freshFolder({ "a.log": train(1000), "b[1].log": train(2000) });
    const run = await parse(["a.log", "--files-from", "-", "-q"], { folder, stdin: "b[1].log\na.log\n" });
    check(run, { code: 0 });
    expect(filesBelow(join(folder, "output"))).toEqual([
      "a/training.csv",
      "a/validation.csv",
      "b[1]/training.csv",
      "b[1]/validation.csv",
    ]);
  });

  it("refuses a list that isn't there or is empty, in words", async () => {
    const folder = freshFolder({ list: "\n" });
    check(await parse(["--files-from", "nope"], { folder }), {
      code: 2,
      stderr: /Error: --files-from nope: there is no such file/,
    });
    check(await parse(["--files-from", "list"], { folder }), { code: 2, stderr: /Error: nothing to read/ });
    check(await parse(["-", "--files-from", "-"], { folder, stdin: "" }), {
      code: 2,
      stderr: /Error: standard input can't be both/,
    });
  });

  it("expands quoted patterns, sorted, hidden folders and absolute ones too", async () => {
    const folder = freshFolder({
      "logs/b/train.log": train(2000),
      "logs/.a/train.log": train(1000),
      "logs/b/other.txt": train(4000),
    });
    const relative = await parse(["logs/**/*.log", "--format", "ndjson", "-q"], { folder });
    check(relative, { code: 0, stdout: /^.*"logs\/\.a\/train\.log".*\n.*"logs\/b\/train\.log".*\n$/ });
    const absolute = await parse([`${folder}/logs/{b,c}/*.log`, "--format", "ndjson", "-q"], { folder });
    check(absolute, { code: 0, stdout: /^.*"up":2000.*\n$/ });
    expect(absolute.stdout).toContain(`"source":"${folder}/logs/b/train.log"`);
  });

  it("takes a file whose name looks like a pattern", async () => {
    const run = await parse(["a[1].log", "-q"], { folder: freshFolder({ "a[1].log": ONE, "a1.log": "" }) });
    check(run, { code: 0 });
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("says when a pattern matches nothing", async () => {
    const folder = freshFolder({ "a.log": ONE });
    check(await parse(["no/*.log"], { folder }), {
      code: 2,
      stderr: /Warning: no file matches 'no\/\*\.log'[\s\S]*Error: nothing to read/,
    });
    check(await parse(["no/*.log", "a.log", "-q"], { folder }), {
      code: 0,
      stderr: /^ › {3}Warning: no file matches 'no\/\*\.log'\n$/,
    });
  });
});

describe.concurrent("--tee", () => {
  const odd = Buffer.concat([
    Buffer.from(`first\r\n${ONE}progress 1\rprogress 2\n\0\0`),
    Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x0d, 0x0a, 0x0d]),
    Buffer.from(`\n${train(2000)}no final newline \u{1f600}`),
    Buffer.from([0xf0, 0x9f]),
  ]);

  it("passes standard input through, byte for byte", async () => {
    const run = await parse(["--tee", "-o", "out"], { stdin: odd });
    expect(run.bytes.equals(odd)).toBe(true);
    check(run, { code: 0, stdout: odd.toString(), stderr: /training {3}2 rows\n/ });
    expect(result(run, "out/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(1000), trainRow(2000)));
  });

  it("passes a packed log and one without measurements through as they are", async () => {
    for (const bytes of [
      gzipSync(ONE),
      Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3]),
      Buffer.alloc(3),
    ]) {
      const run = await parse(["--tee"], { stdin: bytes });
      expect(run.bytes.equals(bytes)).toBe(true);
    }
  });

  it("goes on when the results can't be written, and when the reader goes away", async () => {
    const long = Array.from({ length: 30_000 }, (_, up) => train(up + 1)).join("");
    const blocked = await parse(["--tee", "-o", "taken/below", "-q"], {
      folder: freshFolder({ taken: "a file" }),
      stdin: long,
    });
    check(blocked, {
      code: 3,
      stdout: long,
      stderr: /NOT WRITTEN CSV: taken\/below\/training\.csv can't be made/,
    });

    const folder = freshFolder({ "a.log": long });
    const script = `cat a.log | { "$0" "$1" parse --tee -q; echo "code $?" >&2; } | head -1`;
    const headed = await runShell(script, [NODE, RUN], { folder });
    check(headed, { code: 0, stdout: train(1), stderr: "code 0\n" });
    expect(result(headed, "output/training.csv").split("\r\n")).toHaveLength(30_002);
  });

  it("passes on at once what has come", async () => {
    const live = startBinary("run", ["parse", "--tee", "-q"], { stdin: "first\nhalf a li" });
    await live.until((stdout) => stdout === "first\nhalf a li");
    live.child.stdin.end(`ne\n${ONE}`);
    check(await live.done, { code: 0, stdout: `first\nhalf a line\n${ONE}` });
  });

  it("wants standard input, and a folder for NDJSON", async () => {
    const folder = freshFolder({ "a.log": ONE });
    check(await parse(["a.log", "--tee"], { folder }), {
      code: 2,
      stderr: /Error: --tee passes standard input through: give - as an input, or pipe a log in/,
    });
    check(await parse(["-", "--tee", "--format", "ndjson"], { folder, stdin: ONE }), {
      code: 2,
      stderr: /Error: with --tee standard output holds the log: give -o FOLDER for the NDJSON/,
    });
    const run = await parse(["--tee", "--format", "ndjson", "-o", "out", "-q"], { stdin: ONE });
    check(run, { code: 0, stdout: ONE });
    expect(result(run, "out/measurements.ndjson")).toMatch(/^\{"type":"training","source":"-",.*\}\n$/);
  });
});

describe.concurrent("--pattern", () => {
  const memory = "gpu=Reserving (?P<mb>[0-9]+) MB, device (?P<device>\\w+)";
  const log =
    `[${DAY} 08:00:00] [memory] Reserving 512 MB, device gpu0\n` +
    train(1000) +
    `[${DAY} 09:30:00] [memory] Reserving 13 MB, device gpu1\n` +
    `[${DAY} 09:30:00] Seen 1000 samples\n`;

  it("writes patterns.csv, with the latest update before", async () => {
    const run = await parse(["a.log", "--pattern", memory, "--pattern", "seen=Seen (?P<n>\\d+)"], {
      folder: freshFolder({ "a.log": log }),
    });
    check(run, { code: 0, stderr: /patterns {3}3 matches\n[\s\S]*wrote {6}output\/patterns\.csv\n/ });
    expect(result(run, "output/patterns.csv")).toBe(
      csv(
        "source,line,up,name,mb,device,n",
        "a.log,1,,gpu,512,gpu0,",
        "a.log,3,1000,gpu,13,gpu1,",
        "a.log,4,1000,seen,,,1000",
      ),
    );
    expect(result(run, "output/training.csv")).toBe(ONE_CSV);
  });

  it("gives NDJSON records", async () => {
    const run = await parse(["a.log", "--format", "ndjson", "-q", "--pattern", memory], {
      folder: freshFolder({ "a.log": log }),
    });
    const lines = run.stdout.split("\n");
    check(run, { code: 0, stdout: /./ });
    expect(lines[0]).toBe(
      '{"type":"pattern","source":"a.log","segment":0,"line":1,"name":"gpu","values":{"mb":"512","device":"gpu0"}}',
    );
    expect(lines[2]).toBe(
      '{"type":"pattern","source":"a.log","segment":0,"line":3,"name":"gpu","up":1000,"values":{"mb":"13","device":"gpu1"}}',
    );
  });

  it("removes an older patterns.csv when nothing matches, and quotes what needs it", async () => {
    const folder = freshFolder({ "a.log": `${ONE}say "a, b"\n`, "output/patterns.csv": "old" });
    check(await parse(["a.log", "-q", "--pattern", "x=(?P<x>never)"], { folder }), { code: 0 });
    expect(existsSync(join(folder, "output/patterns.csv"))).toBe(false);
    const run = await parse(["a.log", "-q", "--pattern", "say=^say (?P<name>.*)$"], { folder });
    check(run, { code: 0 });
    expect(result(run, "output/patterns.csv")).toBe(
      csv("source,line,up,name,name_group", 'a.log,2,1000,say,"""a, b"""'),
    );
  });

  it("counts as a measurement", async () => {
    const run = await parse(["a.log", "-q", "--pattern", memory], {
      folder: freshFolder({ "a.log": "Reserving 1 MB, device cpu0\n" }),
    });
    check(run, { code: 0 });
  });

  it("refuses what is no pattern, in words", async () => {
    const folder = freshFolder({ "a.log": ONE });
    const refused = async (pattern: string, stderr: RegExp) =>
      check(await parse(["a.log", "--pattern", pattern], { folder }), { code: 2, stderr });
    await refused("nothing", /Error: --pattern 'nothing': write NAME=REGEX/);
    await refused("=x", /Error: --pattern '=x': write NAME=REGEX/);
    await refused("x=(", /the pattern 'x' is no regular expression: regex parse error[\s\S]*unclosed group/);
    await refused("x=abc", /the pattern 'x' names no group: write \(\?P<value>…\)/);
    expect(existsSync(join(folder, "output"))).toBe(false);
  });
});

describe.concurrent("--time-zone", () => {
  const log =
    train(1, { time: "2024-01-15 12:00:00" }) +
    train(2, { time: "2024-07-15 12:00:00" }) +
    `[task 2024-07-15T10:00:00.500Z] ${train(4, { time: "2024-07-15 12:00:00" })}`;

  const times = (stdout: string) => [...stdout.matchAll(/"timestamp":"([^"]*)"/g)].map(([, time]) => time);

  it("adds the offset of the day to Marian's clock, not to Taskcluster's", async () => {
    const folder = freshFolder({ "a.log": log });
    const shown = async (zone: string) => {
      const run = await parse(["a.log", "--format", "ndjson", "-q", "--time-zone", zone], { folder });
      check(run, { code: 0, stdout: /./ });
      return times(run.stdout);
    };
    const utc = "2024-07-15T10:00:00.500Z";
    expect(await shown("Europe/Paris")).toEqual([
      "2024-01-15T12:00:00+01:00",
      "2024-07-15T12:00:00+02:00",
      utc,
    ]);
    expect(await shown("America/St_Johns")).toEqual([
      "2024-01-15T12:00:00-03:30",
      "2024-07-15T12:00:00-02:30",
      utc,
    ]);
    expect(await shown("UTC")).toEqual(["2024-01-15T12:00:00+00:00", "2024-07-15T12:00:00+00:00", utc]);
  });

  it("refuses a zone that isn't there", async () => {
    const run = await parse(["a.log", "--time-zone", "Mars/Base"], { folder: freshFolder({ "a.log": log }) });
    check(run, { code: 2, stderr: /Error: --time-zone 'Mars\/Base': there is no such zone/ });
  });
});

describe.concurrent("the receipt", () => {
  const torn = `[${DAY} 09:00:00] Ep. 1 : Up. 8.2.6 : Sen. 1 : Cost 1.0\n`;

  it("shows unmatched lines, which --strict makes an error", async () => {
    const folder = freshFolder({ "a.log": ONE + torn.repeat(25) });
    const lax = await parse(["a.log"], { folder });
    check(lax, { code: 0, stderr: /UNMATCHED {2}25 lines that could not be read:\n {4}2: \[/ });
    expect(lax.stderr).toMatch(/ {4}4: .*\n {4}… 22 more\n/);
    const verbose = await parse(["a.log", "-v"], { folder });
    check(verbose, { code: 0, stderr: / {4}21: .*\n {4}… 5 more\n/ });
    const strict = await parse(["a.log", "--strict"], { folder });
    check(strict, { code: 1, stderr: /ERROR {6}25 lines could not be read \(--strict\)\n/ });
    expect(result(strict, "output/training.csv")).toBe(ONE_CSV);
    check(await parse(["a.log", "--strict", "-q"], { folder: freshFolder({ "a.log": ONE }) }), { code: 0 });
  });

  it("as JSON has every field, on standard output", async () => {
    const log =
      start({ metrics: ["chrf", "bleu"] }) +
      train(1000) +
      valid(1000, "chrf", 1) +
      valid(1000, "bleu", 2) +
      valid(2000, "chrf", 3) +
      torn;
    const folder = freshFolder({ "a.log": log });
    const run = await parse(["a.log", "--json"], { folder });
    check(run, { code: 0, stdout: /^\{\n[\s\S]*\n\}\n$/ });
    const { seconds, cpu_seconds, mb_per_second, ...rest } = readJson(run.stdout);
    for (const number of [seconds, cpu_seconds, mb_per_second]) expect(number).toEqual(expect.any(Number));
    expect(rest).toEqual({
      inputs: [
        {
          source: "a.log",
          bytes: log.length,
          lines: 13,
          training: 1,
          validation: 3,
          validation_points: 2,
          partial_points: 1,
          patterns: 0,
          segments: 1,
          marian_versions: ["v1.12.14"],
          metrics: ["chrf", "bleu"],
          unmatched: 1,
          unmatched_samples: [{ line: 13, text: torn.trimEnd() }],
          overlong_lines: 0,
          warnings: [],
          summary: {
            state: "silent",
            epoch: 1,
            update: 1000,
            cost: 0.01,
            metrics: {
              chrf: { best: 3, best_update: 2000, last: 3, last_update: 2000, stalled: 0 },
              bleu: { best: 2, best_update: 1000, last: 2, last_update: 1000, stalled: 0 },
            },
            stall: { metric: "chrf", stalled: 0 },
            words_per_second: 8000.25,
            started: "2024-07-03T08:00:00",
            ended: "2024-07-03T10:00:00",
            seconds: 7200,
          },
          sink_errors: [],
          outputs: ["output/training.csv", "output/validation.csv"],
        },
      ],
      sink_errors: [],
      bytes: log.length,
      lines: 13,
      training: 1,
      validation: 3,
      unmatched: 1,
      exit_code: 0,
    });
  });

  it("as JSON goes to standard error where standard output holds rows or the log", async () => {
    const folder = freshFolder({ "a.log": ONE });
    const rows = await parse(["a.log", "--json", "--format", "ndjson"], { folder });
    check(rows, { code: 0, stdout: /^\{"type":"training".*\}\n$/, stderr: /^\{\n[\s\S]*\n\}\n$/ });
    expect(readJson(rows.stderr)["exit_code"]).toBe(0);
    const teed = await parse(["--tee", "--json"], { folder, stdin: ONE });
    check(teed, { code: 0, stdout: ONE, stderr: /^\{\n[\s\S]*\n\}\n$/ });
    const written = await parse(["a.log", "--json", "--format", "ndjson", "-o", "out"], { folder });
    check(written, { code: 0, stdout: /^\{\n[\s\S]*\n\}\n$/ });
  });

  it("as JSON names the error and the exit code", async () => {
    const run = await parse(["no.log", "--json"]);
    check(run, { code: 1, stdout: /^\{/ });
    const { inputs, exit_code } = readJson(run.stdout);
    expect(exit_code).toBe(1);
    expect(inputs[0]).toMatchObject({ source: "no.log", error: "there is no such file", outputs: [] });
  });

  it("is silent with --quiet, unless something is wrong", async () => {
    const folder = freshFolder({ "a.log": ONE, "none.log": "hello\n" });
    check(await parse(["a.log", "--quiet"], { folder }), { code: 0 });
    check(await parse(["a.log", "none.log", "--quiet"], { folder }), {
      code: 1,
      stderr: "none.log\n  ERROR      it contains no Marian measurements: is this a training log?\n",
    });
  });

  it("says everything of every input with -v", async () => {
    const folder = freshFolder({ "a.log": train(1000), "b.log": train(2000) });
    const plain = await parse(["a.log", "b.log"], { folder });
    check(plain, {
      code: 0,
      stderr: /^a\.log: silent, .*\n {2}wrote .*\nb\.log: silent, .*\n {2}wrote .*\n2 inputs, /,
    });
    const verbose = await parse(["a.log", "b.log", "-v"], { folder });
    check(verbose, {
      code: 0,
      stderr:
        /^a\.log\n {2}lines[\s\S]*wrote {6}output\/a\/training\.csv\n[\s\S]*\nb\.log\n[\s\S]*\n2 inputs, /,
    });
  });

  it("has no control characters of the log", async () => {
    const log = `${ONE}Ep. 1 : Up. 8.2.6 : \u001b[31mred\u0007 : Sen. 1 : Cost 1.0\n`;
    const run = await parse(["a.log"], { folder: freshFolder({ "a.log": log }) });
    check(run, { code: 0, stderr: /UNMATCHED/ });
    expect([...run.stderr].filter((letter) => letter < " " && letter !== "\n")).toEqual([]);
  });
});

describe.concurrent("wrong use", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      "nothing",
      [],
      /Error: nothing to read: name a log, a folder, a quoted pattern such as 'logs\/\*\*\/\*\.log', or pipe a log in/,
    ],
    ["an unknown flag", ["a.log", "--bogus"], /Error: Nonexistent flag: --bogus/],
    [
      "an unknown format",
      ["a.log", "--format", "xml"],
      /Error: Expected --format=xml to be one of: csv, ndjson/,
    ],
    [
      "no jobs",
      ["a.log", "-j", "0"],
      /Error: Parsing --jobs\s+Expected an integer greater than or equal to 1/,
    ],
    [
      "jobs that are no number",
      ["a.log", "-j", "x"],
      /Error: Parsing --jobs\s+Expected an integer but received: x/,
    ],
    ["quiet and verbose", ["a.log", "-q", "-v"], /cannot also be provided when using/],
    [
      "Parquet of a log that grows",
      ["--follow", "a.log", "--format", "parquet"],
      /Error: --follow writes rows as they come, .* follow with --format csv, then run parse again for Parquet/,
    ],
    [
      "Parquet to standard output",
      ["a.log", "--format", "parquet", "-o", "-"],
      /Error: Parquet can't go to standard output: give -o FOLDER, or --format csv/,
    ],
    [
      "Parquet of a manifest",
      ["--manifest", "m.ndjson", "--format", "parquet"],
      /Error: parse --manifest prints ndjson or tsv; for tables, use `archive --manifest` with -o/,
    ],
    ["a flag without its value", ["a.log", "-o"], /Error: Flag --output-dir expects a value/],
  ];

  it.each(cases)("%s: exit code 2 and a sentence", async (_name, args, stderr) => {
    const folder = freshFolder({ "a.log": ONE });
    check(await parse(args, { folder }), { code: 2, stderr });
    expect(existsSync(join(folder, "output"))).toBe(false);
  });

  it("a command that isn't there", async () => {
    check(await runHere("run", ["bogus"]), { code: 2, stderr: /Error: command bogus not found/ });
  });

  it("help and version go to standard output", async () => {
    const help = await runHere("run", ["parse", "--help"]);
    check(help, { code: 0, stdout: /USAGE\n {2}\$ marian-tracking parse \[INPUT\.\.\.\]/ });
    for (const flag of [
      "--format",
      "--output-dir",
      "--files-from",
      "--combine",
      "--tee",
      "--pattern",
      "--time-zone",
    ]) {
      expect(help.stdout).toContain(flag);
    }
    check(await runHere("run", ["--version"]), { code: 0, stdout: /^marian-tracking\/\d+\.\d+\.\d+ / });
  });
});

describe.concurrent("packed logs", () => {
  const content = `${start()}${Array.from({ length: 3000 }, (_, up) => train(up + 1)).join("")}`;
  const expected = csv(TRAINING_HEADER, ...Array.from({ length: 3000 }, (_, up) => trainRow(up + 1)));

  const training = async (name: string, bytes: Uint8Array) => {
    const run = await parse([name, "-q"], { folder: freshFolder({ [name]: bytes }) });
    check(run, { code: 0 });
    return result(run, "output/training.csv");
  };

  it("in gzip are found by their content", async () => {
    expect(await training("train.log", gzipSync(content))).toBe(expected);
  });

  it("in gzip of several members are read to the end", async () => {
    const third = Math.floor(content.length / 3);
    const members = [content.slice(0, third), "", content.slice(third)].map((part) => gzipSync(part));
    expect(await training("train.log.gz", Buffer.concat(members))).toBe(expected);
  });

  it("in zstd are found by their content", async () => {
    expect(await training("train.log", zstdRaw(Buffer.from(content)))).toBe(expected);
  });

  it("in zstd of several frames are read to the end", async () => {
    const half = Math.floor(content.length / 2);
    const frames = [zstdRaw(Buffer.from(content.slice(0, half))), zstdRaw(Buffer.from(content.slice(half)))];
    expect(await training("train.log.zst", Buffer.concat(frames))).toBe(expected);
  });

  const zstd = program("zstd");
  it.skipIf(!zstd)(
    `packed by the program zstd are read${zstd ? "" : " (zstd is not installed)"}`,
    async () => {
      const folder = freshFolder({ "a.log": content });
      for (const level of ["-1", "-19"]) {
        execFileSync("zstd", ["-q", "-f", level, "a.log"], { cwd: folder });
        expect(await training("a.log.zst", readFileSync(join(folder, "a.log.zst")))).toBe(expected);
      }
    },
  );

  it("that say .gz and are plain text are read", async () => {
    expect(await training("train.log.gz", Buffer.from(content))).toBe(expected);
  });
});

/** A zstd frame of raw blocks: magic number, header with a window of 8 MB, blocks. */
function zstdRaw(content: Uint8Array): Buffer {
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68])];
  const block = 100_000;
  for (let at = 0; at < Math.max(content.length, 1); at += block) {
    const part = content.subarray(at, at + block);
    const last = at + block >= content.length ? 1 : 0;
    const header = Buffer.alloc(3);
    header.writeUIntLE((part.length << 3) | last, 0, 3);
    parts.push(header, part);
  }
  return Buffer.concat(parts);
}

function program(name: string): boolean {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.concurrent("results that can't be written", () => {
  it("because a file is in the way: exit code 3, the file stays", async () => {
    const folder = freshFolder({ "a.log": ONE, out: "mine" });
    const run = await parse(["a.log", "-o", "out"], { folder });
    check(run, {
      code: 3,
      stderr: /NOT WRITTEN CSV: out\/training\.csv can't be made: a part of its path is a file\n/,
    });
    expect(result(run, "out")).toBe("mine");
    check(await parse(["a.log", "-o", "out/below"], { folder }), {
      code: 3,
      stderr: /NOT WRITTEN CSV: out\/below\/training\.csv can't be made: a part of its path is a file\n/,
    });
  });

  it("because a folder is in the way: exit code 3, the message names the place", async () => {
    const folder = freshFolder({ "a.log": ONE });
    mkdirSync(join(folder, "out/training.csv"), { recursive: true });
    const run = await parse(["a.log", "-o", "out", "-q"], { folder });
    check(run, {
      code: 3,
      stderr: /NOT WRITTEN CSV: out\/training\.csv can't be written: a folder of that name is in the way\n/,
    });
  });

  it("with --combine and with NDJSON: exit code 3", async () => {
    const folder = freshFolder({ "a.log": ONE, "b.log": ONE, out: "mine" });
    const refused = (format: string, file: string) =>
      new RegExp(`^not written: ${format}: out/${file} can't be made: a part of its path is a file\n$`, "m");
    check(await parse(["a.log", "b.log", "-o", "out", "-q", "--combine"], { folder }), {
      code: 3,
      stderr: refused("CSV", "training.csv"),
    });
    check(await parse(["a.log", "-o", "out", "-q", "--combine", "--format", "ndjson"], { folder }), {
      code: 3,
      stderr: refused("NDJSON", "measurements.ndjson"),
    });
  });

  it("of one log don't keep those of another back", async () => {
    const folder = freshFolder({ "a.log": train(1000), "b.log": train(2000), "out/a": "in the way" });
    for (const jobs of ["1", "2"]) {
      const run = await parse(["a.log", "b.log", "-o", "out", "-q", "-j", jobs], { folder });
      check(run, { code: 3, stderr: /^a\.log\n {2}NOT WRITTEN CSV: out\/a\/training\.csv can't be made/ });
      expect(result(run, "out/b/training.csv")).toBe(csv(TRAINING_HEADER, trainRow(2000)));
    }
  });

  it.skipIf(!existsSync("/dev/full"))(
    "because the disk behind standard output is full: exit code 3",
    async () => {
      const folder = freshFolder({ "a.log": ONE });
      const run = await runShell(`"$0" "$1" parse a.log --format ndjson -q >/dev/full`, [NODE, RUN], {
        folder,
      });
      check(run, { code: 3, stderr: /not written: .*the disk is full/ });
    },
  );

  it
    .skipIf(!existsSync("/dev/full"))
    .each(["parse a.log --json", "check a.log --json", "--version", "parse --help"])(
    "because the disk behind standard output is full: %s",
    async (args) => {
      const folder = freshFolder({ "a.log": ONE });
      const run = await runShell(`"$0" "$1" ${args} >/dev/full`, [NODE, RUN], { folder });
      check(run, { code: 3, stderr: /standard output: .*the disk is full\n$/ });
      expect(run.stderr).not.toContain("    at ");
    },
  );

  it.skipIf(!existsSync("/dev/full"))(
    "because the disk behind --tee is full: the results are written, exit code 3",
    async () => {
      const log = Array.from({ length: 20_000 }, (_, up) => train(up + 1)).join("");
      const folder = freshFolder({ "a.log": log });
      const script = `{ cat a.log && echo drained >&2; } | "$0" "$1" parse --tee -q >/dev/full`;
      const run = await runShell(script, [NODE, RUN], { folder });
      check(run, { code: 3, stderr: /drained\n[\s\S]*the disk is full/ });
      expect(result(run, "output/training.csv").split("\r\n")).toHaveLength(20_002);
    },
  );
});
