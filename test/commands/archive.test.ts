/** `archive` and `parse_experiment_dir` as a user runs them. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SCHEMA, SCHEMA_VERSION } from "../../src/publishers/tables/schema.js";
import {
  binaryPath,
  check,
  eventually,
  freshFolder,
  type RunOptions,
  runShell,
  startBinary,
} from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { query } from "../publishers/tables/read-tables.js";
import { StandInServer } from "../servers/wandb/index.js";

const GROUP = "base_aY25-4fXTcuJNuMcWXUYtQ";

/** A log with `rows` updates. */
function log(rows: number, cost = 5): string {
  const lines = ["[2026-01-01 09:00:00] [marian] Marian v1.12.0 65bf82ff 2023-02-21 09:56:29 -0800"];
  for (let row = 1; row <= rows; row += 1) {
    const time = `2026-01-01 10:${String(Math.floor(row / 60)).padStart(2, "0")}:${String(row % 60).padStart(2, "0")}`;
    lines.push(
      `[${time}] Ep. 1 : Up. ${row * 100} : Sen. ${row * 1000} : Cost ${cost}.5 : Time 10.00s : 100.00 words/s : gNorm 1.5`,
    );
  }
  lines.push(`[2026-01-01 11:00:00] [valid] Ep. 1 : Up. ${rows * 100} : chrf : 50.5 : new best`);
  return `${lines.join("\n")}\n`;
}

const files = (): Record<string, string | Uint8Array> => ({
  [`archive/logs/en-hu/${GROUP}/student/train.log`]: log(30),
  [`archive/logs/en-hu/${GROUP}/teacher-1/train.log.gz`]: gzipSync(log(20)),
  [`archive/models/en-hu/${GROUP}/evaluation/student/flores_devtest.metrics`]: "30.5\n60.5\n0.85\n",
  [`archive/models/en-hu/${GROUP}/evaluation/quantized/flores_devtest.metrics.json`]:
    '{"bleu":{"score":29.5,"details":{}},"metricx":{"score":1.5}}',
  [`archive/experiments/en-hu/${GROUP}/config.yml`]: "experiment:\n  name: base\n  src: en\n  trg: hu\n",
  "archive/models/en-hu/snake/student/train.log": log(10),
});

let server: StandInServer;
beforeEach(async () => {
  server = await StandInServer.start();
});
afterEach(() => server.close());

const archive = (args: readonly string[], options: RunOptions = {}) =>
  runHere("run", ["archive", "archive", ...args], {
    folder: freshFolder(files()),
    ...options,
    env: {
      WANDB_BASE_URL: server.url,
      WANDB_API_KEY: server.apiKey,
      XDG_CACHE_HOME: "cache",
      ...options.env,
    },
  });

const ids = () => [...server.store.runs.keys()].map((key) => key.split("/").at(-1)).sort();
const RUNS = [
  "group_logs_aY25-",
  "group_logs_snake",
  "quantized_aY25-",
  "student_aY25-",
  "student_snake",
  "teacher-1_aY25-",
];

