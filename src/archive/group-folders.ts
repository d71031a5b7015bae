/** Finds the groups below what the user names: an archive, a part of one, or a folder with several. */

import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { compareText } from "../io/file-name.js";
import { InputError } from "../io/input-error.js";
import { readable } from "../io/source.js";
import { type Folder, filesBelow, folderAt, foldersIn, type Walk } from "./folder-walk.js";
import { kindOf, type Tree } from "./layout.js";

/** The folders of a group. */
export interface GroupFolders {
  readonly project: string;
  readonly name: string;
  readonly folders: ReadonlyMap<Tree, Folder>;
  /** The path of its configuration, which may be missing. */
  readonly config?: string;
  /** Whether the archive's `logs/<project>/<group>` is among the folders. */
  readonly hasLogsFolder: boolean;
}

/** The groups that were found. */
export interface FoundGroups {
  /** Every group of the projects that the user named a part of: ids are unique within a project. */
  readonly groups: readonly GroupFolders[];
  /** Whether the user named the group, or a folder above it. */
  isAsked(group: { readonly project: string; readonly name: string }): boolean;
}

/** The start of a search. */
export interface Start {
  readonly path: string;
  /** Whether an archive may lie above; false if the folder was unpacked from a file. */
  readonly mayLookAbove: boolean;
  /** The path as the user knows it: outside an archive, folders give projects and groups their names. */
  knownAs(path: string): string;
}

/** An archive. */
interface Root {
  readonly path: string;
  readonly trees: ReadonlyMap<Tree, Folder>;
}

/**
 * Looks for archives: in the folder itself, up to two levels below it, and above it (the user may name
 * `ARCHIVE/logs`, `ARCHIVE/logs/<project>` or one group's folder); else for folders
 * `<project>/<group>/<model>/train.log` anywhere below.
 *
 * @throws InputError if there is nothing to read.
 */
export async function findGroups(start: Start, walk: Walk): Promise<FoundGroups> {
  const folder = await folderAt(start.path);
  if (folder === undefined) throw readable(await stat(start.path).catch((error: unknown) => error));
  const below = await rootsBelow(folder, walk);
  if (below.length > 0) return { groups: await groupsOf(below, undefined, walk), isAsked: () => true };
  const above = start.mayLookAbove ? await rootAbove(folder) : undefined;
  if (above !== undefined) {
    const [project, group] = above.part;
    const isAsked: FoundGroups["isAsked"] = (other) => group === undefined || other.name === group;
    return { groups: await groupsOf([above.root], project, walk), isAsked };
  }
  return { groups: await groupsAnywhere(start, folder, walk), isAsked: () => true };
}

async function rootsBelow(folder: Folder, walk: Walk): Promise<Root[]> {
  const found: Root[] = [];
  let level = [folder];
  for (let depth = 0; depth <= 2 && level.length > 0; depth += 1) {
    const others: Folder[] = [];
    for (const at of level) {
      const root = await rootAt(at);
      if (root === undefined) others.push(at);
      else found.push(root);
    }
    // Reading the groups reports what can't be read here.
    level = (await Promise.all(others.map((at) => foldersIn(at, quiet(walk))))).flat();
  }
  return found;
}

async function rootAbove(folder: Folder): Promise<{ root: Root; part: readonly string[] } | undefined> {
  for (const path of new Set([folder.path, folder.real])) {
    for (let at = path; relative(at, path).split(sep).length <= 2 && dirname(at) !== at; at = dirname(at)) {
      if (!["logs", "models"].includes(basename(at))) continue;
      const above = await folderAt(dirname(at));
      const root = above === undefined ? undefined : await rootAt(above);
      if (root !== undefined) return { root, part: relative(at, path).split(sep).filter(Boolean) };
    }
  }
  return undefined;
}

/** An archive has folders `<project>/<group>` in `logs` or `models`. */
async function rootAt({ path }: Folder): Promise<Root | undefined> {
  const trees = new Map<Tree, Folder>();
  for (const tree of ["logs", "models"] as const) {
    const folder = await folderAt(join(path, tree));
    if (folder !== undefined && (await hasGroups(folder))) trees.set(tree, folder);
  }
  return trees.size === 0 ? undefined : { path, trees };
}

async function hasGroups(tree: Folder): Promise<boolean> {
  const walk = quiet();
  for (const project of await foldersIn(tree, walk))
    if ((await foldersIn(project, walk)).length > 0) return true;
  return false;
}

async function groupsOf(
  roots: readonly Root[],
  only: string | undefined,
  walk: Walk,
): Promise<GroupFolders[]> {
  const groups: GroupFolders[] = [];
  for (const root of roots) {
    const found = new Map<string, { project: string; name: string; folders: Map<Tree, Folder> }>();
    for (const [tree, folder] of root.trees) {
      for (const project of await foldersIn(folder, walk)) {
        const projectName = basename(project.path);
        if (only !== undefined && projectName !== only) continue;
        for (const group of await foldersIn(project, walk)) {
          const name = basename(group.path);
          const key = `${projectName}/${name}`;
          const known = found.get(key) ?? { project: projectName, name, folders: new Map() };
          known.folders.set(tree, group);
          found.set(key, known);
        }
      }
    }
    for (const { project, name, folders } of found.values()) {
      const config = join(root.path, "experiments", project, name, "config.yml");
      groups.push({ project, name, folders, config, hasLogsFolder: folders.has("logs") });
    }
  }
  return groups;
}

/** Groups outside of any archive, named by their folders. */
async function groupsAnywhere(start: Start, folder: Folder, walk: Walk): Promise<GroupFolders[]> {
  const logs = await filesBelow(folder, quiet(walk), (base) => kindOf(base) === "training");
  const deepEnough = logs.filter(({ folders }) => folders.length > 0);
  if (deepEnough.length === 0) {
    const [log] = logs;
    const hint =
      log === undefined
        ? "there is no archive here: expected logs/<project>/<group>/<model>/train.log or models/<project>/<group>/<model>/train.log"
        : `this is the folder of one training: name the folder of its group, or give ${log.name} to \`parse\``;
    throw new InputError(hint);
  }
  const paths = [...new Set(deepEnough.map(({ path }) => dirname(dirname(path))))].sort(compareText);
  // A log deeper in a group belongs to that group.
  const outer = paths.filter((path) => !paths.some((other) => path.startsWith(other + sep)));
  const groups: GroupFolders[] = [];
  for (const path of outer) {
    const group = await folderAt(path);
    if (group === undefined) continue;
    const known = start.knownAs(path);
    const names = { project: basename(dirname(known)), name: basename(known) };
    groups.push({ ...names, folders: new Map([["logs", group]]), hasLogsFolder: false });
  }
  return groups;
}

/** A walk that reports no problems. */
function quiet(walk?: Walk): Walk {
  return { nameOf: walk?.nameOf ?? ((path) => path), problem: () => {}, signal: walk?.signal };
}
