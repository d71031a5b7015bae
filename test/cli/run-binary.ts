/** Runs the binaries as a user does: a process of their own in a fresh folder. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";

/** Which of the two commands. */
export type Binary = "run" | "parse_tc_logs" | "parse_experiment_dir" | "parse_tc_group";

/** What a run has. */
export interface RunOptions {
  /** Standard input through a pipe; without it `/dev/null`. */
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** A folder of an earlier run, or one that {@link freshFolder} filled. */
  readonly folder?: string;
}

/** What came of a run. */
export interface Run {
  /** As text; its bytes are in `bytes`. */
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
  /** Absent where a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly folder: string;
}

/** A run that goes on. */
export interface LiveRun {
  readonly child: ChildProcessWithoutNullStreams;
  readonly folder: string;
  readonly done: Promise<Run>;
  /** Waits until `condition` is true of what came on standard output and error. Fails when the run ends before. */
  until(condition: (stdout: string, stderr: string) => boolean): Promise<void>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Only what hangs takes so long, however slow the machine. */
const TIME_LIMIT = 150_000;
/** A test that hangs must not leave a process behind. */
const running = new Set<ChildProcessWithoutNullStreams>();
const folders = mkdtempSync(join(tmpdir(), "marian-tracking-test-"));
let count = 0;

// The folders go with that of the whole run: another test file may share this process.
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** The path of a binary, for shells. */
export function binaryPath(binary: Binary): string {
  return join(ROOT, "bin", `${binary}.js`);
}

/** A folder of its own with these files. */
export function freshFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  count += 1;
  const folder = join(folders, String(count));
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** The tests' own environment without what steers the commands. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const steering =
    /^(?:WANDB_|MOZ_|MARIAN_|TASK|TEST_ARTIFACTS|VITEST|NODE_|FORCE_COLOR|DEBUG|COLUMNS|OCLIF_)/;
  const kept = Object.entries(process.env).filter(([name]) => !steering.test(name));
  return { ...Object.fromEntries(kept), ...more };
}

/** Starts any program and leaves it running. */
export function startProgram(command: string, args: readonly string[], options: RunOptions = {}): LiveRun {
  const folder = options.folder ?? freshFolder();
  const child = spawn(command, args, {
    cwd: folder,
    env: cleanEnvironment(options.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  const [out, err]: Buffer[][] = [[], []];
  const waiting = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    out?.push(chunk);
    for (const look of waiting) look();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err?.push(chunk);
    for (const look of waiting) look();
  });
  // A program that ends before it has read everything.
  child.stdin.on("error", () => {});
  const limit = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT);
  const done = new Promise<Run>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      running.delete(child);
      const bytes = Buffer.concat(out ?? []);
      const stderr = Buffer.concat(err ?? []).toString();
      resolve({ stdout: bytes.toString(), bytes, stderr, code, signal, folder });
    });
  });
  const until = (condition: (stdout: string, stderr: string) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!condition(Buffer.concat(out ?? []).toString(), Buffer.concat(err ?? []).toString())) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      done.then((run) => {
        if (waiting.has(look))
          reject(new Error(`ended before: code ${run.code}\n${run.stdout}\n${run.stderr}`));
      }, reject);
    });
  return { child, folder, done, until };
}

/** Starts a binary and leaves it running, its standard input open. */
export function startBinary(binary: Binary, args: readonly string[], options: RunOptions = {}): LiveRun {
  const live = startProgram(process.execPath, [binaryPath(binary), ...args], options);
  if (options.stdin !== undefined) live.child.stdin.write(options.stdin);
  return live;
}

/** Runs a binary to its end. */
export async function runBinary(
  binary: Binary,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  if (options.stdin === undefined) {
    // `ignore` is /dev/null, which is what a command has that nothing is piped into.
    return runShell(`exec "$0" "$@" </dev/null`, [process.execPath, binaryPath(binary), ...args], options);
  }
  const { child, done } = startProgram(process.execPath, [binaryPath(binary), ...args], options);
  child.stdin.end(options.stdin);
  return done;
}

/** Runs a script of `sh`; `words` are its `$0`, `$1`, … */
export async function runShell(
  script: string,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const { child, done } = startProgram("sh", ["-c", script, ...words], options);
  child.stdin.end(options.stdin ?? "");
  return done;
}

/** Runs `marian-tracking parse`. */
export function parse(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runBinary("run", ["parse", ...args], options);
}

/** Every file below a folder, sorted, with `/` between the parts. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** A result file as text. */
export function result(run: Pick<Run, "folder">, path: string): string {
  return readFileSync(join(run.folder, path), "utf8");
}

/** What a run is to have printed: exact text, or what it matches. */
export interface Expected {
  readonly code: number;
  /** Nothing, unless given. */
  readonly stdout?: string | RegExp;
  /** Nothing, unless given; lines that were broken for the terminal are one. */
  readonly stderr?: string | RegExp;
}

/** Holds a run to what is expected; no run may show a stack or leave half a file. */
export function check(run: Run, { code, stdout = "", stderr = "" }: Expected): void {
  const said = run.stderr.replace(/\s*\n\s*›\s*/g, " ");
  expect(run.stderr).not.toMatch(/^ +at .*:\d+/m);
  expect({ code: run.code, signal: run.signal, stderr: said }).toEqual({
    code,
    signal: null,
    stderr: typeof stderr === "string" ? stderr : expect.stringMatching(stderr),
  });
  if (typeof stdout === "string") expect(run.stdout).toBe(stdout);
  else expect(run.stdout).toMatch(stdout);
  expect(filesBelow(run.folder).filter((path) => path.includes(".partial"))).toEqual([]);
}

/** Waits until `condition` holds; it has to come, and nothing is said about when. */
export async function eventually(condition: () => boolean, whileRunning: LiveRun): Promise<void> {
  let ended: Run | undefined;
  void whileRunning.done.then((run) => {
    ended = run;
  });
  while (!condition()) {
    if (ended !== undefined)
      throw new Error(`ended before: code ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
