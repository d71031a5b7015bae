/** Named pipes. An ordinary `open` of one waits in a thread for the other side, and no signal ends a waiting thread. */
import { constants, openSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Socket } from "node:net";

/** Opens a named pipe for reading: bytes come as soon as somebody writes, and it ends with its last writer. */
export function openFifo(path: string | URL): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Whether a path is a named pipe; false where nothing is there. */
export async function isFifo(path: string | URL): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isFIFO(),
    () => false,
  );
}

/**
 * Makes sure that a path which is a named pipe can be opened for writing without waiting for a reader.
 *
 * @throws Error in words for the user where nobody reads it.
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
