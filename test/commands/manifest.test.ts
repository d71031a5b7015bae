/** `archive --manifest` and `parse --manifest`: one worker of many. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse as readCsv } from "csv-parse/sync";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { columnsOf } from "../../src/publishers/tables/schema.js";
import { ALL_COLUMNS } from "../../src/publishers/tables/stream-rows.js";
import { check, eventually, filesBelow, freshFolder, type Run, startBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { chatter, start, train } from "../cli/sample-logs.js";
import { scaleArchive } from "../cli/scale-archive.js";
import { ObjectServer } from "../servers/objects/server.js";

const QUIET = ["-q"];

async function planned(files = scaleArchive()): Promise<string> {
  const folder = freshFolder(files);
  await runHere("run", ["plan", "archive", "-o", "m.ndjson"], { folder });
  return folder;
}

const archive = (folder: string, args: readonly string[], env = {}, stdin?: string): Promise<Run> =>
  runHere("run", ["archive", ...args], { folder, env, ...(stdin === undefined ? {} : { stdin }) });

/** Rows of the stream as objects of what they have. */
function tabbed(text: string): Record<string, string>[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const cells = line.split("\t");
      expect(cells).toHaveLength(ALL_COLUMNS.length);
      return Object.fromEntries(ALL_COLUMNS.map(({ name }, at) => [name, cells[at] ?? ""]));
    });
}

const csvOf = (folder: string, path: string): Record<string, string>[] =>
  readCsv(readFileSync(join(folder, path), "utf8"), { columns: true });

describe("rows on standard output", () => {
  test("are those of the CSV tables; a bad log is a row and no exit code", async () => {
    const folder = await planned();
    const done = await archive(folder, ["--manifest", "m.ndjson", "--format", "tsv"]);
    check(done, { code: 0, stdout: /./, stderr: /ERROR en-hu\/base_\S+\/empty_aY25-: the input is empty\n/ });
    expect(done.stderr).toMatch(/17 runs, 5 with errors/);
    await archive(folder, ["archive", "--no-wandb", "-o", "tables", "--format", "csv", "-q"]);
    const rows = tabbed(done.stdout);
    for (const table of ["training", "validation", "evaluations", "runs"] as const) {
      const mine = rows.filter((row) => row["table"] === table);
      const theirs = csvOf(folder, `tables/${table}.csv`);
      expect(mine.length).toBe(theirs.length);
      const names = columnsOf(table).map(({ name }) => name);
      expect(Object.keys(theirs[0] ?? {})).toEqual(names);
      const known = names.filter((name) => !["source", "error"].includes(name));
      const shown = (list: Record<string, string>[]) =>
        list.map((row) => known.map((name) => row[name]).join("|")).sort();
      expect(shown(mine)).toEqual(shown(theirs));
    }
    const errors = rows.filter(({ error }) => error !== "");
    expect(errors.map(({ run }) => run)).toEqual([
      "binary_aY25-",
      "chatter_aY25-",
      "empty_aY25-",
      "half_aY25-",
      "teacher-1_aY25-",
    ]);
    expect(errors.at(-1)?.["error"]).toMatch(/mtdata_x\.metrics: /);
    // Metrics without a column are there as JSON.
    const further = rows
      .filter((row) => row["further"] !== "")
      .map((row) => JSON.parse(row["further"] ?? ""));
    expect(further).toContainEqual({ bleu: 12 });
    expect(further).toContainEqual({ metricx: 1.5 });
    // Of the log of validations beside it.
    expect(rows.find((row) => row["run"] === "student_snake" && row["perplexity"] === "3.5")).toBeDefined();
  });

  test.each(["ndjson", "tsv"])(
    "shards 1 to n of n, one after the other, are all rows (%s)",
    async (format) => {
      const folder = await planned();
      const flags = ["--manifest", "m.ndjson", "--format", format, ...QUIET];
      const whole = await archive(folder, flags);
      expect(whole.bytes.length).toBeGreaterThan(10_000);
      for (let count = 1; count <= 5; count += 1) {
        const parts = await Promise.all(
          Array.from({ length: count }, (_, at) =>
            archive(folder, [...flags, "--shard", `${at + 1}/${count}`]),
          ),
        );
        expect(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(whole.bytes)).toBe(true);
      }
    },
  );

  test("--table prints the rows of one, and from standard input the same", async () => {
    const folder = await planned();
    const manifest = readFileSync(join(folder, "m.ndjson"), "utf8");
    const all = await archive(folder, ["--manifest", "-", ...QUIET], {}, manifest);
    expect(all.stdout).toBe((await archive(folder, ["--manifest", "m.ndjson", ...QUIET])).stdout);
    for (const table of ["training", "validation", "evaluations", "runs"]) {
      const one = await archive(folder, ["--manifest", "-", "--table", table, ...QUIET], {}, manifest);
      const mine = all.stdout.split("\n").filter((line) => line.startsWith(`{"table":"${table}"`));
      const expected = mine.map((line) => line.replace(`"table":"${table}",`, ""));
      expect(expected.length).toBeGreaterThan(1);
      expect(one.stdout.split("\n").slice(0, -1)).toEqual(expected);
      const tsv = await archive(
        folder,
        ["--manifest", "-", "--table", table, "--format", "tsv", ...QUIET],
        {},
        manifest,
      );
      const [first = ""] = tsv.stdout.split("\n");
      expect(first.split("\t")).toHaveLength(columnsOf(table as "runs").length);
    }
  });

  test("work items are read as they come: the first rows are there before the last item", async () => {
    const folder = await planned();
    const lines = readFileSync(join(folder, "m.ndjson"), "utf8").trim().split("\n");
    const line = lines.find((one) => one.includes('"student_snake"')) ?? "";
    const live = startBinary("run", ["archive", "--manifest", "-", "--format", "ndjson"], { folder });
    live.child.stdin.write(`${line}\n`);
    await live.until((stdout) => stdout.includes('"kind":"training"'));
    live.child.stdin.end(`${line.replaceAll("student_snake", "again")}\n`);
    const done = await live.done;
    check(done, { code: 0, stdout: /"run":"again"/, stderr: /2 runs, 0 with errors/ });
  });

  test("a log that changed since it was listed is an error row", async () => {
    const folder = await planned();
    writeFileSync(join(folder, "archive/models/en-hu/snake/student/train.log"), start() + train(1));
    const done = await archive(folder, ["--manifest", "m.ndjson", "--table", "runs", ...QUIET]);
    expect(done.code).toBe(0);
    const rows = done.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const errors = new Map(rows.map(({ run, error }) => [run, error]));
    expect(errors.get("student_snake")).toMatch(/changed since it was listed/);
  });
});

