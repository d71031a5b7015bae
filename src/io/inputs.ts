/** From what the user names to the logs to read. */
import { createReadStream, existsSync, readdir } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { isGarbled, withoutExtension } from "./file-name.js";
import { InputError } from "./input-error.js";
import { isObjectUrl } from "./objects/object-url.js";
import { stdinIs } from "./stdin.js";

/** Stands for standard input. */
export const STDIN = "-";

/** The names of all inputs, each once, and the patterns that matched nothing. */
export interface InputNames {
  readonly names: readonly string[];
  readonly unmatched: readonly string[];
}

/** Expands patterns (`logs/*.log`) and lists of files (`--files-from`); sorted within a pattern. */
export async function inputNames(
  given: readonly string[],
  filesFrom: string | undefined,
  stdin: Readable,
): Promise<InputNames> {
  const listed = filesFrom === undefined ? [] : await readList(filesFrom, stdin);
  const names = new Map<string, string>();
  const unmatched: string[] = [];
  const add = (name: string) => {
    if (!names.has(inputKey(name))) names.set(inputKey(name), name);
  };
  for (const name of given) {
    if (name === STDIN || isObjectUrl(name) || existsSync(name) || !/[*?[{]/.test(name)) {
      add(name);
      continue;
    }
    const { glob } = await import("tinyglobby");
    const absolute = name.startsWith(sep);
    const options = { dot: true, expandDirectories: false, absolute };
    const closed: string[] = [];
    const readdirNoting = noting((path) => closed.push(absolute ? path : relative("", path)));
    const found = await glob([name], { ...options, fs: { readdir: readdirNoting } });
    // Whoever reads such a folder as a log says what is wrong with its name.
    found.push(...closed);
    if (found.length === 0) unmatched.push(name);
    for (const path of found.sort()) add(path);
  }
  for (const name of listed) add(name);
  return { names: [...names.values()], unmatched };
}

/** The same for all names of an input. */
export function inputKey(name: string): string {
  return name === STDIN || isObjectUrl(name) ? name : resolve(name);
}

/** Node's `readdir`, which reports folders that are skipped because of their names. */
function noting(tell: (path: string) => void): typeof readdir {
  const call = (path: string, options: object, done: (error: Error | null, found?: unknown) => void) =>
    readdir(path, options, (error, found: unknown) => {
      if (error?.code === "ENOENT" && isGarbled(path)) tell(path);
      done(error, found);
    });
  return call as typeof readdir;
}

/**
 * The folder of each input's results, below the output folder: its path below the common parent, without the
 * extension. Two inputs never share one: where they would, they keep their extensions.
 */
export function resultFolders(names: readonly string[]): Map<string, string> {
  const paths = names.filter((name) => name !== STDIN).map((name) => dirname(resolve(name)));
  const parent = paths.reduce((common, path) => commonParent(common, path), paths[0] ?? "");
  const full = (name: string) => (name === STDIN ? "stdin" : relative(parent, resolve(name)));
  const short = (name: string) => {
    const path = full(name);
    return join(dirname(path), withoutExtension(basename(path)));
  };
  const counts = new Map<string, number>();
  for (const name of names) counts.set(short(name), (counts.get(short(name)) ?? 0) + 1);
  const folders = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of names) {
    let folder = (counts.get(short(name)) ?? 0) > 1 ? full(name) : short(name);
    while (taken.has(folder)) folder += "_";
    taken.add(folder);
    folders.set(name, folder);
  }
  return folders;
}

function commonParent(one: string, other: string): string {
  let parent = one;
  while (parent !== other && !other.startsWith(parent.endsWith(sep) ? parent : parent + sep))
    parent = dirname(parent);
  return parent;
}

async function readList(file: string, stdin: Readable): Promise<string[]> {
  if (file === STDIN && stdin === process.stdin && stdinIs("directory"))
    throw new InputError("standard input is a directory: name the file that holds the list");
  const list = await text(file === STDIN ? stdin : createReadStream(file));
  return list.split(/\r?\n/).filter((line) => line.trim() !== "");
}
