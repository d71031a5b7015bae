/** Folders for results. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it. Not `mkdir`'s own recursion: that never ends on file systems which answer "no
 * such directory" for a name that may not be made, such as /proc.
 *
 * @throws Error of Node's when a folder can't be made.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    return await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
  }
  await makeFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    // Another process may have been faster.
    if (error.code !== "EEXIST") throw error;
  });
}
