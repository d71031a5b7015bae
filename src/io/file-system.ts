/** Folders, names of files, and named pipes. An ordinary `open` of a pipe waits in a thread, which no signal ends. */
import { constants, openSync } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { dirname } from "node:path";
import { unwrittenText } from "./address.js";
import { InputError } from "./input-error.js";

/**
 * Makes a folder and those above it. Not `mkdir`'s own recursion: that never ends on file systems which answer "no
 * such directory" for a name that may not be made, such as /proc.
 *
 * @throws Error of Node's when a folder can't be made; InputError for an address.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    return await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    const wrong = unwrittenText(path);
    if (wrong !== undefined) throw new InputError(wrong, { cause: error });
  }
  await makeFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    // Another process may have been faster.
    if (error.code !== "EEXIST") throw error;
  });
}

/** Opens a named pipe for reading: bytes come as soon as somebody writes, and it ends with its last writer. */
export function openFifo(path: string | URL): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Whether a path is a named pipe; false if nothing is there. */
export async function isFifo(path: string | URL): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isFIFO(),
    () => false,
  );
}

/**
 * Makes sure that a path which is a named pipe can be opened for writing without waiting for a reader.
 *
 * @throws Error ready to be shown where nobody reads it.
 */
export async function checkReader(path: string): Promise<void> {
  if (!(await isFifo(path))) return;
  try {
    await (await open(path, constants.O_WRONLY | constants.O_NONBLOCK)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
    throw new Error(`${path} is a named pipe that nobody reads: start its reader first, or remove it`);
  }
}
