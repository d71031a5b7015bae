/** An archive in a bucket. */
import { closeSync, ftruncateSync, futimesSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../io/input-error.js";
import type { ObjectInfo } from "../io/objects/object-answer.js";
import type { ObjectStore } from "../io/objects/object-store.js";
import { readObjectUrl } from "../io/objects/object-url.js";
import { makeTemporaryFolder, removeTemporaryFolder } from "../io/temporary-folder.js";
import { type Archive, type ArchiveOptions, openArchive } from "./archive.js";
import type { Problem } from "./group.js";
import { isOfUse, kindOf } from "./layout.js";

/** An archive whose files are objects. Its paths can't be read. */
export interface ObjectArchive extends Archive {
  /** The object at a path of the archive; undefined if there is none. */
  objectAt(path: string): ObjectInfo | undefined;
}

/**
 * Lists an archive by the same rules as a folder: in a temporary folder, empty files with the names, sizes and times of
 * the objects stand for them. An `https:` URL names one log, and its path gives the folders.
 *
 * @throws InputError if there is nothing to read (`unreachable` if the server did not answer).
 */
export async function openObjectArchive(
  url: string,
  store: ObjectStore,
  options: ArchiveOptions = {},
): Promise<ObjectArchive> {
  const folder = await makeTemporaryFolder();
  try {
    const objects = new Map<string, ObjectInfo>();
    const problems: Problem[] = [];
    for await (const object of objectsOf(url, store)) {
      options.signal?.throwIfAborted();
      if (isMarker(object)) continue;
      const path = pathOf(object.url);
      const parts = path ?? object.url.split("/");
      if (!isOfUse(parts)) continue;
      const file = path === undefined ? undefined : join(folder, ...path);
      if (file !== undefined && standIn(file, object)) objects.set(file, object);
      else problems.push(unnamed(object.url));
    }
    if (objects.size === 0) throw new InputError("there is no object with the name of a log or of scores");
    const archive = await openArchive(startOf(url, folder, objects), options);
    const scheme = url.slice(0, url.indexOf("//") + 2);
    const named = (text: string) => text.replaceAll(`${folder}/`, () => scheme);
    const renamed = (list: readonly Problem[]): Problem[] =>
      list.map(({ source, reason, severity }) => ({
        source: named(source),
        reason: named(reason),
        severity,
      }));
    return {
      modes: archive.modes,
      groups: archive.groups.map((group) => ({ ...group, problems: renamed(group.problems) })),
      problems: [...problems, ...renamed(archive.problems)],
      objectAt: (path) => objects.get(path),
      close: () => removeTemporaryFolder(folder),
    };
  } catch (error) {
    await removeTemporaryFolder(folder);
    throw error;
  }
}

async function* objectsOf(url: string, store: ObjectStore): AsyncGenerator<ObjectInfo> {
  const place = readObjectUrl(url);
  if (place.kind === "http") {
    yield await store.find(url);
    return;
  }
  for (const prefix of prefixesOf(place.name)) yield* store.list(`${place.kind}://${place.bucket}/${prefix}`);
}

/**
 * The prefixes to list. The files of a part of an archive lie in three folders: `logs/en-hu`, `models/en-hu`,
 * `experiments/en-hu`.
 */
function prefixesOf(name: string): string[] {
  const path = name.split("/").filter(Boolean);
  if (kindOf(path.at(-1) ?? "") !== undefined) path.pop();
  const tree = path.findLastIndex((part) => part === "logs" || part === "models");
  if (tree === -1 || path.length - tree > 3) return [path.map((part) => `${part}/`).join("")];
  return ["experiments", "logs", "models"].map(
    (part) => `${[...path.slice(0, tree), part, ...path.slice(tree + 1)].join("/")}/`,
  );
}

/** The folder to open: for a single log, that of its project. */
function startOf(url: string, folder: string, objects: ReadonlyMap<string, ObjectInfo>): string {
  const path = pathOf(url) ?? [];
  if (!objects.has(join(folder, ...path))) return join(folder, ...path);
  if (path.length < 5)
    throw new InputError("its folders give a run its names: expected …/<project>/<group>/<model>/train.log");
  return join(folder, ...path.slice(0, -3));
}

/** Whether an object stands for a folder, as consoles of buckets make them. */
function isMarker({ url, size }: ObjectInfo): boolean {
  return url.endsWith("/") && size === 0;
}

function unnamed(source: string): Problem {
  const reason = "this object is not read: its name, or that of another, is not a file path";
  return { source, reason, severity: "failure" };
}

/** The folders and the name of an object below the temporary folder; undefined if no file can have that name. */
function pathOf(url: string): string[] | undefined {
  const place = readObjectUrl(url);
  const parts =
    place.kind !== "http"
      ? [place.bucket, ...place.name.replace(/\/+$/, "").split("/")]
      : [new URL(place.href).host, ...new URL(place.href).pathname.slice(1).split("/").map(decoded)];
  const last = parts.at(-1) === "" ? parts.slice(0, -1) : parts;
  const bad = (part: string) =>
    part === "" || part === "." || part === ".." || /[/\0]/.test(part) || Buffer.byteLength(part) > 255;
  return last.some(bad) ? undefined : last;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Makes an empty file that looks like the object; false if the names of two objects can't both be files. */
function standIn(path: string, { size = 0, changed = 0 }: ObjectInfo): boolean {
  let file: number;
  try {
    mkdirSync(dirname(path), { recursive: true });
    file = openSync(path, "w");
  } catch (error) {
    if (["EEXIST", "EISDIR", "ENOTDIR"].includes(String((error as NodeJS.ErrnoException).code))) return false;
    throw error;
  }
  try {
    ftruncateSync(file, size);
    futimesSync(file, changed / 1000, changed / 1000);
    return true;
  } finally {
    closeSync(file);
  }
}
