/** Display names of the logs of a report. */

import { modelOfFolder } from "../evaluation/naming/model.js";
import { withoutExtension } from "../io/file-name.js";

/** Logs with these names are named after the model of their folder. */
const GENERIC = /^(?:train|live|live_backing|nohup)$/i;

/** Two languages, each with an optional script or region. */
const PAIR = /^([a-z]{2,3})(?:_[A-Za-z]{2,4})?-([a-z]{2,3})(?:_[A-Za-z]{2,4})?$/;
/** Made when a path needs it: that takes as long as reading a log. */
let languages: Intl.DisplayNames | undefined;

/**
 * A name for each path: as few of its last parts as make it unique, without the parts that all names share at their
 * start or end. `a/train.log` and `b/train.log` are `a` and `b`; in the folder of a model, a log has the model's name.
 *
 * @param taken Names in use.
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
  const names = withoutShared(parts.map((_, index) => nameAt(index)));
  return names.map((wanted) => {
    let name = wanted;
    for (let number = 2; used.has(name); number += 1) name = `${wanted}-${number}`;
    used.add(name);
    return name;
  });
}

/** Names without the parts that all of them share at their start or end. */
function withoutShared(names: readonly string[]): readonly string[] {
  const parts = names.map((name) => name.split("/"));
  const [first = []] = parts;
  // At least one part of each name must stay.
  const most = Math.min(...parts.map(({ length }) => length)) - 1;
  if (parts.length < 2) return names;
  const shared = (of: (own: readonly string[], index: number) => string | undefined, limit: number) => {
    let count = 0;
    while (count < limit && parts.every((own) => of(own, count) === of(first, count))) count += 1;
    return count;
  };
  const end = shared((own, index) => own.at(-1 - index), most);
  const start = shared((own, index) => own[index], most - end);
  return parts.map((own) => own.slice(start, own.length - end).join("/"));
}

/**
 * The pair of languages in the path: a folder, or the start of the file's name before `__`: `models/en-nl/prod/…`.
 * Undefined if there is none.
 */
export function pairOfPath(path: string): string | undefined {
  const parts = path.split(/[\\/]|__/);
  return parts.findLast((part) => {
    const [, one = "", other = ""] = PAIR.exec(part) ?? [];
    return one !== "" && [one, other].every(isLanguage);
  });
}

function isLanguage(code: string): boolean {
  languages ??= new Intl.DisplayNames("en", { type: "language", fallback: "none" });
  return languages.of(code) !== undefined;
}

function partsOf(path: string): string[] {
  if (path === "-") return ["standard input"];
  const parts = path.split(/[\\/]/).filter((part) => part !== "" && part !== "." && part !== "..");
  const file = parts.pop() ?? path;
  const stem = withoutExtension(file);
  const folder = parts.pop();
  if (folder === undefined) return [stem];
  const model = GENERIC.test(stem) ? modelOfFolder(folder) : undefined;
  return model === undefined ? [...parts, folder, stem] : [...parts, model];
}
