/** The files of a report: the page and its summary. */

import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type OutputFile, openOutputFile, writing } from "../../io/output-file.js";

/**
 * The viewer's page, as the build made it.
 *
 * @throws Error in words for the user.
 */
export async function readViewer(root: string): Promise<string> {
  const path = join(root, "dist", "viewer.html");
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new Error(`the viewer's page ${path} is not there: run \`npm run build\``, { cause: error });
  }
}

/**
 * Writes a file beside its place.
 *
 * @throws Error of Node's when it can't be written; then nothing is left.
 */
export async function writePart(path: string, text: string): Promise<OutputFile> {
  const place = await openOutputFile(path);
  try {
    await writing(path, writeFile(place.part, text));
  } catch (error) {
    await place.discard();
    throw error;
  }
  return place;
}

/** Opens a file in the system's browser. @returns What went wrong, in words; nothing where it was opened. */
export function openFile(path: string): Promise<string | undefined> {
  const [command, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  return new Promise((resolve) => {
    const child = spawn(command, [...args, path], { stdio: "ignore", detached: true });
    child.once("error", ({ message }) => resolve(`it could not be opened: ${command}: ${message}`));
    child.once("spawn", () => {
      child.unref();
      resolve(undefined);
    });
  });
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  win32: ["explorer.exe"],
};