describe("to Weights & Biases", () => {
  test("both layouts at once: trainings, evaluations alone, and the run of each group", async () => {
    const done = await archive(["--tags", "old"]);
    check(done, { code: 0, stdout: "", stderr: /W&B: 2 groups, 6 runs: 6 new\n/ });
    expect(ids()).toEqual(RUNS);
    expect(server.history("en-hu", "student_aY25-")).toHaveLength(30);
    expect(server.run("en-hu", "student_aY25-")).toMatchObject({
      group: GROUP,
      tags: ["old"],
      state: "finished",
    });
    expect(JSON.parse(server.run("en-hu", "group_logs_aY25-").config)).toMatchObject({
      experiment: { value: { name: "base", src: "en", trg: "hu" } },
    });
    expect(existsSync(join(done.folder, "output"))).toBe(false);
  });

  test("again, it sends nothing; a longer log and a new evaluation are sent", async () => {
    const { folder } = await archive([]);
    const before = server.requests.length;
    check(await archive([], { folder }), { code: 0, stderr: /6 runs: 6 unchanged\n/ });
    expect(server.requests.length).toBe(before);
    const student = join(folder, `archive/logs/en-hu/${GROUP}/student/train.log`);
    appendFileSync(student, log(31).split("\n")[31] ?? "");
    appendFileSync(student, "\n");
    const third = await archive(["-v"], { folder });
    check(third, { code: 0, stderr: /student_aY25-: changed, 31 training rows/ });
    // The log is part of the group's artifact.
    expect(third.stderr).toContain("6 runs: 2 changed, 4 unchanged");
    expect(server.history("en-hu", "student_aY25-").map((row) => row["_step"])).toEqual(
      Array.from({ length: 31 }, (_, row) => (row + 1) * 100),
    );
  });

  test("a dry run says what is new, changed, unchanged and unreadable, and does nothing", async () => {
    const { folder } = await archive([]);
    const path = (model: string) => join(folder, `archive/logs/en-hu/${GROUP}/${model}/train.log`);
    appendFileSync(
      path("student"),
      "[2026-01-01 12:00:00] Ep. 1 : Up. 9999 : Sen. 1 : Cost 1.5 : Time 10.00s : 100.00 words/s : gNorm 1.5\n",
    );
    const more = freshFolder({ ...files(), [`archive/logs/en-hu/${GROUP}/backwards/train.log`]: "no log\n" });
    const requests = server.requests.length;
    const known = await archive(["--dry-run"], { folder });
    check(known, {
      code: 0,
      stdout: /changed +student_aY25-: 31 training rows.*\n.*31 rows, 30 on the server/,
    });
    expect(known.stdout).toMatch(/unchanged +teacher-1_aY25-/);
    const fresh = await archive(["--dry-run"], { folder: more, env: { WANDB_MODE: "offline" } });
    check(fresh, { code: 1, stdout: /unreadable +backwards_aY25-/, stderr: /it contains no/ });
    expect(fresh.stdout).toMatch(/new +student_aY25-: 30 training rows, 1 validation point, 1 evaluation/);
    expect(existsSync(join(more, "wandb"))).toBe(false);
    expect(server.requests.slice(requests).filter(({ operation }) => operation === "UpsertBucket")).toEqual(
      [],
    );
  });

  test("some runs only", async () => {
    check(await archive(["--filter", "en-hu/*/student*"]), { code: 0, stderr: /4 runs: 4 new/ });
    expect(ids()).toEqual(["group_logs_aY25-", "group_logs_snake", "student_aY25-", "student_snake"]);
  });

  test("trainings only, evaluations only", async () => {
    const { folder } = await archive(["--only", "training"]);
    expect(ids()).toEqual(RUNS.filter((id) => /student|teacher/.test(id)));
    check(await archive(["--only", "evaluations"], { folder }), { code: 0, stderr: /2 runs: 2 new/ });
    expect(ids()).toEqual(RUNS.filter((id) => id !== "group_logs_snake"));
  });

  test("one bad experiment stops nothing: it is named, and the exit code is 1", async () => {
    const folder = freshFolder({
      ...files(),
      [`archive/logs/en-hu/${GROUP}/backwards/train.log.gz`]: gzipSync(log(40)).subarray(0, 150),
      [`archive/models/en-hu/${GROUP}/evaluation/student/mtdata_x.metrics`]: "one\n",
    });
    const done = await archive([], { folder });
    check(done, { code: 1, stderr: /ERROR archive\/logs\/.*backwards\/train\.log\.gz: / });
    expect(done.stderr).toMatch(/ERROR archive\/models\/.*mtdata_x\.metrics: /);
    expect(ids()).toEqual(expect.arrayContaining(RUNS));
    // The second time it is still wrong, but nothing is sent.
    const requests = server.requests.length;
    const again = await archive([], { folder });
    check(again, { code: 1, stderr: /backwards/ });
    expect(server.requests.length).toBe(requests);
  });

  test("a server that refuses: exit code 3, nothing in the ledger, and the next time all of it arrives", async () => {
    server.inject({
      operation: "UpsertBucket",
      fault: { kind: "graphql-error", message: "no such project" },
      times: Number.POSITIVE_INFINITY,
    });
    const done = await archive([]);
    check(done, { code: 3, stderr: /undelivered/ });
    server.heal();
    check(await archive([], { folder: done.folder }), { code: 0, stderr: /6 runs: 6 new\n/ });
    expect(ids()).toEqual(RUNS);
  });

  test("killed at any moment and run again, it ends with the rows of one clean run", async () => {
    const folder = freshFolder(files());
    for (const requests of [1, 6, 12]) {
      const before = server.requests.length;
      const live = startBinary("run", ["archive", "archive"], {
        folder,
        env: { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey, XDG_CACHE_HOME: "cache" },
      });
      await eventually(() => server.requests.length >= before + requests, live);
      live.child.kill("SIGKILL");
      await live.done;
    }
    check(await archive([], { folder }), { code: 0, stderr: /6 runs: / });
    expect(ids()).toEqual(RUNS);
    for (const [id, rows] of [
      ["student_aY25-", 30],
      ["teacher-1_aY25-", 20],
      ["student_snake", 10],
    ] as const) {
      const steps = server.history("en-hu", id).map((row) => row["_step"]);
      expect([id, steps]).toEqual([id, Array.from({ length: rows }, (_, row) => (row + 1) * 100)]);
    }
  });

  test("without a key it says so at once, with what else can be done", async () => {
    const done = await archive([], { env: { WANDB_API_KEY: "" } });
    check(done, { code: 2, stderr: /WANDB_MODE=offline[\s\S]*--no-wandb/ });
    expect(server.requests).toEqual([]);
  });

  test("offline, all of it is in official files, and sync delivers them", async () => {
    const { folder, code } = await archive(["--wandb-client", "offline"]);
    expect(code).toBe(0);
    expect(server.requests).toEqual([]);
    const sync = await runHere("run", ["sync", "."], {
      folder,
      env: { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey },
    });
    check(sync, { code: 0, stderr: /student_aY25-/ });
    expect(ids()).toEqual(RUNS);
    expect(server.history("en-hu", "student_aY25-").filter((row) => row["cost"] !== undefined)).toHaveLength(
      30,
    );
  });
});

