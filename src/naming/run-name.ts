/** Names of runs. */
import { basename, dirname, resolve } from "node:path";
import { modelOfFolder } from "./model.js";

/** The name of a run that the user did not name: the model of the log's folder, else the log's name. */
export function runNameOf(path: string): string {
  if (path === "-") return "stdin";
  const stem = basename(path)
    .replace(/\.(gz|zst|zstd)$/i, "")
    .replace(/(?<=.)\.[^.]*$/, "");
  return modelOfFolder(basename(dirname(resolve(path)))) ?? stem;
}

/**
 * A name for each log. Where several ask for the same, the first by path keeps it and the others get `-2`, `-3` …
 *
 * @param name The name that the user gave, for all of them.
 */
export function runNames(paths: readonly string[], name?: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const path of [...paths].sort()) {
    const wanted = name ?? runNameOf(path);
    let given = wanted;
    for (let number = 2; taken.has(given); number += 1) given = `${wanted}-${number}`;
    taken.add(given);
    names.set(path, given);
  }
  return names;
}
