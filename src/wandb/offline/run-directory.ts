/** The folder of an offline run: its name, where files go in it, and finding such folders again. */

import { constants } from "node:fs";
import { copyFile, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { checkRunId } from "../client/format/names.js";
import { TransactionLogError } from "./transaction-log-error.js";

/** Paths of an offline run. */
export type RunDirectory = {
  /** `<dir>/wandb/offline-run-YYYYMMDD_HHMMSS-<id>` */
  readonly path: string;
  /** The offline file, `run-<id>.wandb`. */
  readonly transactionLog: string;
  /** Where run files lie, tables included. */
  readonly files: string;
  /** Where copies of artifact files lie. */
  readonly artifacts: string;
};

/**
 * Makes the folder of a run below `<dir>/wandb`. Two runs with one id in one second get different folders.
 *
 * @throws WandbError when the id is not one that W&B takes.
 */
export async function createRunDirectory(dir: string, runId: string): Promise<RunDirectory> {
  checkRunId(runId);
  const parent = resolve(dir, "wandb");
  await mkdir(parent, { recursive: true });
  for (let moment = Date.now(); ; moment += 1000) {
    const run = runDirectory(join(parent, `offline-run-${localStamp(new Date(moment))}-${runId}`), runId);
    try {
      await mkdir(run.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw error;
    }
    await mkdir(run.files);
    return run;
  }
}

/** The paths of a run in a folder that exists already. */
export function runDirectory(path: string, runId: string): RunDirectory {
  return {
    path,
    transactionLog: join(path, `run-${runId}.wandb`),
    files: join(path, "files"),
    artifacts: join(path, "artifacts"),
  };
}

/**
 * The path of a named file below a folder. Names may contain `/`.
 *
 * @throws TransactionLogError when the name leads out of the folder.
 */
export function pathBelow(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (name === "" || !path.startsWith(folder + sep) || name.endsWith("/")) {
    throw new TransactionLogError("file-name", `${JSON.stringify(name)} is not the name of a file in a run`);
  }
  return path;
}

/** Copies a file. Where the file system can, the copy shares its blocks with the original. */
export async function copyInto(path: string, from: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await copyFile(from, path, constants.COPYFILE_FICLONE);
}

/** Writes a file and the folders that lead to it. */
export async function writeInto(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/**
 * The offline files that a path stands for: the file itself, those of a run's folder, those of a `wandb` folder,
 * or those of a folder with a `wandb` folder in it. Sorted by path, which is by time of creation.
 *
 * @throws the error of the file system when the path can't be read.
 */
export async function findTransactionLogs(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const own = await transactionLogsIn(path);
  if (own.length > 0) return own;
  const found: string[] = [];
  for (const parent of [path, join(path, "wandb")]) {
    const entries = await readdir(parent, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
      throw error;
    });
    for (const entry of entries) {
      // Links such as the official client's `latest-run` would give a run twice.
      if (entry.isDirectory()) found.push(...(await transactionLogsIn(join(parent, entry.name))));
    }
  }
  return found.sort();
}

/** Marks an offline file as delivered, as the official client does: its `sync` and `clean` know the mark. */
export async function markSynced(transactionLog: string): Promise<void> {
  await writeFile(`${transactionLog}.synced`, "");
}

/** Whether an offline file was delivered, by us or by the official client. */
export async function isSynced(transactionLog: string): Promise<boolean> {
  return await stat(`${transactionLog}.synced`).then(
    () => true,
    () => false,
  );
}

/** The folder that an offline file lies in. */
export function directoryOf(transactionLog: string): string {
  return dirname(resolve(transactionLog));
}

async function transactionLogsIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".wandb"));
  return names.map((name) => join(directory, name)).sort();
}

function localStamp(date: Date): string {
  const [year, ...rest] = [
    date.getFullYear(),
    date.getMonth() + 1,
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
  ].map((part) => String(part).padStart(2, "0"));
  return `${year}${rest.slice(0, 2).join("")}_${rest.slice(2).join("")}`;
}
