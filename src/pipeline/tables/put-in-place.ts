/** Moves whole tables to where they are looked for. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, sep } from "node:path";
import { moveFile, type OutputFile, openOutputFile } from "../../io/output-file.js";
import { TABLES, type TableFormat } from "../../publishers/tables/columns.js";
import { DATA_FILE, type FileLayout, isDataSet, PARTITION_FOLDER } from "./table-files.js";

/** The folder of the tables, and what is in it. */
interface Place extends FileLayout {
  readonly folder: string;
  readonly formats: readonly TableFormat[];
}

/**
 * Puts the files at their places. Files that are not in `building` are there as they were, and files of the tables that
 * are not among the names are removed.
 *
 * @param names Of all files, with `/`.
 * @returns The tables.
 */
export async function putInPlace(
  building: string,
  names: readonly string[],
  place: Place,
): Promise<string[]> {
  const { folder, formats } = place;
  const tables = TABLES.flatMap((table) => formats.map((format) => `${table}.${format}`));
  if (isDataSet(place)) {
    replaceDataSets(building, names, tables, folder);
    return tables.map((table) => join(folder, table) + sep);
  }
  const ready: OutputFile[] = [];
  for (const file of tables) {
    const output = await openOutputFile(join(folder, file));
    await moveFile(join(building, file), output.part);
    ready.push(output);
  }
  for (const table of tables) removeFiles(join(folder, table), new Set());
  // One right after the other: a kill between them would leave tables of two archives.
  await Promise.all(ready.map((output) => output.commitNow()));
  return tables.map((file) => join(folder, file));
}

/** Does all in one go, for the same reason. */
function replaceDataSets(
  building: string,
  names: readonly string[],
  tables: readonly string[],
  folder: string,
): void {
  for (const table of tables) {
    const path = join(folder, table);
    // The table was one file before.
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) rmSync(path);
  }
  const moved = names.filter((name) => isToMove(join(building, name), join(folder, name)));
  for (const name of moved) mkdirSync(dirname(join(folder, name)), { recursive: true });
  for (const name of moved) renameSync(join(building, name), join(folder, name));
  const kept = new Set(names.map((name) => join(folder, name)));
  for (const table of tables) removeFiles(join(folder, table), kept);
}

/** Whether a file was made anew, and is another than the one in place. */
function isToMove(made: string, path: string): boolean {
  const info = statSync(made, { throwIfNoEntry: false });
  if (info === undefined) return false;
  const before = statSync(path, { throwIfNoEntry: false });
  if (before?.size !== info.size || info.size > COMPARED) return true;
  return !readFileSync(made).equals(readFileSync(path));
}

/** Files up to this size are compared, so that those of partitions that have not changed stay as they are. */
const COMPARED = 16e6;

/** Removes the files of a table that is a folder, but for some, and the folders that are empty then. */
function removeFiles(table: string, kept: ReadonlySet<string>): void {
  if (lstatSync(table, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  const clear = (folder: string) => {
    for (const name of readdirSync(folder))
      if (DATA_FILE.test(name) && !kept.has(join(folder, name))) rmSync(join(folder, name));
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  };
  for (const name of readdirSync(table)) if (PARTITION_FOLDER.test(name)) clear(join(table, name));
  if (existsSync(table)) clear(table);
}
