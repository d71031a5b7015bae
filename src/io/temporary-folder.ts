/** A folder that is gone when the process is. */
import { rmSync } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWNER, sweep } from "./owner.js";

/** Names of such folders; those of earlier versions have no owner. */
const LEFTOVER = /^marian-tracking-(?:[A-Za-z0-9_.]+-\d+-\d+-)?[A-Za-z0-9]{6}$/;

/** Those that are there, for the end of the process. */
const folders = new Set<string>();

/** Removes what killed processes have left below the system's temporary folder. Never rejects. */
export async function sweepTemporaryFolders(): Promise<void> {
  await sweep(tmpdir(), LEFTOVER);
}

/**
 * Makes a folder for the user alone below the system's temporary folder (`TMPDIR`). It is removed by
 * {@link removeTemporaryFolder}, and at the latest when the process ends. What a killed process has left, the next one
 * removes.
 */
export async function makeTemporaryFolder(): Promise<string> {
  await sweepTemporaryFolders();
  const folder = await mkdtemp(join(tmpdir(), `marian-tracking-${OWNER}-`));
  if (folders.size === 0) process.on("exit", removeAll);
  folders.add(folder);
  return folder;
}

/** Removes a folder with all that is in it. */
export async function removeTemporaryFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
  if (folders.size === 0) process.off("exit", removeAll);
}

/** A file for the user alone, without a name: it is gone with the process, however that ends. */
export async function openTemporaryFile(): Promise<FileHandle> {
  const folder = await makeTemporaryFolder();
  try {
    return await open(join(folder, "file"), "wx+", 0o600);
  } finally {
    await removeTemporaryFolder(folder);
  }
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