describe("files of a shard", () => {
  test("are tables with the same columns in each, and the manifest of what is in them", async () => {
    const folder = await planned();
    const flags = [
      "--manifest",
      "m.ndjson",
      "-o",
      "out",
      "--format",
      "csv",
      "--format",
      "ndjson",
      "--format",
      "tsv",
    ];
    for (const i of [1, 2, 3]) {
      const env = {
        SLURM_ARRAY_TASK_ID: String(i + 9),
        SLURM_ARRAY_TASK_MIN: "10",
        SLURM_ARRAY_TASK_MAX: "12",
      };
      const done = await archive(folder, [...flags, "--shard", "auto"], env);
      check(done, { code: 0, stderr: /runs?, \d with errors/ });
    }
    const shards = readdirSync(join(folder, "out"));
    expect(shards).toEqual(["shard-1-of-3", "shard-2-of-3", "shard-3-of-3"]);
    const joined = (file: string) =>
      shards.map((shard) => readFileSync(join(folder, "out", shard, file), "utf8")).join("");
    expect(joined("manifest.ndjson")).toBe(readFileSync(join(folder, "m.ndjson"), "utf8"));
    const tsv = await archive(folder, ["--manifest", "m.ndjson", "--format", "tsv", ...QUIET]);
    expect(joined("rows.tsv")).toBe(tsv.stdout);
    const headers = shards.map(
      (shard) => readFileSync(join(folder, "out", shard, "training.csv"), "utf8").split("\r\n")[0],
    );
    expect(new Set(headers).size).toBe(1);
    await archive(folder, ["--manifest", "m.ndjson", "-o", "whole", "--format", "ndjson", ...QUIET]);
    for (const table of ["training", "evaluations", "runs"])
      expect(joined(`${table}.ndjson`)).toBe(readFileSync(join(folder, "whole", `${table}.ndjson`), "utf8"));
  });

  test("a shard that was killed while it wrote, and is run again, leaves no trace", async () => {
    const log =
      start() + chatter().repeat(40) + Array.from({ length: 4000 }, (_, up) => train(up + 1)).join("");
    const files: Record<string, string> = {};
    for (let index = 0; index < 40; index += 1)
      files[`archive/logs/en-hu/base/student-${index}/train.log`] = log;
    const folder = await planned(files);
    const args = [
      "archive",
      "--manifest",
      "m.ndjson",
      "--shard",
      "1/1",
      "-o",
      "out",
      "--format",
      "tsv",
      "--format",
      "parquet",
    ];
    const live = startBinary("run", args, { folder });
    await eventually(
      () => filesBelow(join(folder, "out")).some((path) => /^\.shard-1-of-1\.[^/]+\.partial\//.test(path)),
      live,
    );
    live.child.kill("SIGKILL");
    await live.done;
    expect(existsSync(join(folder, "out/shard-1-of-1"))).toBe(false);
    const again = await runHere("run", args, { folder });
    check(again, { code: 0, stderr: /40 runs, 0 with errors: 160,000 training rows/ });
    await runHere("run", args.with(args.indexOf("out"), "clean"), { folder });
    expect(filesBelow(join(folder, "out"))).toEqual(filesBelow(join(folder, "clean")));
    expect(readdirSync(join(folder, "out"))).toEqual(["shard-1-of-1"]);
    const parquet = (of: string) => readFileSync(join(folder, of, "shard-1-of-1/training.parquet"));
    expect(parquet("out").equals(parquet("clean"))).toBe(true);
    const twice = await runHere("run", args, { folder });
    check(twice, { code: 0, stderr: /40 runs/ });
    expect(readdirSync(join(folder, "out"))).toEqual(["shard-1-of-1"]);
  });

  test("an archive's part can be read without a manifest", async () => {
    const folder = freshFolder(scaleArchive());
    const parts = await Promise.all(
      [1, 2].map((i) => archive(folder, ["archive", "--shard", `${i}/2`, "--format", "tsv", ...QUIET])),
    );
    await runHere("run", ["plan", "archive", "-o", "m.ndjson"], { folder });
    const whole = await archive(folder, ["--manifest", "m.ndjson", "--format", "tsv", ...QUIET]);
    expect(parts.map(({ stdout }) => stdout).join("")).toBe(whole.stdout);
  });
});

describe("parse --manifest", () => {
  test("prints measurements; a bad log is a line of the type error", async () => {
    const folder = await planned();
    const done = await runHere("run", ["parse", "--manifest", "m.ndjson"], { folder });
    expect(done.code).toBe(0);
    const lines = done.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const errors = lines.filter(({ type }) => type === "error");
    expect(errors.map(({ source }) => source.split("/").at(-2)).sort()).toEqual([
      "binary",
      "chatter",
      "empty",
      "half",
    ]);
    expect(
      lines.filter(({ source, type }) => source.includes("/labelled/") && type === "training"),
    ).toHaveLength(20);
    const file = await runHere("run", ["parse", "--manifest", "m.ndjson", "--shard", "1/1", "-o", "o"], {
      folder,
    });
    check(file, { code: 0, stderr: /17 runs/ });
    expect(readFileSync(join(folder, "o/shard-1-of-1/measurements.ndjson"), "utf8")).toBe(done.stdout);
    const tsv = await runHere("run", ["parse", "--manifest", "m.ndjson", "--format", "tsv", "-q"], {
      folder,
    });
    expect(tabbed(tsv.stdout).length).toBeGreaterThan(100);
  });

  test("gives publishers of the user's own the measurements and the evaluations of each run", async () => {
    const folder = await planned();
    writeFileSync(
      join(folder, "mine.mjs"),
      `import { appendFileSync } from "node:fs";
      export function createPublisher() {
        let [source, rows] = ["", 0];
        return {
          name: "mine",
          open(run) { source = run.source; },
          training(list) { rows += list.length; },
          evaluations(list) {
            const scores = list.map(({ dataset, metrics }) => [dataset, ...metrics]);
            appendFileSync(${JSON.stringify(join(folder, "mine.ndjson"))}, JSON.stringify({ source, rows, scores }) + "\\n");
          },
        };
      }`,
    );
    const done = await runHere("run", ["parse", "--manifest", "m.ndjson", "--publisher", "mine.mjs", "-q"], {
      folder,
    });
    expect(done.code).toBe(0);
    const seen = readFileSync(join(folder, "mine.ndjson"), "utf8").trim().split("\n");
    const measurements = done.stdout.trim().split("\n");
    const items = readFileSync(join(folder, "m.ndjson"), "utf8").trim().split("\n");
    const scored = items
      .map((item) => JSON.parse(item))
      .filter(({ files = [], evaluations = [] }) => files.length > 0 && evaluations.length > 0);
    expect(scored.length).toBeGreaterThan(0);
    expect(seen).toHaveLength(scored.length);
    for (const { source, rows, scores } of seen.map((line) => JSON.parse(line))) {
      const mine = measurements.map((line) => JSON.parse(line)).filter((line) => line.source === source);
      expect(rows).toBe(mine.filter(({ type }) => type === "training").length);
      expect(scores.length).toBeGreaterThan(0);
    }
  });
});

describe("objects", () => {
  let server: ObjectServer;
  beforeEach(async () => {
    server = await ObjectServer.start();
    for (const [name, content] of Object.entries(scaleArchive())) server.put("b", name, content);
  });
  afterEach(() => server.close());
  const env = () => ({ STORAGE_EMULATOR_HOST: server.url });

  test("give the rows of files, over cuts and refusals", async () => {
    const folder = await planned();
    const local = await archive(folder, ["--manifest", "m.ndjson", "--format", "tsv", ...QUIET]);
    await runHere("run", ["plan", "gs://b/archive", "-o", "o.ndjson"], { folder, env: env() });
    server.fail(/alt=media/, { kind: "status", status: 429, retryAfter: "0" }, 2);
    server.fail(/teacher-1/, { kind: "cut", after: 700 });
    server.fail(/labelled/, { kind: "drop" });
    const remote = await archive(folder, ["--manifest", "o.ndjson", "--format", "tsv", ...QUIET], env());
    expect(remote.code).toBe(0);
    const plain = (text: string, start: string) => text.replaceAll(start, "");
    expect(plain(remote.stdout, "gs://b/")).toBe(plain(local.stdout, `${folder}/`));
  });

  test("that can't be reached are no rows but a failure that is worth a retry", async () => {
    const folder = freshFolder();
    await runHere("run", ["plan", "gs://b/archive", "-o", "o.ndjson"], { folder, env: env() });
    const logs = readFileSync(join(folder, "o.ndjson"), "utf8").replaceAll(
      "gs://b/",
      "http://127.0.0.1:1/b/",
    );
    writeFileSync(join(folder, "away.ndjson"), logs);
    const ways = [[], ["--shard", "1/1", "-o", "out", "--format", "parquet"]];
    const runs = await Promise.all(
      ways.map((more) => archive(folder, ["--manifest", "away.ndjson", ...more])),
    );
    for (const done of runs)
      check(done, { code: 1, stderr: /not read, run this again: http:\/\/127\.0\.0\.1:1\// });
    expect(filesBelow(join(folder, "out"))).toEqual(["shard-1-of-1.failed.json"]);
  });

  test("are read by parse and by archive, and manifests may be objects", async () => {
    const folder = freshFolder();
    const log = `${server.url}/files/b/archive/models/en-hu/snake/teacher/train.log.gz?token=secret`;
    const one = await runHere("run", ["parse", log, "-o", "one"], { folder });
    check(one, { code: 0, stderr: /training +40 rows/ });
    expect(one.stderr).not.toContain("secret");
    const done = await archive(
      folder,
      ["gs://b/archive", "--no-wandb", "-o", "tables", "--format", "csv"],
      env(),
    );
    check(done, { code: 1, stderr: /tables: 16 logs/ });
    expect(csvOf(folder, "tables/runs.csv")).toHaveLength(17);
    const { stdout } = await runHere("run", ["plan", "gs://b/archive/models/en-hu/snake", "-q"], {
      folder,
      env: env(),
    });
    server.put("b", "m.ndjson", stdout);
    const rows = await archive(folder, ["--manifest", "gs://b/m.ndjson", "--table", "runs", ...QUIET], env());
    expect(rows.stdout.trim().split("\n")).toHaveLength(2);
  });
});

describe("wrong flags and manifests are refused in words", () => {
  test.each<[readonly string[], RegExp]>([
    [["archive"], /name the folder or tar/],
    [["archive", "x", "--manifest", "m"], /either an archive or a --manifest/],
    [["archive", "--manifest", "none.ndjson"], /none.ndjson can't be read: there is no such file/],
    [["archive", "--manifest", "bad.ndjson"], /bad.ndjson, line 2: this line is not JSON/],
    [["archive", "--manifest", "bad.ndjson", "--format", "csv"], /standard output takes/],
    [["archive", "--manifest", "bad.ndjson", "-o", "o", "--table", "runs"], /--table is for/],
    [["archive", "--manifest", "bad.ndjson", "--filter", "x"], /use them with `plan`/],
    [["archive", "--manifest", "bad.ndjson", "--shard", "auto"], /none of SLURM_ARRAY_TASK_ID/],
    [["archive", "x", "--format", "tsv"], /need --manifest or --shard/],
    [["archive", "x", "--no-wandb", "--format", "csv"], /--format needs -o/],
    [["parse", "--manifest", "bad.ndjson", "--format", "csv"], /use `archive --manifest` with -o/],
    [["parse", "x.log", "--manifest", "bad.ndjson"], /either inputs or a --manifest/],
    [["parse", "--manifest", "bad.ndjson", "--tee"], /--tee does not go with/],
    [["parse", "--manifest", "bad.ndjson", "--follow"], /--follow does not go with/],
    [["parse", "--manifest", "bad.ndjson", "-j", "2"], /--jobs does not go with/],
    [["parse", "--manifest", "bad.ndjson", "--tensorboard", "d"], /--tensorboard does not go with/],
    [["parse", "x.log", "--shard", "1/2"], /name one with --manifest/],
    [["parse", "x.log", "--format", "tsv"], /is for a --manifest/],
  ])("%j is refused with a sentence", async (args, message) => {
    const folder = freshFolder({ "bad.ndjson": "\n{torn\n" });
    check(await runHere("run", args, { folder }), { code: 2, stderr: message });
  });
});
