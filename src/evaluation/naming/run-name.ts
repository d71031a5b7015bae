/** Names of runs. */
import { withoutExtension } from "../../io/file-name.js";
import { modelOfFolder } from "./model.js";

/**
 * The default name of a run: the model of the log's folder, else the log's name.
 *
 * @param directory The start of relative paths.
 */
export function runNameOf(path: string, directory = ""): string {
  if (path === "-") return "stdin";
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${directory}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const stem = withoutExtension(parts.pop() ?? "");
  return modelOfFolder(parts.pop() ?? "") ?? stem;
}

/**
 * A name for each log. If several would share one, the first by path keeps it and the others get `-2`, `-3` …
 *
 * @param name The name that the user gave, for all of them.
 * @param directory The start of relative paths.
 */
export function runNames(
  paths: readonly string[],
  name?: string,
  directory?: string,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const path of [...paths].sort()) {
    const wanted = name ?? runNameOf(path, directory);
    let given = wanted;
    for (let number = 2; taken.has(given); number += 1) given = `${wanted}-${number}`;
    taken.add(given);
    names.set(path, given);
  }
  return names;
}
