/** Names by which a reader tells the logs of a report apart. */

import { modelOfFolder } from "../../naming/model.js";

/** A log that is called so is called after the model that its folder names. */
const GENERIC = /^(?:train|live|live_backing|nohup)$/i;

/**
 * A name for each path: as many of its last parts as it takes to differ from the others. `a/train.log` and `b/train.log`
 * are `a/train` and `b/train`; in folders called after a model, they are called after it, too.
 *
 * @param taken Names that are in use.
 */
export function displayNames(paths: readonly string[], taken: Iterable<string> = []): string[] {
  const parts = paths.map(partsOf);
  const used = new Set(taken);
  const lengths = parts.map(() => 1);
  const nameAt = (index: number) => (parts[index] ?? []).slice(-(lengths[index] ?? 1)).join("/");
  for (let longer = true; longer; ) {
    longer = false;
    const counts = new Map<string, number>();
    for (const index of parts.keys()) counts.set(nameAt(index), (counts.get(nameAt(index)) ?? 0) + 1);
    for (const [index, own] of parts.entries()) {
      const name = nameAt(index);
      if ((counts.get(name) ?? 0) < 2 && !used.has(name)) continue;
      if ((lengths[index] ?? 1) >= own.length) continue;
      lengths[index] = (lengths[index] ?? 1) + 1;
      longer = true;
    }
  }
  return parts.map((_, index) => {
    const wanted = nameAt(index);
    let name = wanted;
    for (let number = 2; used.has(name); number += 1) name = `${wanted}-${number}`;
    used.add(name);
    return name;
  });
}

function partsOf(path: string): string[] {
  if (path === "-") return ["standard input"];
  const parts = path.split(/[\\/]/).filter((part) => part !== "" && part !== "." && part !== "..");
  const file = parts.pop() ?? path;
  const stem = file.replace(/\.(?:gz|zst|zstd)$/i, "").replace(/(?<=.)\.[^.]*$/, "");
  const folder = parts.pop();
  if (folder === undefined) return [stem];
  const model = GENERIC.test(stem) ? modelOfFolder(folder) : undefined;
  return model === undefined ? [...parts, folder, stem] : [...parts, model];
}

/** Whether a file of a folder is worth a look: what a log or an evaluation is called. */
export function kindOfName(path: string): "log" | "evaluation" | undefined {
  if (/\.metrics(?:\.json)?$/i.test(path)) return "evaluation";
  return /\.(?:log|out)(?:\.\d+)?(?:\.(?:gz|zst|zstd))?$/i.test(path) ? "log" : undefined;
}
