/** The job for Spark: two executors, processes of their own, give what one process gives. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { COMPARED, prepare, recipe, sumsOf, WORKER, workFolder } from "./work.js";

const HOME = process.env["SCALE_SPARK_HOME"] ?? "";
if (HOME === "") process.stderr.write("skipped: the tests with Spark (run them by `npm run test:scale`)\n");

/** The worker in an archive, as it is shipped to a cluster. */
const TOOL = process.env["SCALE_TOOL"] ?? "";
const SHIPPED = "tool/node tool/node_modules/marian-tracking/bin/run.js";
if (TOOL === "")
  process.stderr.write("the worker is not shipped to Spark's executors, but read where it is\n");

const EXECUTORS = "local-cluster[2,1,1024]";

/** A process of this machine. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): Process[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return [{ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, "utf8") }];
    } catch {
      return [];
    }
  });
}

/** The processes that descend from one: nobody else's are ever touched. */
function descendants(pid: number, all = processes()): Process[] {
  const children = all.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child, ...descendants(child.pid, all)]);
}

/** An executor of our own driver that has a worker at work. */
function busyExecutor(driver: number): Process | undefined {
  return descendants(driver)
    .filter(({ command }) => command.includes("CoarseGrainedExecutorBackend"))
    .find(({ pid }) => descendants(pid).some(({ command }) => command.includes("--manifest")));
}

/** Runs the job; `watch` looks at the driver now and then. */
async function runSpark(
  folder: string,
  job: {
    readonly manifest: string;
    readonly output: string;
    readonly worker: string;
    readonly archive?: string;
  },
  watch: (driver: number) => void = () => {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  await mkdir(folder, { recursive: true });
  const settings = [
    "spark.sql.catalogImplementation=in-memory",
    "spark.ui.enabled=false",
    "spark.executor.memory=1g",
    `spark.sql.warehouse.dir=${join(folder, "warehouse")}`,
    `spark.local.dir=${join(folder, "local")}`,
  ].flatMap((setting) => ["--conf", setting]);
  const variables = [
    `manifest=${job.manifest}`,
    `output=${job.output}`,
    "partitions=8",
    `worker=${job.worker}`,
  ].flatMap((variable) => ["--hivevar", variable]);
  const archives = job.archive === undefined ? [] : ["--archives", `${job.archive}#tool`];
  const child: ChildProcess = spawn(
    join(HOME, "bin/spark-sql"),
    ["--master", EXECUTORS, ...settings, ...archives, ...variables, "-f", recipe("spark/reprocess.sql")],
    {
      cwd: folder,
      env: {
        ...process.env,
        SPARK_HOME: HOME,
        SPARK_LOCAL_IP: "127.0.0.1",
        SPARK_WORKER_DIR: join(folder, "work"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    said.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    said.stderr += chunk;
  });
  const looking = setInterval(() => child.pid !== undefined && watch(child.pid), 20);
  try {
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, ...said };
  } finally {
    clearInterval(looking);
  }
}

describe.skipIf(HOME === "")("Spark", () => {
  const folder = workFolder();
  let manifest = "";
  const expected: Record<string, Awaited<ReturnType<typeof sumsOf>>> = {};

  beforeAll(async () => {
    const prepared = prepare(folder);
    manifest = prepared.manifest;
    for (const table of COMPARED) expected[table] = await sumsOf(join(prepared.tables, `${table}.parquet`));
  });

  async function isWhole(output: string): Promise<void> {
    for (const table of COMPARED) {
      const known = Object.keys(expected[table] ?? {}).filter((name) => name !== "rows");
      const sums = await sumsOf(join(output, table, "**/*.parquet"), known);
      const shared = Object.fromEntries(
        Object.entries(expected[table] ?? {}).filter(([name]) => name in sums),
      );
      expect(Object.keys(shared).length).toBeGreaterThan(8);
      expect(sums).toEqual(shared);
    }
  }

  test("gives the tables of one process, by a count and a sum for each column", async () => {
    const output = join(folder, "whole/tables");
    const { code, stdout, stderr } = await runSpark(join(folder, "whole"), {
      manifest,
      output,
      ...(TOOL === "" ? { worker: WORKER } : { worker: SHIPPED, archive: TOOL }),
    });
    expect({ code, stderr: code === 0 ? "" : stderr.slice(-5000) }).toEqual({ code: 0, stderr: "" });
    // The job's own proof: runs, and those with errors.
    const errors = expected["runs"]?.["error"]?.[0];
    expect(Number(errors)).toBeGreaterThan(3);
    expect(stdout).toMatch(new RegExp(`^NULL\\t60\\t${errors}$`, "m"));
    await isWhole(output);
  });

  test("gives the same over the tables of an earlier job, when an executor is killed in the middle", async () => {
    const output = join(folder, "killed/tables");
    // Rows that are no longer in the manifest.
    const old = join(output, "training");
    await mkdir(old, { recursive: true });
    await copyFile(join(folder, "one-process/training.parquet"), join(old, "old.parquet"));
    let killed: number | undefined;
    const { code, stderr } = await runSpark(
      join(folder, "killed"),
      { manifest, output, worker: WORKER },
      (driver) => {
        if (killed !== undefined) return;
        const executor = busyExecutor(driver);
        if (executor === undefined) return;
        killed = executor.pid;
        process.kill(executor.pid, "SIGKILL");
      },
    );
    expect(killed).toBeDefined();
    expect({ code, stderr: code === 0 ? "" : stderr.slice(-5000) }).toEqual({ code: 0, stderr: "" });
    expect(stderr).toMatch(/Lost executor/);
    await isWhole(output);
  });

  test("ends with an error, and with no table, where a worker can't read", async () => {
    const output = join(folder, "failed/tables");
    const { code, stderr } = await runSpark(join(folder, "failed"), { manifest, output, worker: "false" });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Subprocess exited with status 1/);
    expect(existsSync(join(output, "training"))).toBe(false);
  });
});
