/** The official Python client, as the judge of what this project writes. */
import { execFile } from "node:child_process";
import { access, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The version that the facts about the format are from. */
export const WANDB_VERSION = "0.31.0";

const CACHE = resolve("node_modules/.cache/marian-tracking");
const VENV = join(CACHE, "wandb-venv");
const LOCK = join(CACHE, "wandb-venv.lock");
// An installation takes seconds; a lock this old (milliseconds) was left by a killed process.
const STALE = 300_000;

/** Paths of the client's programs, or why there is none. */
export type WandbVenv = { readonly python: string; readonly wandb: string } | { readonly missing: string };

/**
 * Finds the virtual environment with the official client, or makes it. Processes that ask at the same time wait
 * for the first one. Never throws: a machine without Python, pip or network gives the reason.
 */
export async function findWandbVenv(): Promise<WandbVenv> {
  const ready = { python: join(VENV, "bin/python"), wandb: join(VENV, "bin/wandb") };
  const mark = join(VENV, `ready-${WANDB_VERSION}`);
  try {
    await mkdir(CACHE, { recursive: true });
    while (!(await exists(mark))) {
      if (!(await takeLock())) {
        await sleep(500);
        continue;
      }
      try {
        if (await exists(mark)) break;
        await rm(VENV, { recursive: true, force: true });
        await run("python3", ["-m", "venv", VENV]);
        await run(ready.python, ["-m", "pip", "install", "--quiet", `wandb==${WANDB_VERSION}`]);
        await run(ready.python, ["-c", "import wandb"]);
        await writeFile(mark, "");
      } finally {
        await rm(LOCK, { recursive: true, force: true });
      }
    }
    return ready;
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    return { missing: `no Python with wandb ${WANDB_VERSION}: ${reason}` };
  }
}

/** Environment for the client's programs: nothing of the user's settings, no reports to anyone. */
export function wandbEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    LANG: "C.UTF-8",
    WANDB_ERROR_REPORTING: "false",
    WANDB_CONFIG_DIR: join(home, "config"),
    WANDB_CACHE_DIR: join(home, "cache"),
    WANDB_DATA_DIR: join(home, "data"),
  };
}

async function takeLock(): Promise<boolean> {
  try {
    await mkdir(LOCK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const held = await stat(LOCK).catch(() => undefined);
  if (held !== undefined && Date.now() - held.mtimeMs > STALE)
    await rm(LOCK, { recursive: true, force: true });
  return false;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