describe("into tables", () => {
  const tables = (args: readonly string[], options: RunOptions = {}) =>
    archive(["--no-wandb", "-o", "out", ...args], { ...options, env: { WANDB_API_KEY: "" } });

  test("one tidy table of each kind over the whole archive", async () => {
    const done = await tables([]);
    check(done, {
      code: 0,
      stdout: "",
      stderr: /tables: 3 logs \(.*\), 60 training rows, 3 validation points, 2 evaluations/,
    });
    const table = (name: string) =>
      readFileSync(join(done.folder, "out", `${name}.csv`), "utf8").split("\r\n");
    expect(table("training")).toHaveLength(62);
    expect(table("training")[1]).toMatch(
      /^en-hu,base_aY25-4fXTcuJNuMcWXUYtQ,student_aY25-,0,2,2026-01-01T10:00:01\.000Z,1,100,/,
    );
    expect(table("evaluations").slice(0, 3)).toEqual([
      "project,group,run,model,importer,dataset,augmentation,bleu_detok,chrf,comet,further",
      `en-hu,${GROUP},quantized_aY25-,quantized,flores,devtest,,29.5,,,"{""metricx"":1.5}"`,
      `en-hu,${GROUP},student_aY25-,student,flores,devtest,,30.5,60.5,85.0,`,
    ]);
    expect(table("runs")).toHaveLength(6);
    expect(readdirSync(join(done.folder, "out")).sort()).toEqual(
      [".tables-state", "evaluations", "ledger.ndjson", "runs", "training", "validation"].flatMap((name) =>
        name.includes(".") ? [name] : [`${name}.csv`, `${name}.parquet`],
      ),
    );
    expect(server.requests).toEqual([]);
  });

  test("again, it reads the logs that have changed, and with --verify those whose contents have", async () => {
    const { folder } = await tables(["-q"]);
    appendFileSync(join(folder, `archive/logs/en-hu/${GROUP}/student/train.log`), log(2));
    check(await tables([], { folder }), {
      code: 0,
      stderr: /tables: 3 logs \(.*, 1 read, 2 unchanged\), 62 training rows/,
    });
    expect((await tables([], { folder })).stderr).toMatch(/nothing has changed/);
    expect((await tables(["--verify"], { folder })).stderr).toMatch(/tables: 3 logs \([^,]*\), 62/);
    const verified = await tables(["--verify", "--json"], { folder });
    expect(JSON.parse(verified.stdout).tables).toMatchObject({ unchanged_logs: 3, errors: [] });
    const fresh = await tables([], { folder: freshFolder({ ...files() }) });
    expect(readdirSync(join(fresh.folder, "out"))).toEqual(readdirSync(join(folder, "out")));
  });

  test("as a data set that DuckDB reads by the names of its folders", async () => {
    const { folder } = await tables([
      "--format",
      "parquet",
      "--partition-by",
      "project",
      "--max-file-size",
      "1GB",
    ]);
    const files = `'${folder}/out/training.parquet/**/*.parquet'`;
    const found = await query(
      `select project, count(*) as rows from read_parquet(${files}, hive_partitioning = true) group by project`,
    );
    expect(found).toEqual([{ project: "en-hu", rows: 60n }]);
    expect(readdirSync(join(folder, "out/runs.parquet"))).toEqual(["project=en-hu"]);
    const refused = (...args: string[]) => tables(args).then(({ code, stderr }) => `${code} ${stderr}`);
    expect(await refused("--max-file-size", "big")).toMatch(/^2 .*expected a size such as 512MB or 1GB/s);
    expect(await refused("--partition-by", "colour")).toMatch(/^2 .*project/s);
    expect(await refused("--manifest", "m", "--partition-by", "project")).toMatch(
      /^2 .*--partition-by can.t be used with --manifest/s,
    );
  });

  test("with the compression that is asked for, of Parquet alone", async () => {
    const { folder } = await tables(["--format", "parquet", "--compression", "zstd"]);
    const codecs = await query(
      `select distinct compression from parquet_metadata('${folder}/out/*.parquet') where compression <> 'UNCOMPRESSED'`,
    );
    expect(codecs).toEqual([{ compression: "ZSTD" }]);
    check(await tables(["--format", "csv", "--compression", "zstd"]), {
      code: 2,
      stderr: /--compression is for Parquet: give --format parquet/,
    });
    check(await tables(["--compression", "lz4"]), { code: 2, stderr: /snappy/ });
  });

  test("of two archives that open together, and say of what schema they are", async () => {
    const one = await tables([]);
    const two = await tables(["--only", "evaluations"]);
    for (const { name, columns } of Object.values(SCHEMA)) {
      const files = `['${one.folder}/out/${name}.parquet', '${two.folder}/out/${name}.parquet']`;
      const found = await query(`describe select * from read_parquet(${files})`);
      expect(found.map((row) => row["column_name"])).toEqual(columns.map((column) => column.name));
      await query(`select count(*) from read_parquet(${files})`);
      const facts = await query(
        `select decode(key) as key, decode(value) as value from parquet_kv_metadata('${one.folder}/out/${name}.parquet')`,
      );
      expect(Object.fromEntries(facts.map(({ key, value }) => [key, value]))).toEqual({
        "marian_tracking.version": expect.stringMatching(/^\d/),
        "marian_tracking.table": name,
        "marian_tracking.schema_version": SCHEMA_VERSION,
        "marian_tracking.inputs": expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      });
    }
  });

  test("again, nothing is written; a missing file or another flag makes them anew", async () => {
    const { folder } = await tables(["--format", "csv"]);
    check(await tables(["--format", "csv"], { folder }), { code: 0, stderr: /nothing has changed/ });
    rmSync(join(folder, "out/runs.csv"));
    check(await tables(["--format", "csv"], { folder }), { code: 0, stderr: /tables: 3 logs/ });
    check(await tables(["--format", "ndjson"], { folder }), { code: 0, stderr: /tables: 3 logs/ });
    expect(existsSync(join(folder, "out/training.ndjson"))).toBe(true);
  });

  test("the receipt as JSON", async () => {
    const done = await tables(["--json"]);
    const receipt = JSON.parse(done.stdout) as {
      tables: { logs: unknown[]; outputs: string[] };
      exit_code: number;
    };
    expect(receipt.exit_code).toBe(0);
    expect(receipt.tables.logs).toHaveLength(3);
    expect(receipt.tables.outputs).toContain("out/training.parquet");
    expect(done.stderr).toBe("");
  });

  test("a receipt that is longer than a pipe holds arrives whole, however late it is read", async () => {
    const logs = Array.from({ length: 200 }, (_, run) => [
      `archive/models/en-hu/exp${run}/student/train.log`,
      log(1),
    ]);
    const script =
      '("$0" "$1" archive archive --no-wandb -o out --format csv --json; echo $? >&2) | (sleep 1; cat)';
    const words = [process.execPath, binaryPath("run")];
    const done = await runShell(script, words, { folder: freshFolder(Object.fromEntries(logs)) });
    expect(done.stderr).toBe("0\n");
    expect(done.bytes.length).toBeGreaterThan(2 ** 16);
    expect(JSON.parse(done.stdout)).toMatchObject({ exit_code: 0 });
    const head = await runShell(script.replace("(sleep 1; cat)", "head -1"), words, { folder: done.folder });
    check(head, { code: 0, stdout: "{\n", stderr: "0\n" });
  });

  test("a folder that can't be written is exit code 3", async () => {
    const folder = freshFolder({ ...files(), out: "a file" });
    const done = await tables([], { folder });
    expect(done.code).toBe(3);
    expect(done.stderr).toMatch(/out/);
    expect(done.stderr).not.toMatch(/\n\s+at /);
  });
});

