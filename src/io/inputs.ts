/** From what the user names to the logs to read. */
import { createReadStream, existsSync, readdir, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { isGarbled, withoutExtension } from "./file-name.js";
import { InputError } from "./input-error.js";
import type { ObjectStore } from "./objects/object-store.js";
import { isObjectUrl, printableUrl } from "./objects/object-url.js";
import { FileSource, type Source } from "./source.js";
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
    const key = name === STDIN || isObjectUrl(name) ? name : resolve(name);
    if (!names.has(key)) names.set(key, name);
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

/** Node's `readdir`, which reports folders that are skipped because of their names. */
function noting(tell: (path: string) => void): typeof readdir {
  const call = (path: string, options: object, done: (error: Error | null, found?: unknown) => void) =>
    readdir(path, options, (error, found: unknown) => {
      if (error?.code === "ENOENT" && isGarbled(path)) tell(path);
      done(error, found);
    });
  return call as typeof readdir;
}

let objects: Promise<ObjectStore> | undefined;

/** Where an input lies that is no file of its name: a file elsewhere, or nowhere, and why. */
export type InputLocation = { readonly path: string } | { readonly fault: string };

const locations = new Map<string, InputLocation>();

/** Says where the input of a name lies. */
export function locateInput(name: string, place: InputLocation): void {
  locations.set(name, place);
}

/** Where the input of a name lies; undefined if the name is its path. */
export function inputLocation(name: string): InputLocation | undefined {
  return locations.get(name);
}

/** A file, with its size if available, or an object as a source. */
export function fileSource(name: string): Source {
  const place = locations.get(name);
  if (place !== undefined)
    return "path" in place ? memberSource(name, place.path) : lostSource(name, place.fault);
  if (isObjectUrl(name)) return objectSource(name);
  try {
    return new FileSource(name, statSync(name));
  } catch {
    return new FileSource(name);
  }
}

function memberSource(name: string, path: string): Source {
  return new FileSource(path, statSync(path, { throwIfNoEntry: false }), name);
}

function lostSource(name: string, fault: string): Source {
  return {
    name,
    // biome-ignore lint/correctness/useYield: there is nothing to yield
    async *chunks() {
      throw new InputError(fault);
    },
  };
}

/** The HTTP client is loaded only if something is fetched: loading takes longer than a small log. */
function objectSource(url: string): Source {
  return {
    name: printableUrl(url),
    async *chunks() {
      objects ??= import("./objects/object-store.js").then(({ ObjectStore }) =>
        ObjectStore.fromEnvironment(process.env, { userAgent: "marian-tracking" }),
      );
      yield* (await objects).source(url).chunks();
    },
  };
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
