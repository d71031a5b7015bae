/** A checkout of mozilla/translations, and the environments in which its programs run. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll } from "vitest";
import { findPythonVenv } from "../python-venv.js";

const CHECKOUT = process.env["MOZILLA_TRANSLATIONS"];
/** Their images have Python 3.10, and some of their packages need it. */
const PYTHON = process.env["MOZILLA_TRANSLATIONS_PYTHON"] ?? "python3.10";
const COMMIT = "4732dc947bc952abb019aabfe5582006d4fc3337";

/** uv installs what their tasks install; Poetry and pip-tools write what they write. */
const tools = CHECKOUT
  ? await findPythonVenv({
      name: "poetry",
      version: "2.2.0",
      also: ["uv==0.13.9"],
      modules: ["poetry", "uv"],
    })
  : { missing: "MOZILLA_TRANSLATIONS names no checkout of mozilla/translations" };

function missing(): string | undefined {
  if ("missing" in tools) return tools.missing;
  const { status, stdout } = spawnSync(PYTHON, ["--version"], { encoding: "utf8" });
  if (status !== 0 || !stdout.startsWith("Python 3.10."))
    return `${PYTHON} is no Python 3.10; MOZILLA_TRANSLATIONS_PYTHON names one`;
  return undefined;
}

/** Why nothing can be tried; undefined if all is there. */
export const absent = missing();

// Said aloud: a run without the checkout should not pass for one with it.
if (absent) process.stderr.write(`skipped: adoption: ${absent}\n`);

/** A folder for all of a test file, removed after it. */
export const folder = mkdtempSync(join(tmpdir(), "adopt-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where the programs of Poetry's environment are. */
export const toolsPath = "python" in tools ? dirname(tools.python) : "";

/** Runs a program to its end and returns what it printed; an Error with all of its output if it ends with another code. */
export function run(
  program: string,
  args: readonly string[],
  {
    allowed = [0],
    ...options
  }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly allowed?: readonly number[] } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    ...options,
  });
  if (!allowed.includes(status ?? -1))
    throw error ?? new Error(`${program} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/**
 * A copy of the checkout's commit. Files that it has no content of, such as the large ones of a partial clone, are
 * empty in the copy and are named on standard error.
 */
export function copyOfCheckout(name: string): string {
  const copy = join(folder, name);
  const git = (...args: string[]) => run("git", args, { cwd: copy });
  run("git", ["clone", "--quiet", "--shared", "--no-checkout", resolve(CHECKOUT ?? ""), copy]);
  git("read-tree", COMMIT);
  spawnSync("git", ["checkout-index", "--all"], { cwd: copy });
  for (const path of git("ls-files", "--deleted", "-z").split("\0").filter(Boolean)) {
    // Folders of submodules are absent, too.
    if (git("ls-files", "--stage", path).startsWith("160000")) continue;
    process.stderr.write(`adoption: the checkout lacks ${path}; it is empty in the copy\n`);
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), "");
    git("add", path);
  }
  git("remote", "set-url", "origin", "https://github.com/mozilla/translations");
  git("checkout", "--quiet", "-B", "main");
  git(
    "-c",
    "user.name=test",
    "-c",
    "user.email=test@invalid",
    "commit",
    "--quiet",
    "--allow-empty",
    "-m",
    "as it is",
  );
  return copy;
}

/** Makes one of the two changes in a copy, but for what is generated. */
export function apply(patch: "one-file" | "full-change", copy: string): void {
  run("git", ["apply", "--index", resolve(`test/interop/adopt/${patch}.patch`)], { cwd: copy });
  if (patch === "one-file") return;
  const tests = ["tests/test_tracking_cli.py", "tests/test_tracking_utils.py", "tests/data/__pycache__"];
  const data = ["experiments_1_10", "experiments_1_12", "experiments_wandb_calls_1_10.json"];
  const more = [
    "experiments_wandb_calls_1_12.json",
    "simulate_process.py",
    "taskcluster.log",
    "taskcluster_wandb_calls.json",
  ];
  run("git", ["rm", "-rq", "tracking", ...tests, ...[...data, ...more].map((path) => `tests/data/${path}`)], {
    cwd: copy,
  });
}

/**
 * An environment of their Python with packages that uv installs. It stays for the next run: PyICU takes minutes to
 * compile.
 */
export function pythonWith(name: string, ...installs: readonly (readonly string[])[]): string {
  const venv = resolve("node_modules/.cache/marian-tracking", `adopt-${name}`);
  const env = { ...process.env, VIRTUAL_ENV: venv };
  const uv = join(toolsPath, "uv");
  if (!existsSync(venv)) run(uv, ["venv", "--quiet", "--python", executable(), venv], { env });
  for (const install of installs)
    run(uv, ["pip", "install", "--quiet", "--reinstall-package", "marian-tracking", ...install], { env });
  return venv;
}

/** Python 3.10 itself: a shim would ask for a version once more. */
export const executable = (): string =>
  execFileSync(PYTHON, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();

/** The environment of a process whose programs are those of a virtual environment first. */
export function environmentOf(venv: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    PATH: `${join(venv, "bin")}:${process.env["PATH"]}`,
    VIRTUAL_ENV: venv,
    HOME: folder,
    LANG: "C.UTF-8",
    ...more,
  };
}