describe("wrong use", () => {
  test.each([
    ["nothing there", ["nowhere", "--no-wandb", "-o", "out"], /nowhere: there is no such file/],
    ["no archive", ["empty", "--no-wandb", "-o", "out"], /empty: there is no archive here/],
    ["nothing to do", ["archive", "--no-wandb"], /nothing to do/],
    ["no run left", ["archive", "--no-wandb", "-o", "out", "--filter", "xyz"], /no run matches --filter/],
    ["a bad date", ["archive", "--no-wandb", "-o", "out", "--since", "soon"], /--since 'soon'/],
    ["a bad mode", ["archive", "--mode", "make"], /taskcluster, snakemake/],
  ])("%s is refused with a sentence", async (_name, args, message) => {
    const folder = freshFolder(files());
    mkdirSync(join(folder, "empty"));
    const done = await runHere("run", ["archive", ...args], { folder, env: { XDG_CACHE_HOME: "cache" } });
    expect([done.code, done.stdout]).toEqual([2, ""]);
    expect(done.stderr.replace(/\n ›\s+/g, " ")).toMatch(message);
    expect(done.stderr).not.toMatch(/\n\s+at /);
  });
});

test("parse_experiment_dir takes the flags of the Python command", async () => {
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey, XDG_CACHE_HOME: "cache" };
  const folder = freshFolder(files());
  check(await runHere("parse_experiment_dir", ["-m", "taskcluster", "-d", "archive"], { folder, env }), {
    code: 0,
    stderr: /6 runs: 6 new/,
  });
  expect(ids()).toContain("student_aY25-");
  const one = await runHere("parse_experiment_dir", ["-mode=snakemake", "--directory", "archive"], {
    folder,
    env,
  });
  check(one, { code: 0, stderr: /runs: / });
  expect(ids()).toContain(`student_${GROUP}`);
  check(await runHere("parse_experiment_dir", ["-d", "archive"], { folder, env }), {
    code: 2,
    stderr: /mode/,
  });
});
