// Installs and builds what is missing and runs the tests: vitest, and the Rust tests where cargo is. Arguments go to
// vitest; with the name of a file, the Rust tests are left out.
import { has, must, run } from "./tools.mjs";

const args = process.argv.slice(2);
must("node", ["scripts/build.mjs", "--if-changed"]);
let failed = run("node_modules/.bin/vitest", ["run", ...args]) !== 0;
if (!args.some((arg) => !arg.startsWith("-"))) {
  if (has("cargo")) failed = run("cargo", ["test", "--quiet", "--package", "marian-log"]) !== 0 || failed;
  else console.log("skipped: the Rust tests (cargo is not installed)");
}
process.exitCode = failed ? 1 : 0;
