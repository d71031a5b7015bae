/** The job for Spark: two executors, processes of their own, give exactly the rows of the archive. */
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  allShards,
  descendants,
  type Ended,
  found,
  isWhole,
  type Prepared,
  type Process,
  PYTHON,
  plan,
  prepare,
  type Running,
  recipe,
  runTool,
  start,
  statusOf,
  WORKER,
  workFolder,
} from "./work.js";

const HOME = process.env["SCALE_SPARK_HOME"] ?? "";
if (HOME === "") process.stderr.write("skipped: the tests with Spark (run them by `npm run test:scale`)\n");

/** The worker in an archive, as it is shipped to a cluster. */
const TOOL = process.env["SCALE_TOOL"] ?? "";
const SHIPPED = "tool/node tool/node_modules/marian-tracking/bin/run.js";
if (TOOL === "")
  process.stderr.write("the worker is not shipped to Spark's executors, but read where it is\n");

const EXECUTORS = "local-cluster[2,1,1024]";
const SHARDS = 8;

describe.skipIf(HOME === "" || PYTHON === "")("Spark", () => {
  const folder = workFolder();
  let prepared: Prepared;
  let manifests = "";

  beforeAll(() => {
    prepared = prepare(folder);
    manifests = plan(prepared.archive, SHARDS, join(folder, "plan"));
  });

  /** Starts a program of Spark in a folder of its own, with a metastore of its own. */
  function spark(place: string, program: string, args: readonly string[]): Running {
    mkdirSync(place, { recursive: true });
    const settings = [
      "spark.ui.enabled=false",
      "spark.log.level=WARN",
      "spark.sql.catalogImplementation=hive",
      `spark.hadoop.javax.jdo.option.ConnectionURL=jdbc:derby:${join(place, "metastore")};create=true`,
      `spark.sql.warehouse.dir=${join(place, "warehouse")}`,
      `spark.local.dir=${join(place, "local")}`,
    ].flatMap((setting) => ["--conf", setting]);
    return start(join(HOME, "bin", program), [...settings, ...args], {
      cwd: place,
      env: {
        ...process.env,
        SPARK_HOME: HOME,
        SPARK_LOCAL_IP: "127.0.0.1",
        SPARK_WORKER_DIR: join(place, "work"),
        PYSPARK_PYTHON: join(HOME, "../../../../bin/python"),
      },
    });
  }

  function job(
    place: string,
    {
      worker = WORKER,
      master = EXECUTORS,
      settings = [],
      more = [],
    }: {
      readonly worker?: string;
      readonly master?: string;
      readonly settings?: readonly string[];
      readonly more?: readonly string[];
    } = {},
  ): Running {
    const paths = [recipe("spark/reprocess.py"), manifests, join(place, "tables"), String(SHARDS)];
    return spark(place, "spark-submit", [
      ...["--master", master, ...settings, ...paths, "--worker", worker],
      ...more,
    ]);
  }

  const check = ({ code, stderr }: Ended) =>
    expect({ code, stderr: code === 0 ? "" : stderr.slice(-5000) }).toEqual({ code: 0, stderr: "" });

  test("has every row of the archive, and registers tables that another session reads", async () => {
    const place = join(folder, "whole");
    const ended = await job(place, {
      ...(TOOL === "" ? {} : { worker: SHIPPED, settings: ["--archives", `${TOOL}#tool`] }),
      more: ["--catalog", "default"],
    }).done;
    check(ended);
    expect(ended.stdout).toMatch(/^8 shards are done: 60 runs, \d+ with errors/m);
    isWhole(prepared, join(place, "tables"), SHARDS);
    const queries = Object.keys(prepared.rows).map((table) => `SELECT count(*) FROM marian_${table};`);
    const read = await spark(place, "spark-sql", ["--master", "local[1]", "-e", queries.join("")]).done;
    check(read);
    const rows = Object.values(prepared.rows).map((table) => String(table.rows));
    expect(read.stdout.trim().split("\n")).toEqual(rows);
  });

  test("has no row twice with speculation and a lost executor", async () => {
    const place = join(folder, "killed");
    // Every task that takes a little longer than another is tried a second time, beside the first.
    const speculation = [
      "enabled=true",
      "interval=50ms",
      "multiplier=1.01",
      "quantile=0.1",
      "minTaskRuntime=10ms",
    ];
    const settings = speculation.flatMap((setting) => ["--conf", `spark.speculation.${setting}`]);
    const running = job(place, {
      settings: settings.map((setting) => setting.replace("speculation.enabled", "speculation")),
    });
    const busy = await found(running, () => busyExecutor(running.pid));
    expect(busy).toBeDefined();
    if (busy !== undefined) process.kill(busy.pid, "SIGKILL");
    const ended = await running.done;
    check(ended);
    expect(ended.stderr).toMatch(/Lost executor/);
    isWhole(prepared, join(place, "tables"), SHARDS);
  });

  test("ends with an error that names the shards that are missing; run again, it is whole", async () => {
    const place = join(folder, "lacking");
    const logs = manifestLogs(join(manifests, allShards(SHARDS)[2] ?? ""));
    renameSync(logs, `${logs}-away`);
    const failed = await job(place, { more: ["--catalog", "default"] }).done;
    renameSync(`${logs}-away`, logs);
    expect(failed.code).toBe(1);
    // spark-submit passes on what its Python says, all of it, on standard output.
    expect(failed.stdout).toMatch(/^shard 3\/8 failed: .*no such file/im);
    expect(failed.stdout).not.toMatch(/are done|marian_/);
    const states = statusOf(join(place, "tables")).shards.map(({ state }) => state);
    expect(states).toEqual(["done", "done", "failed", "done", "done", "done", "done", "done"]);
    check(await job(place).done);
    isWhole(prepared, join(place, "tables"), SHARDS);
  });

  test("ends with an error without a worker, with one that always fails, and with wrong arguments", async () => {
    const run = (name: string, worker: string) =>
      job(join(folder, name), { worker, master: "local[2]" }).done;
    const none = await run("none", "tool/node run.js");
    expect([none.code, none.stdout]).toEqual([1, expect.stringMatching(/tool\/node: No such file/)]);
    const fails = await run("fails", "false");
    expect([fails.code, fails.stdout]).toEqual([1, expect.stringMatching(/the worker ended with 1/)]);
    const wrong = await job(join(folder, "wrong"), { master: "local[1]", more: ["--shard", "3"] }).done;
    expect([wrong.code, wrong.stdout]).toEqual([2, expect.stringMatching(/unrecognized arguments/)]);
  });

  /** The log of the first run of a manifest. */
  function manifestLogs(path: string): string {
    const [line = "{}"] = runTool("head", ["-n1", `${path}.ndjson`]).split("\n");
    return JSON.parse(line).files[0].uri;
  }
});

/** An executor of our own driver that has a worker at work. */
function busyExecutor(driver: number): Process | undefined {
  return descendants(driver)
    .filter(({ command }) => command.includes("CoarseGrainedExecutorBackend"))
    .find(({ pid }) => descendants(pid).some(({ command }) => command.includes("--manifest")));
}
