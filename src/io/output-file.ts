/** Where results go: a file is there whole or as it was before, whatever the place is. */

import { constants, createReadStream, createWriteStream, openSync, renameSync } from "node:fs";
import { copyFile, readlink, rename, rm, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { basename, dirname, isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { checkReader, makeFolder } from "./file-system.js";
import { InputError } from "./input-error.js";
import { isBucketUrl } from "./objects/object-url.js";
import { objectStore } from "./objects/process-store.js";
import { OWNER, sweep } from "./owner.js";
import { makeTemporaryFolder, removeTemporaryFolder } from "./temporary-folder.js";

/** Names of temporary files next to the final path; earlier versions used a number only, or a UUID. */
export const LEFTOVER =
  /\.(?:(?:[A-Za-z0-9_.]+-\d+-\d+|\d+)(?:\.\d+)?\.partial(?:\.next)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part)$/;
/** As many links may lead to each other. */
const MAX_LINKS = 40;
/** Longer names leave no room for the owner's. */
const LONGEST_NAME = 100;

let parts = 0;

/** The place of one result. */
export interface OutputFile {
  /** The file to write: next to the final path or, for a device, a FIFO or an object, in the temporary folder. */
  readonly part: string;
  /** Puts the part at its place. */
  commit(): Promise<void>;
  /** The same without a turn for anybody else, for several results that belong together; a device gets its bytes later. */
  commitNow(): Promise<void> | undefined;
  /** Removes the part. */
  discard(): Promise<void>;
}

/**
 * Makes ready to write to a path, or to the address of an object in a bucket. A link stays, and what it leads to is
 * replaced; a device or a FIFO is written to. The folder is made, and what killed processes left there is removed.
 *
 * @param name What the part's name begins with, where that may not be the name of the place.
 * @throws Error of Node's when the place can't be written.
 */
export async function openOutputFile(path: string, name?: string): Promise<OutputFile> {
  if (isBucketUrl(path)) return objectFile(path);
  const target = await throughLinks(path);
  const info = await stat(target).catch(absent);
  if (info !== undefined && !info.isFile() && !info.isDirectory()) return deviceFile(target, info.isFIFO());
  await makeFolder(dirname(target));
  await sweep(dirname(target), LEFTOVER);
  const part = partOf(target, name);
  return {
    part,
    commit: () => rename(part, target),
    commitNow: () => {
      renameSync(part, target);
      return undefined;
    },
    discard: () => rm(part, { force: true }),
  };
}

/** A temporary name next to a path; it names its owner. */
export function partOf(path: string, name = basename(path)): string {
  const isLong = name.length > LONGEST_NAME;
  if (isLong) parts += 1;
  const stem = isLong ? `${name.slice(0, LONGEST_NAME / 2)}.${OWNER}.${parts}` : `${name}.${OWNER}`;
  return join(dirname(path), `${stem}.partial`);
}

/** Where a path leads; a link that leads nowhere yet names the file to make. */
export async function throughLinks(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const to = await readlink(at).catch(() => undefined);
    if (to === undefined) return at;
    // Links of /proc, such as /dev/stdout, have no path: they are opened as they are.
    if (/^(?:pipe|socket|anon_inode):/.test(to)) return at;
    at = isAbsolute(to) ? to : join(dirname(at), to);
  }
  return at;
}

/** The final path of a temporary file of this process; any other path as it is. */
export function targetOf(part: string): string {
  const at = LEFTOVER.test(part) ? part.lastIndexOf(`.${OWNER}`) : -1;
  return at === -1 ? part : part.slice(0, at);
}

/**
 * Gives an error of Node's the file that it is about: an error of an open file, such as a full disk, names none.
 *
 * @param work What is done with the file at the path.
 */
export async function writing<Value>(path: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw named(error, path);
  }
}

/** The same for an error that was thrown. */
export function named(error: unknown, path: string): unknown {
  const isNameless = error instanceof Error && "code" in error && !("path" in error);
  return isNameless ? Object.assign(error, { path }) : error;
}

/** Moves a file, also to another disk. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    await copyFile(from, to);
    await rm(from, { force: true });
  }
}

/** An object is uploaded at the end. */
async function objectFile(url: string): Promise<OutputFile> {
  const folder = await makeTemporaryFolder();
  const part = join(folder, "part");
  const discard = () => removeTemporaryFolder(folder);
  const commit = async () => {
    try {
      await (await objectStore()).put(url, part);
    } finally {
      await discard();
    }
  };
  return { part, commit, commitNow: commit, discard };
}

/** A device or a FIFO takes the bytes at the end, as nothing there can be changed. */
async function deviceFile(path: string, isFifo: boolean): Promise<OutputFile> {
  // Open from now on: to its reader a FIFO ends with its last writer.
  const fifo = isFifo ? await openFifo(path) : undefined;
  const folder = await makeTemporaryFolder();
  const part = join(folder, "part");
  const discard = async () => {
    fifo?.destroy();
    await removeTemporaryFolder(folder);
  };
  const commit = async () => {
    try {
      await writing(path, pipeline(createReadStream(part), fifo ?? createWriteStream(path)));
    } finally {
      await discard();
    }
  };
  return { part, commit, commitNow: commit, discard };
}

/** Opens a FIFO without waiting for its reader in a thread, where no signal reaches. */
async function openFifo(path: string): Promise<Socket> {
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: false, writable: true });
  } catch (error) {
    await checkReader(path);
    throw error;
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

/**
 * Writes a temporary file and renames it, so that nobody ever sees half of the file.
 *
 * @param write Writes to the path that it is given.
 * @throws InputError if the disk does not take it; whatever else `write` throws.
 */
export async function writeWhole(path: string, write: (part: string) => Promise<void>): Promise<void> {
  let place: OutputFile | undefined;
  try {
    place = await openOutputFile(path);
    await write(place.part);
    await place.commit();
  } catch (error) {
    await place?.discard();
    throw unwritable(error, path);
  }
}

/** An error of the disk ready to be shown; any other as it is. */
export function unwritable(error: unknown, path: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  return new InputError(`it can't be written to ${path} (${code}): make room there, or name another place`, {
    cause: error,
  });
}
