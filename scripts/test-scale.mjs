// The tests that need a cluster engine, which are no part of the suite: Spark from PyPI, Slurm and GNU parallel from
// Debian's packages, unpacked below node_modules/.cache and run on this machine alone, and Taskgraph from PyPI. What can't
// be had is skipped, and said.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, dataFrames, goProgram, has, moto, must, python, run, skipped } from "./tools.mjs";

const SPARK = "4.3.0";
const TASKGRAPH = "24.5.1";
const MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c";
const PACKAGES = [
  "slurmctld",
  "slurmd",
  "slurm-client",
  "slurm-wlm-basic-plugins",
  "libhwloc15",
  "libmunge2",
  "parallel",
];

mkdirSync(cache, { recursive: true });

/** Spark's folder; nothing where it can't be had. */
function spark() {
  if (spawnSync("java", ["-version"]).status !== 0) return skipped("Spark", "there is no java");
  const venv = python("Spark", "pyspark", SPARK);
  if (venv === undefined) return undefined;
  const script = "import pyspark, os; print(os.path.dirname(pyspark.__file__))";
  return spawnSync(join(venv, "bin/python"), ["-c", script], { encoding: "utf8" }).stdout.trim();
}

/** The worker as it is shipped to a cluster (docs/scale.md): Node and this package with what it needs, in one file. */
function tool() {
  const place = join(cache, "tool");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  must("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", place]);
  const [packed] = readdirSync(place);
  const made = run("npm", ["install", "--prefix", place, "--no-audit", "--no-fund", join(place, packed)]);
  if (made !== 0) return skipped("Spark with a worker from an archive", "npm could not install the package");
  copyFileSync(realpathSync(process.execPath), join(place, "node"));
  must("tar", ["-C", place, "-czf", `${place}.tgz`, "."]);
  return `${place}.tgz`;
}

/** A folder with the unpacked packages; nothing where they can't be had. */
function debian() {
  const place = join(cache, "debian");
  const unpacked = join(place, "root");
  if (existsSync(join(place, "complete"))) return unpacked;
  if (!has("apt-get") || !has("dpkg")) return skipped("Slurm and GNU parallel", "this is no Debian");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  if (run("apt-get", ["download", "-qq", ...PACKAGES], { cwd: place }) !== 0)
    return skipped("Slurm and GNU parallel", "apt-get could not download them");
  for (const file of readdirSync(place)) must("dpkg", ["-x", file, unpacked], { cwd: place });
  for (const file of readdirSync(place)) if (file.endsWith(".deb")) rmSync(join(place, file));
  mkdirSync(join(place, "complete"));
  return unpacked;
}

/** The program of MinIO; empty where it can't be had: then moto is the only server of S3. */
const minio = () => goProgram("MinIO", "github.com/minio/minio", MINIO, { timeout: 1_800_000 }) ?? "";

/** The interpreter of a virtual environment; empty where it can't be had. */
const interpreter = (venv) => (venv === undefined ? "" : join(venv, "bin/python"));

must("node", ["scripts/build.mjs"]);
const env = {
  ...process.env,
  SCALE_SPARK_HOME: spark() ?? "",
  SCALE_TOOL: tool() ?? "",
  SCALE_DEBIAN: debian() ?? "",
  SCALE_PYARROW: interpreter(dataFrames()),
  SCALE_MOTO: interpreter(moto()),
  SCALE_MINIO: minio(),
  SCALE_TASKGRAPH: python("Taskgraph", "taskcluster-taskgraph", TASKGRAPH) ?? "",
};
process.exitCode = run(
  "node_modules/.bin/vitest",
  ["run", "--config", "test/scale/vitest.config.ts", ...process.argv.slice(2)],
  { env },
);
