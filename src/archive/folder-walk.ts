/** Lists folders. Follows symbolic links, but reads no folder twice and goes in no circle. */

import type { Dirent } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { compareText } from "../io/file-name.js";
import { readable, revisionOf } from "../io/source.js";
import type { Problem } from "./group.js";
import { kindOf } from "./layout.js";

/** A folder by the path that leads to it, and by its path without symbolic links. */
export interface Folder {
  readonly path: string;
  readonly real: string;
}

/** A file by its names. */
export interface NamedFile {
  /** Where it can be read. */
  readonly path: string;
  /** The name for the user: the given directory, and the path below it. */
  readonly name: string;
}

/** A file that has not been read. */
export interface FoundFile extends NamedFile {
  /** Bytes as stored. */
  readonly size: number;
  /** When it was last changed: milliseconds since 1970. */
  readonly mtimeMs: number;
  /** See `Source.revision`; absent for a file that was unpacked just now. */
  readonly revision?: string;
}

/** A file below a folder. */
export interface FileBelow extends NamedFile {
  /** The folders between, the outermost first. */
  readonly folders: readonly string[];
  /** Its own name. */
  readonly base: string;
}

/** How a walk names paths and reports problems. */
export interface Walk {
  /** The path's name for the user. */
  nameOf(path: string): string;
  problem(problem: Problem): void;
  /** Takes what is neither a file nor a folder, as a pipe or a link that leads nowhere; a problem if absent. */
  passOver?(path: string): void;
  /** Whether the files were unpacked for this walk alone. */
  readonly isUnpacked?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The folders in a folder above those of groups, sorted by name, with links to other folders, except links to a
 * folder that is listed already or lies above.
 */
export async function foldersIn(folder: Folder, walk: Walk): Promise<Folder[]> {
  const { folders, links, files } = await readFolder(folder, walk, (base) => kindOf(base) !== undefined);
  for (const base of files) {
    const reason = "this is not read: it lies above the folders of the groups, <project>/<group>";
    report(join(folder.path, base), "failure", reason, walk);
  }
  const found = [...folders];
  for (const link of links) {
    const same = found.find(({ real }) => real === link.real);
    if (leadsAbove(link, folder)) reportCircle(link, walk);
    else if (same !== undefined) reportDouble(link, same, walk);
    else found.push(link);
  }
  return found.sort((a, b) => compareText(a.path, b.path));
}

/** The folder at a path; undefined if it is missing. */
export async function folderAt(path: string): Promise<Folder | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return undefined;
    return { path, real: await realpath(path) };
  } catch {
    return undefined;
  }
}

/** The wanted files below a folder, sorted by path. */
export async function filesBelow(
  folder: Folder,
  walk: Walk,
  wanted: (base: string, folders: readonly string[]) => boolean,
): Promise<FileBelow[]> {
  const files: FileBelow[] = [];
  const visited = new Map<string, Folder>();
  let links: { readonly link: Folder; readonly folders: readonly string[] }[] = [];
  const read = async (at: Folder, folders: readonly string[]): Promise<void> => {
    const before = visited.get(at.real);
    if (before !== undefined) return reportDouble(at, before, walk);
    visited.set(at.real, at);
    const content = await readFolder(at, walk, (base) => wanted(base, folders));
    const below = (inner: Folder) => [...folders, inner.path.slice(at.path.length + 1)];
    for (const link of content.links) links.push({ link, folders: below(link) });
    for (const base of content.files) {
      const path = join(at.path, base);
      files.push({ path, name: walk.nameOf(path), folders, base });
    }
    await Promise.all(content.folders.map((inner) => read(inner, below(inner))));
  };
  await read(folder, []);
  // Links come last, so that a folder keeps its real path.
  while (links.length > 0) {
    const now = links.sort((a, b) => compareText(a.link.path, b.link.path));
    links = [];
    for (const { link, folders } of now) {
      if (leadsAbove(link, folder)) reportCircle(link, walk);
      else await read(link, folders);
    }
  }
  return files.sort((a, b) => compareText(a.path, b.path));
}

