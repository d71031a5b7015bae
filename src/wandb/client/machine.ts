/** What wandb-metadata.json says of the machine, the program and the training's folder, as the official client does. */
import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { cpus, hostname, release, totalmem, type, userInfo } from "node:os";
import { promisify } from "node:util";
import { publicArguments, withoutCredentials } from "../../http/index.js";
import type { JsonObject } from "./format/json.js";

const run = promisify(execFile);

/** Milliseconds that another program has to answer: a broken driver hangs. */
const PATIENCE = 3000;

const MIB = 1 << 20;

/** Whose metadata are asked for. */
interface MetadataOptions {
  /** In seconds since 1970. */
  readonly startedAt: number;
  readonly program: string;
  readonly host?: string | undefined;
  /** The folder in which the training runs; absent if it runs elsewhere or is over. */
  readonly folder?: string | undefined;
}

/** The content of wandb-metadata.json. Never rejects. */
export async function runMetadata({
  startedAt,
  program,
  host,
  folder,
}: MetadataOptions): Promise<JsonObject> {
  const [machine, git] = await Promise.all([
    machineMetadata(),
    folder === undefined ? {} : gitMetadata(folder),
  ]);
  return {
    ...machine,
    ...git,
    startedAt: new Date(startedAt * 1000).toISOString(),
    program,
    ...(host === undefined ? {} : { host }),
  };
}

/** What is known of the machine and of this program; asked once. Never rejects. */
export function machineMetadata(): Promise<JsonObject> {
  machine ??= askMachine();
  return machine;
}

let machine: Promise<JsonObject> | undefined;

async function askMachine(): Promise<JsonObject> {
  const [disk, gpu] = await Promise.all([diskOf("/"), gpus()]);
  const all = cpus();
  return {
    os: `${type()}-${release()}`,
    nodejs: process.version,
    host: hostname(),
    ...userName(),
    executable: process.execPath,
    args: publicArguments(process.argv.slice(2)),
    root: process.cwd(),
    cpu_count: all.length,
    cpu_count_logical: all.length,
    ...(all[0] === undefined ? {} : { cpu: { model: all[0].model.trim() } }),
    memory: { total: String(totalmem()) },
    ...disk,
    ...gpu,
  };
}

/** The commit and the address of the checkout that a folder is in; empty if it is in none. */
async function gitMetadata(folder: string): Promise<JsonObject> {
  const git = (...args: string[]) =>
    run("git", ["-C", folder, ...args], { timeout: PATIENCE }).then(
      ({ stdout }) => stdout.trim(),
      () => "",
    );
  const [commit, remote] = await Promise.all([
    git("rev-parse", "--verify", "HEAD"),
    git("config", "--get", "remote.origin.url"),
  ]);
  if (!/^[\da-f]{40,64}$/.test(commit)) return {};
  return { git: { commit, ...(remote === "" ? {} : { remote: withoutCredentials(remote) }) } };
}

function userName(): JsonObject {
  try {
    return { username: userInfo().username };
  } catch {
    // A container may have a user without a name.
    return {};
  }
}

async function diskOf(path: string): Promise<JsonObject> {
  try {
    const { blocks, bfree, bsize } = await statfs(path);
    return { disk: { [path]: { total: String(blocks * bsize), used: String((blocks - bfree) * bsize) } } };
  } catch {
    return {};
  }
}

async function gpus(): Promise<JsonObject> {
  const args = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
  const { stdout } = await run("nvidia-smi", args, { timeout: PATIENCE, killSignal: "SIGKILL" }).catch(
    () => ({
      stdout: "",
    }),
  );
  const devices = stdout.split("\n").flatMap((line) => {
    const [name = "", mib = ""] = line.split(",").map((cell) => cell.trim());
    const bytes = Number.parseFloat(mib) * MIB;
    return name === "" ? [] : [{ name, ...(Number.isFinite(bytes) ? { memoryTotal: String(bytes) } : {}) }];
  });
  const [first] = devices;
  return first === undefined ? {} : { gpu: first.name, gpu_count: devices.length, gpu_nvidia: devices };
}
