// Installs and builds what is missing and runs the tests: vitest, and the Rust tests where cargo is. Arguments go to
// vitest; with the name of a file, the Rust tests are left out.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { has, installPackages, must, root, run } from "./tools.mjs";

const args = process.argv.slice(2);
installPackages();
if (!isBuilt()) must("node", ["scripts/build.mjs"]);
let failed = run("node_modules/.bin/vitest", ["run", ...args]) !== 0;
if (!args.some((arg) => !arg.startsWith("-"))) {
  if (has("cargo")) failed = run("cargo", ["test", "--quiet", "--package", "marian-log"]) !== 0 || failed;
  else console.log("skipped: the Rust tests (cargo is not installed)");
}
process.exitCode = failed ? 1 : 0;

/** Whether the last file of a build is newer than all that it is made of; a folder changes when a file in it goes. */
function isBuilt() {
  const outputs = ["dist/index.js", "cli/program.js", "oclif.manifest.json"].map((name) => join(root, name));
  if (!outputs.every((path) => existsSync(path))) return false;
  const built = statSync(outputs.at(-1)).mtimeMs;
  const folders = ["src", "scripts", "wasm"].map((name) => join(root, name));
  const below = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((name) => join(folder, name)),
  );
  const files = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"];
  return [...folders, ...below, ...files.map((name) => join(root, name))].every(
    (path) => statSync(path).mtimeMs <= built,
  );
}
