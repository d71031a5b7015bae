/** What the tests with engines share: an archive, the rows that an independent reader finds in it, and their processes. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";
import { shardName } from "../../src/pipeline/manifests/shard.js";
import { benchArchive } from "../archive/bench-archive.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The command of a worker. */
export const WORKER = `${process.execPath} ${join(ROOT, "bin/run.js")}`;

/** A Python with pyarrow, for the independent reader. */
export const PYTHON = process.env["SCALE_PYARROW"] ?? "";
if (PYTHON === "")
  process.stderr.write(
    "skipped: the tests that compare all rows, without pyarrow (run `npm run test:scale`)\n",
  );

/** A file of the recipes. */
export function recipe(path: string): string {
  return join(ROOT, "jobs", path);
}

/** A folder that is gone after the tests. */
export function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "marian-tracking-scale-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a program to its end; throws when it fails. */
export function runTool(command: string, args: readonly string[], cwd = ROOT): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

/** A count and a hash of the rows of each table. */
type Rows = Readonly<Record<string, { readonly rows: number; readonly hash: string }>>;

const readRows = (...args: string[]): Rows =>
  JSON.parse(runTool(PYTHON, [join(ROOT, "bench/rivals/archive_reader.py"), ...args]));

/** An archive, and what each way to its tables has to find in it. */
export interface Prepared {
  readonly archive: string;
  readonly runs: number;
  readonly rows: Rows;
}

/** Makes the benchmark's archive, with some broken logs, and reads it by other code than ours. */
export function prepare(folder: string, runs = 60): Prepared {
  const archive = benchArchive({ runs, megabytes: runs / 2, broken: 0.1 }, folder);
  return { archive, runs, rows: readRows(archive) };
}

/** Lists the archive, a manifest a shard. */
export function plan(archive: string, shards: number, place: string): string {
  const [node = "", program = ""] = WORKER.split(" ");
  runTool(node, [program, "plan", archive, "--shards", String(shards), "-q", "-o", place]);
  return place;
}

/** The rows of the archive if it is read at an address. */
export function rowsAt({ archive }: Prepared, address: string): Rows {
  return readRows(archive, address);
}

/** Every shard of the job is done, once, and together they have every row of the archive. */
export function isWhole({ rows, runs }: Prepared, tables: string, shards: number): void {
  const status = statusOf(tables);
  expect(status).toMatchObject({ complete: true, count: shards, done: shards, mixed: false, runs });
  expect(status.with_errors).toBeGreaterThan(2);
  expect(readRows("--tables", ...allShards(shards).map((name) => join(tables, name)))).toEqual(rows);
}

/** The names of the shards of a job. */
export function allShards(count: number): string[] {
  return Array.from({ length: count }, (_, index) => shardName({ index: index + 1, count }));
}

/** What the gate says. */
export function statusOf(tables: string) {
  const [node = "", program = ""] = WORKER.split(" ");
  const { stdout } = spawnSync(node, [program, "status", tables, "--json"], { encoding: "utf8" });
  return JSON.parse(stdout || "{}") as {
    readonly complete: boolean;
    readonly with_errors: number;
    readonly shards: readonly { readonly shard: number; readonly state: string; readonly reason?: string }[];
  };
}

/** What a program printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program at work. */
export interface Running {
  readonly pid: number;
  readonly done: Promise<Ended>;
}

/** Starts a program whose output is kept. */
export function start(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Running {
  const child: ChildProcess = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    said.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    said.stderr += chunk;
  });
  const done = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...said }));
  });
  return { pid: child.pid ?? 0, done };
}

/** Looks again and again until it finds something, or the program ends. */
export async function found<T>({ done }: Running, look: () => T | undefined): Promise<T | undefined> {
  let hasEnded = false;
  done.finally(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    const value = look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return undefined;
}

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): Process[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return [{ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, "utf8") }];
    } catch {
      return [];
    }
  });
}

/** The processes that descend from one: nobody else's are ever touched. */
export function descendants(pid: number, all = processes()): Process[] {
  const children = all.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child, ...descendants(child.pid, all)]);
}
