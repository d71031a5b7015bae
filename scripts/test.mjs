// Installs and builds what is missing and runs the whole suite: vitest, and the Rust tests where cargo is.
import { has, must, run } from "./tools.mjs";

must("node", ["scripts/build.mjs"]);
let failed = run("node_modules/.bin/vitest", ["run", ...process.argv.slice(2)]) !== 0;
if (has("cargo")) failed = run("cargo", ["test", "--quiet", "--package", "marian-log"]) !== 0 || failed;
else console.log("skipped: the Rust tests (cargo is not installed)");
process.exitCode = failed ? 1 : 0;
