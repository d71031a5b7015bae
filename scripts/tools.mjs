// What the scripts share: running a command, and having what it needs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Runs a command in the repository, its output passed on, and returns its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) console.error(`${command}: ${error.message}`);
  return status ?? 1;
}

/** Runs a command and ends this script when it fails. */
export function must(command, args, options) {
  const status = run(command, args, options);
  if (status !== 0) process.exit(status);
}

/** Whether a command is there. */
export function has(command) {
  return spawnSync(command, ["--version"], { cwd: root, stdio: "ignore" }).status === 0;
}

const { major, minor } = /^v(?<major>\d+)\.(?<minor>\d+)/.exec(process.version).groups;
if (Number(major) < 20 || (Number(major) === 20 && Number(minor) < 19)) {
  console.error(`marian-tracking needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(1);
}

/** Whether all packages are there, in the versions of the lock file. */
export function packagesAreInstalled() {
  const lock = readFileSync(`${root}package-lock.json`, "utf8");
  const installed = `${root}node_modules/.package-lock.json`;
  const wanted = Object.entries(JSON.parse(lock).packages).filter(
    ([path, { optional }]) => path !== "" && !optional,
  );
  const present = existsSync(installed) ? JSON.parse(readFileSync(installed, "utf8")).packages : {};
  return wanted.every(([path, { version }]) => present[path]?.version === version);
}

/** Installs the packages when they are missing or older than the lock file. */
export function installPackages() {
  if (packagesAreInstalled()) return;
  console.error("installing packages (npm ci) …");
  must("npm", [
    "ci",
    // `prepare` would build.
    "--ignore-scripts",
    // Where npm runs this for `npm install --global git+…`, its settings say global and leave packages out.
    ...["--global=false", "--include=dev"],
    ...["--no-audit", "--no-fund", "--loglevel=error"],
  ]);
}

/** Whether the last file of a build is newer than all that it is made of; a folder changes when a file in it goes. */
export function isBuilt() {
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

/** Where scripts keep what they fetch. */
export const cache = join(root, "node_modules/.cache/marian-tracking");

/** A virtual environment of Python with a package, and others; nothing where it can't be had. */
export function python(what, name, version, others = []) {
  const venv = join(cache, `${name}-${version}`);
  // Installed anew if the list of packages has changed.
  const complete = join(venv, ["complete", ...others].join("-"));
  if (existsSync(complete)) return venv;
  if (!has("python3")) return skipped(what, "there is no python3");
  mkdirSync(cache, { recursive: true });
  rmSync(venv, { recursive: true, force: true });
  const made = run("python3", ["-m", "venv", venv]) === 0;
  if (
    !made ||
    run(join(venv, "bin/python"), ["-m", "pip", "install", "--quiet", `${name}==${version}`, ...others]) !== 0
  )
    return skipped(what, `pip could not install ${name}==${version}`);
  mkdirSync(complete);
  return venv;
}

/** The same with all that reads tables as data frames. */
export function dataFrames() {
  return python("data frames", "pandas", "3.1.1", ["pyarrow", "duckdb", "polars", "deltalake"]);
}

/** The same with a server of S3. */
export function moto() {
  const version = "5.2.5";
  return python("a server of S3", "moto", version, [`moto[server]==${version}`]);
}

/** A program that Go builds, in a folder of its own; nothing where it can't be had. */
export function goProgram(what, path, version, options = {}) {
  const name = path.split("/").at(-1);
  const folder = join(cache, `${name}-${version}`);
  const program = join(folder, name);
  if (existsSync(program)) return program;
  if (spawnSync("go", ["version"]).status !== 0) return skipped(what, "there is no go");
  console.error(`building ${what}, once: this may take some minutes`);
  const env = { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" };
  const made = run("go", ["install", `${path}@${version}`], { env, ...options });
  return made === 0 ? program : skipped(what, "go could not build it");
}

/** Says what is left out, and why. */
export function skipped(what, why) {
  console.error(`skipped: ${what}: ${why}`);
  return undefined;
}
