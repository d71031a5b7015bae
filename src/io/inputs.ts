/** From what the user names to the logs to read. */
import { createReadStream, existsSync, readdir } from "node:fs";
import { join, parse, relative, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { isGarbled, withoutExtension } from "./file-name.js";
import { InputError } from "./input-error.js";
import { isObjectUrl, printableUrl } from "./objects/object-url.js";
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
 * extension. For inputs from different trees, which share no folder, it is the shortest trailing part of the path that
 * tells them apart. Two inputs never share one: where they would, they keep their extensions.
 */
export function resultFolders(names: readonly string[]): Map<string, string> {
  const paths = new Map(names.map((name) => [name, pathOf(name)]));
  const parent = commonParent(names.filter((name) => name !== STDIN));
  const full = (name: string) =>
    (name === STDIN ? ["stdin"] : paths.get(name)?.slice(Math.max(1, parent.length))) ?? [];
  const short = (name: string) => {
    const parts = full(name);
    return [...parts.slice(0, -1), withoutExtension(parts.at(-1) ?? "")];
  };
  const counts = countsOf(names.map((name) => short(name).join("/")));
  const chosen = names.map((name) =>
    (counts.get(short(name).join("/")) ?? 0) > 1 ? full(name) : short(name),
  );
  const folders = new Map<string, string>();
  const taken = new Set<string>();
  for (const [index, parts] of (parent.length > 1 ? chosen : shortestTails(chosen)).entries()) {
    let folder = join(...parts);
    while (taken.has(folder)) folder += "_";
    taken.add(folder);
    folders.set(names[index] ?? "", folder);
  }
  return folders;
}

/** The parts of an absolute path or of an object's URL; the first is the root, or the scheme. */
function pathOf(name: string): readonly string[] {
  if (!isObjectUrl(name)) {
    const { root } = parse(resolve(name));
    return [root, ...resolve(name).slice(root.length).split(sep)];
  }
  const [scheme = "", ...parts] = printableUrl(name).split("/");
  // Unlike those of a path, the parts of an object's name may be empty, `.` or `..`.
  return [scheme, ...parts.filter((part) => !/^\.{0,2}$/.test(part))];
}

/** The first parts that the folders of all inputs share: none if they have not even their root in common. */
function commonParent(names: readonly string[]): readonly string[] {
  const [first = [], ...others] = names.map((name) => pathOf(name).slice(0, -1));
  const end = others.reduce((length, parts) => {
    let shared = 0;
    while (shared < length && parts[shared] === first[shared]) shared += 1;
    return shared;
  }, first.length);
  return first.slice(0, end);
}

/** As few of the last parts of each path as tell it from the others; all of them if none do. */
function shortestTails(paths: readonly (readonly string[])[]): readonly (readonly string[])[] {
  let tails = paths.map((path) => path.slice(-1));
  for (;;) {
    const counts = countsOf(tails.map((tail) => tail.join("/")));
    const longer = tails.map((tail, index) =>
      (counts.get(tail.join("/")) ?? 0) > 1 ? (paths[index] ?? []).slice(-1 - tail.length) : tail,
    );
    if (longer.every((tail, index) => tail.length === tails[index]?.length)) return tails;
    tails = longer;
  }
}

function countsOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

async function readList(file: string, stdin: Readable): Promise<string[]> {
  if (file === STDIN && stdin === process.stdin && stdinIs("directory"))
    throw new InputError("standard input is a directory: name the file that holds the list");
  const list = await text(file === STDIN ? stdin : createReadStream(file));
  return list.split(/\r?\n/).filter((line) => line.trim() !== "");
}
