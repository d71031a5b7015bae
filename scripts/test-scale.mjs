// The tests that need a cluster engine, which are no part of the suite: Spark from PyPI, Slurm and GNU parallel from
// Debian's packages, unpacked below node_modules/.cache and run on this machine alone. What can't be had is skipped,
// and said.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { has, must, root, run } from "./tools.mjs";

const SPARK = "4.3.0";
const PACKAGES = [
  "slurmctld",
  "slurmd",
  "slurm-client",
  "slurm-wlm-basic-plugins",
  "libhwloc15",
  "libmunge2",
  "parallel",
];

const cache = join(root, "node_modules/.cache/marian-tracking");
mkdirSync(cache, { recursive: true });

/** Spark's folder in a virtual environment of Python; nothing where it can't be had. */
function spark() {
  const venv = join(cache, `pyspark-${SPARK}`);
  const python = join(venv, "bin/python");
  const home = () => {
    const script =
      "import importlib.util as u; s = u.find_spec('pyspark'); print(s.submodule_search_locations[0] if s else '')";
    return spawnSync(python, ["-c", script], { encoding: "utf8" }).stdout?.trim() ?? "";
  };
  if (!has("python3")) return skipped("Spark", "there is no python3");
  if (spawnSync("java", ["-version"]).status !== 0) return skipped("Spark", "there is no java");
  if (home() === "") {
    rmSync(venv, { recursive: true, force: true });
    const made = run("python3", ["-m", "venv", venv]) === 0;
    if (!made || run(python, ["-m", "pip", "install", "--quiet", `pyspark==${SPARK}`]) !== 0)
      return skipped("Spark", `pip could not install pyspark==${SPARK}`);
  }
  return home();
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

function skipped(what, why) {
  console.error(`skipped: ${what}: ${why}`);
  return undefined;
}

must("node", ["scripts/build.mjs"]);
const env = { ...process.env, SCALE_SPARK_HOME: spark() ?? "", SCALE_DEBIAN: debian() ?? "" };
process.exitCode = run(
  "node_modules/.bin/vitest",
  ["run", "--config", "test/scale/vitest.config.ts", ...process.argv.slice(2)],
  { env },
);
