// Judges the package as it is published: publint and attw read its exports and types, and each of its files must be
// reached from an export or a command. Needs a build.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { run } from "./tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "package-"));
try {
  run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { stdio: "ignore" });
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  spawnSync("tar", ["-xzf", tarball, "-C", folder]);
  const failed = [
    ["publint", "run", tarball, "--strict"],
    // The package has ES modules only; scripts and the core have no types.
    [
      "attw",
      tarball,
      "--no-summary",
      "--profile",
      "esm-only",
      "--exclude-entrypoints",
      "./worker.js",
      "./marian_log.wasm",
    ],
  ].filter(([tool, ...args]) => run(`node_modules/.bin/${tool}`, args) !== 0);
  for (const [tool] of failed) console.error(`failed: ${tool}`);
  const unreached = filesNobodyReads(join(folder, "package"));
  if (unreached.length > 0)
    console.error(`nothing in the package reads these of its files:\n  ${unreached.join("\n  ")}`);
  if (failed.length + unreached.length > 0) process.exitCode = 1;
  else console.log("the package: its exports, types and files are right");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The files of a package that are neither an export or a command nor named in a file that is reached. */
function filesNobodyReads(root) {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const { exports, bin, oclif } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const named = [
    ...Object.values(exports).flatMap((entry) => (typeof entry === "string" ? entry : Object.values(entry))),
    ...Object.values(bin),
    // oclif finds commands in their folder.
    ...files.filter((path) => path.startsWith(resolve(root, oclif.commands))),
    `${oclif.helpClass.target}.js`,
    // Read by people, by oclif, and by `report`, which joins the path.
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "dist/viewer.html",
    "oclif.manifest.json",
    ...files.filter((path) => path.endsWith("LICENCES.txt") || path.startsWith(join(root, "jobs/"))),
  ];
  const reached = new Set(named.map((path) => resolve(root, path)));
  for (const file of reached) {
    if (!/\.c?js$|\.d\.ts$|bin\/[^.]+$/.test(file)) continue;
    // Relative paths in quotes, and those that the shell script makes.
    for (const [, path] of readFileSync(file, "utf8").matchAll(/["'`/=](\.{0,2}[\w./-]+\.\w+)\b/g)) {
      for (const candidate of [
        resolve(file, "..", path),
        resolve(file, "..", path.replace(/\.js$/, ".d.ts")),
      ])
        if (existsSync(candidate)) reached.add(candidate);
    }
    if (existsSync(`${file}.map`)) reached.add(`${file}.map`);
  }
  return files.filter((path) => !reached.has(path)).map((path) => relative(root, path));
}
