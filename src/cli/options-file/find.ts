/** Finds the file of options, and decides whether it is read. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";

const NAME = "marian-tracking.toml";
/** The variable that names the file; empty, it switches the file off. */
const VARIABLE = "MARIAN_TRACKING_CONFIG";
/** A file of options has a few lines. */
const MAX_BYTES = 64 * 1024;

/** What a search found: nothing, a file, or that the file that the environment names can't be used. */
export type FoundFile =
  | { readonly kind: "none" }
  | {
      readonly kind: "file";
      readonly path: string;
      /** The path in messages: seen from the working folder if that is shorter. */
      readonly shown: string;
      readonly text: string;
    }
  | { readonly kind: "unusable"; readonly message: string };

/** Where to look. */
export interface OptionsFilePlace {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Looks in the folder and its parents, up to the root of the repository or the home folder. A file that others may
 * have written is not read, and the search goes on.
 *
 * @param warn Called with the reason for each file that is not read.
 */
export function findOptionsFile(
  { folder, environment }: OptionsFilePlace,
  warn: (message: string) => void,
): FoundFile {
  const named = environment[VARIABLE];
  if (named === "") return { kind: "none" };
  if (named !== undefined) {
    const result = read(resolve(folder, named), named);
    if (typeof result === "object") return result;
    const reason = result ?? "it does not exist";
    return { kind: "unusable", message: `${VARIABLE}=${named} can't be used: ${reason}` };
  }
  const home = resolve(environment["HOME"] || homedir());
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, NAME);
    const fromHere = relative(folder, path);
    const shown = fromHere.length < path.length ? fromHere : path;
    // A folder that may not be searched holds no file of options.
    const result = canSearch(at) ? read(path, shown) : undefined;
    if (typeof result === "object") return result;
    if (result !== undefined) warn(`${shown} is ignored: ${result}`);
    if (at === home || at === dirname(at) || existsSync(join(at, ".git"))) return { kind: "none" };
  }
}

function canSearch(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The file; the reason why it is not read; or undefined if it does not exist. */
function read(path: string, shown: string): Extract<FoundFile, { kind: "file" }> | string | undefined {
  let descriptor: number | undefined;
  try {
    const link = lstatSync(path, { throwIfNoEntry: false });
    if (link === undefined) return undefined;
    // Nobody can swap the file between the check and the reading; without O_NONBLOCK a named pipe would wait.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const file = fstatSync(descriptor);
    if (!file.isFile()) return "it is not a file";
    // A link of somebody else's could lead to a file of the user's that was meant for something else.
    const distrust = foreign(link) ?? foreign(file) ?? writable(shown, file);
    if (distrust !== undefined) return distrust;
    if (file.size > MAX_BYTES) return `it is larger than ${MAX_BYTES / 1024} kB`;
    const bytes = Buffer.alloc(file.size);
    const length = readSync(descriptor, bytes, 0, file.size, 0);
    return { kind: "file", path, shown, text: bytes.toString("utf8", 0, length) };
  } catch (error) {
    return `it can't be read (${(error as NodeJS.ErrnoException).code})`;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Why a file is not the user's or root's; Windows has no such owners. */
function foreign({ uid }: Stats): string | undefined {
  const user = process.getuid?.();
  if (user === undefined || uid === user || uid === 0) return undefined;
  return `it belongs to another user (${uid}), and only files of yours and of root are read`;
}

/** Why others could have written a file. A group with the number of its user is that user alone. */
function writable(shown: string, { mode, uid, gid }: Stats): string | undefined {
  if (process.getuid === undefined) return undefined;
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
  return isOpen ? `others may write to it; run: chmod go-w ${shown}` : undefined;
}
