// The tests that are no part of the suite because of what they fetch from PyPI: pandas, pyarrow and DuckDB as readers of
// our files, moto as a server of S3, and a real Marian (1 GB), with which a model of 0.7 GB is trained on this machine.
// What can't be had is said.
import { must, python, run } from "./tools.mjs";

const MARIAN = "1.12.42";
const PANDAS = "3.1.1";
const MOTO = "5.2.5";

if (python("data frames", "pandas", PANDAS, ["pyarrow", "duckdb"]) !== undefined) {
  must("node", ["scripts/build.mjs"]);
  must("node_modules/.bin/vitest", [
    "run",
    "test/interop/data-frames.test.ts",
    "test/interop/archive-tables.test.ts",
  ]);
}
if (python("a server of S3", "moto", MOTO, [`moto[server]==${MOTO}`]) !== undefined) {
  must("node", ["scripts/build.mjs"]);
  must("node_modules/.bin/vitest", ["run", "test/interop/objects.test.ts"]);
}
const venv = python("Marian", "pymarian", MARIAN);
if (venv === undefined) process.exit(1);
must("node", ["scripts/build.mjs"]);
process.exitCode = run(
  "node_modules/.bin/vitest",
  ["run", "--config", "test/real-marian/vitest.config.ts", ...process.argv.slice(2)],
  { env: { ...process.env, MARIAN_VENV: venv } },
);
