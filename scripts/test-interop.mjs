// The tests with a real Marian, which are no part of the suite: 1 GB is fetched from PyPI, and a model of 0.7 GB trained
// on this machine. Where it can't be had, that is said.
import { must, python, run } from "./tools.mjs";

const MARIAN = "1.12.42";

const venv = python("Marian", "pymarian", MARIAN);
if (venv === undefined) process.exit(1);
must("node", ["scripts/build.mjs"]);
process.exitCode = run(
  "node_modules/.bin/vitest",
  ["run", "--config", "test/real-marian/vitest.config.ts", ...process.argv.slice(2)],
  { env: { ...process.env, MARIAN_VENV: venv } },
);
