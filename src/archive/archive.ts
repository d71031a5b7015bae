/** Archives of trainings: years of experiments in a folder or a tar. */

import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { compareText } from "../io/file-name.js";
import { readable } from "../io/source.js";
import { makeTemporaryFolder, removeTemporaryFolder } from "../io/temporary-folder.js";
import type { Walk } from "./folder-walk.js";
import type { Problem } from "./group.js";
import type { ArchivedGroup } from "./group-files.js";
import { findGroups, type Start } from "./group-folders.js";
import { takeInventory } from "./inventory.js";
import { type ArchiveMode, isOfUse, kindOf } from "./layout.js";
import { unpackTar } from "./tar.js";

/** How an archive is opened. */
export interface ArchiveOptions {
  /** The naming of the runs. Without it, the folders of each group decide; an archive may have both kinds. */
  readonly mode?: ArchiveMode | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An archive whose groups are found one after the other. */
export interface ArchiveWalk {
  /**
   * Sorted by project, then by name; memory does not grow with their files.
   *
   * @throws InputError, without the path, if there is nothing to read.
   */
  groups(): AsyncIterable<ArchivedGroup>;
  /** What is wrong with the archive as a whole, sorted; complete when all groups have been found. */
  problems(): Problem[];
  /** Removes what was unpacked; the archive can't be read after that. */
  close(): Promise<void>;
}

/** An archive; none of its files has been read. */
export interface Archive {
  /** The modes of its groups. */
  readonly modes: readonly ArchiveMode[];
  /** Sorted by project, then by name. */
  readonly groups: readonly ArchivedGroup[];
  /** What is wrong with the archive as a whole; problems of a group are in the group. */
  readonly problems: readonly Problem[];
  /** Removes what was unpacked; the archive can't be read after that. */
  close(): Promise<void>;
}

/**
 * Opens a folder, or a tar (also with gzip or zstd), whose useful files it unpacks to a temporary folder.
 *
 * The folder may be the archive itself (with `logs`, `models`, `experiments`), a folder with archives up to two levels
 * below, `logs` or `models` of an archive, a project in them, or one group: then that part is read, with its files in
 * the other folders of the archive. Folders `<project>/<group>/<model>/train.log` outside an archive are read, too.
 *
 * @throws InputError, without the path, if there is nothing to read.
 */
export async function openArchive(path: string, options: ArchiveOptions = {}): Promise<Archive> {
  const archive = await enterArchive(path, options);
  try {
    const groups: ArchivedGroup[] = [];
    for await (const group of archive.groups()) groups.push(group);
    return {
      modes: [...new Set(groups.map((group) => group.mode))].sort().reverse(),
      groups,
      problems: archive.problems(),
      close: () => archive.close(),
    };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

/**
 * The same without the list of all groups.
 *
 * @throws InputError, without the path, if there is no such file or folder, or it is no tar.
 */
export async function enterArchive(path: string, options: ArchiveOptions = {}): Promise<ArchiveWalk> {
  const { mode, signal } = options;
  const info = await stat(path).catch((error: unknown) => {
    throw readable(error);
  });
  const problems: Problem[] = [];
  const problem = (one: Problem) => problems.push(one);
  let unpacked: string | undefined;
  try {
    let [start, walk] = beginAt(path, problem, signal);
    if (!info.isDirectory()) {
      unpacked = await makeTemporaryFolder();
      const folder = unpacked;
      const knownAs = (at: string) => join(withoutEnding(resolve(path)), relative(folder, at));
      start = { path: folder, mayLookAbove: false, knownAs };
      walk = {
        nameOf: (at) => [path, ...relative(folder, at).split(sep)].filter(Boolean).join("/"),
        problem,
        isUnpacked: true,
        signal,
      };
      for (const fault of await unpackTar(path, folder, { keep: isOfUse, keepPart: isLog, signal })) {
        const { entry, reason, severity } = fault;
        problem({ source: entry === undefined ? path : `${path}/${entry}`, reason, severity });
      }
    }
    return {
      groups: () => groupsFrom(start, walk, mode),
      problems: () => problems.sort((a, b) => compareText(a.source, b.source)),
      async close() {
        if (unpacked !== undefined) await removeTemporaryFolder(unpacked);
      },
    };
  } catch (error) {
    if (unpacked !== undefined) await removeTemporaryFolder(unpacked);
    throw error;
  }
}

/**
 * The groups of a folder, as {@link openArchive} finds them, one after the other: memory does not grow with their files.
 *
 * @param problem Takes what is wrong with the archive as a whole.
 * @throws InputError, without the path, if there is nothing to read.
 */
export async function* groupsOfFolder(
  path: string,
  problem: (problem: Problem) => void,
  { mode, signal }: ArchiveOptions = {},
): AsyncGenerator<ArchivedGroup> {
  yield* groupsFrom(...beginAt(path, problem, signal), mode);
}

function beginAt(path: string, problem: Walk["problem"], signal: AbortSignal | undefined): [Start, Walk] {
  const start: Start = { path: resolve(path), mayLookAbove: true, knownAs: (at) => at };
  return [start, { nameOf: nameBelow(path, start.path), problem, signal }];
}

async function* groupsFrom(
  start: Start,
  walk: Walk,
  mode: ArchiveMode | undefined,
): AsyncGenerator<ArchivedGroup> {
  const found = await findGroups(start, walk);
  for await (const group of takeInventory(found.groups, mode, walk)) if (found.isAsked(group)) yield group;
}

/** Names a path as the user would: the directory as given, and the path below it. */
function nameBelow(given: string, start: string): (path: string) => string {
  const directory = given.replace(/\/+$/, "");
  return (path) => {
    const below = relative(start, path);
    if (below === "") return given;
    // Files of a part of an archive may lie next to it.
    return below.startsWith("..") ? join(given, below) : `${directory}/${below}`;
  };
}

/** `archive` of `archive.tar.gz`. */
function withoutEnding(path: string): string {
  return join(dirname(path), basename(path).replace(/(?<=.)\.(?:tar(?:\.\w+)?|tgz|tzst)$/i, ""));
}

/** A log is read even if its end is missing. */
function isLog(path: readonly string[]): boolean {
  const kind = kindOf(path.at(-1) ?? "");
  return kind === "training" || kind === "validation";
}