const NO_FILE = "this file could not be read to its end";

interface Content {
  readonly folders: readonly Folder[];
  /** Symbolic links to folders. */
  readonly links: readonly Folder[];
  /** The wanted names. */
  readonly files: readonly string[];
}

async function readFolder(folder: Folder, walk: Walk, wanted: (base: string) => boolean): Promise<Content> {
  walk.signal?.throwIfAborted();
  let entries: Dirent[];
  try {
    entries = await readdir(folder.path, { withFileTypes: true });
  } catch (error) {
    report(folder.path, "failure", `the folder could not be read: ${readable(error).message}`, walk);
    return { folders: [], links: [], files: [] };
  }
  const folders: Folder[] = [];
  const links: Folder[] = [];
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => compareText(a.name, b.name))) {
    const path = join(folder.path, entry.name);
    if (entry.isDirectory()) folders.push({ path, real: join(folder.real, entry.name) });
    else if (entry.isSymbolicLink()) {
      const target = await targetOf(path, wanted(entry.name), walk);
      if (typeof target === "object") links.push(target);
      else if (target !== undefined && wanted(entry.name)) {
        if (target === "other") reportNoFile(path, walk);
        else files.push(entry.name);
      }
    } else if (wanted(entry.name)) {
      if (entry.isFile()) files.push(entry.name);
      else reportNoFile(path, walk);
    }
  }
  return { folders, links, files };
}

/** What a symbolic link leads to; undefined if that is gone and the name is not wanted. */
async function targetOf(
  path: string,
  isWanted: boolean,
  walk: Walk,
): Promise<Folder | "file" | "gone" | "other" | undefined> {
  try {
    const info = await stat(path);
    if (!info.isDirectory()) return info.isFile() ? "file" : "other";
    return { path, real: await realpath(path) };
  } catch (error) {
    // Whoever reads the file says so.
    if (walk.passOver === undefined && isWanted) return "gone";
    if (walk.passOver !== undefined) walk.passOver(path);
    else report(path, "warning", readable(error).message, walk);
    return undefined;
  }
}

/**
 * The file at a path; undefined if there is no file, which is a problem unless it may be missing. A symbolic link that
 * leads nowhere is a file of no bytes: reading it says what is wrong.
 */
export async function fileAt(path: string, walk: Walk, mayBeMissing = false): Promise<FoundFile | undefined> {
  try {
    const info = await stat(path);
    const { size, mtimeMs } = info;
    const revision = walk.isUnpacked === true ? {} : { revision: revisionOf(info) };
    if (info.isFile()) return { path, name: walk.nameOf(path), size, mtimeMs, ...revision };
    report(path, "failure", NO_FILE, walk);
  } catch (error) {
    const link = await lstat(path).catch(() => undefined);
    if (link?.isSymbolicLink()) return { path, name: walk.nameOf(path), size: 0, mtimeMs: link.mtimeMs };
    if (!(mayBeMissing && (error as NodeJS.ErrnoException).code === "ENOENT"))
      report(path, "failure", readable(error).message, walk);
  }
  return undefined;
}

function leadsAbove(link: Folder, folder: Folder): boolean {
  return `${folder.real}${sep}`.startsWith(link.real.endsWith(sep) ? link.real : `${link.real}${sep}`);
}

function reportNoFile(path: string, walk: Walk): void {
  if (walk.passOver !== undefined) walk.passOver(path);
  else report(path, "failure", NO_FILE, walk);
}

function reportCircle(link: Folder, walk: Walk): void {
  report(link.path, "warning", "the symbolic link leads in a circle: it was not followed", walk);
}

function reportDouble(link: Folder, before: Folder, walk: Walk): void {
  const reason = `the same folder as ${walk.nameOf(before.path)}: it was read once`;
  report(link.path, "warning", reason, walk);
}

function report(path: string, severity: Problem["severity"], reason: string, walk: Walk): void {
  walk.problem({ source: walk.nameOf(path), reason, severity });
}
