/** The logs and evaluations of a report. */
import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { STDIN } from "../../io/inputs.js";
import { readable } from "../../io/source.js";
import { kindOfName } from "../../report/run-names.js";

/** One log or one evaluation. */
export interface ReportInput {
  readonly name: string;
  readonly kind: "log" | "evaluation";
  /** Whether it was found in a folder, not named itself. */
  readonly fromFolder: boolean;
}

/** What there is to read. */
export interface ReportInputs {
  readonly inputs: readonly ReportInput[];
  /** Folders that can't be read, or have no log and no evaluation. */
  readonly faults: readonly { readonly source: string; readonly reason: string }[];
}

/** Replaces each folder by its files with the name of a log or an evaluation. Other names stay. */
export async function reportInputs(names: readonly string[]): Promise<ReportInputs> {
  const inputs = new Map<string, ReportInput>();
  const faults: { source: string; reason: string }[] = [];
  const add = (name: string, fromFolder: boolean) => {
    const kind = kindOfName(name) ?? "log";
    if (!inputs.has(name)) inputs.set(name, { name, kind, fromFolder });
  };
  for (const name of names) {
    if (name === STDIN || !isFolder(name)) {
      add(name, false);
      continue;
    }
    try {
      const before = faults.length;
      const found = await namesBelow(name, (source, error) =>
        faults.push({ source, reason: `the folder could not be read: ${readable(error).message}` }),
      );
      if (found.length === 0 && faults.length === before)
        faults.push({
          source: name,
          reason: "the folder holds no *.log, *.out, *.metrics or *.metrics.json",
        });
      for (const path of found) add(path, true);
    } catch (error) {
      faults.push({ source: name, reason: readable(error).message });
    }
  }
  return { inputs: [...inputs.values()], faults };
}

/**
 * Logs and evaluations at any depth, sorted.
 *
 * @param unread Is told of the folders below that can't be read.
 * @throws Error of Node's when the folder itself can't be read.
 */
async function namesBelow(folder: string, unread: (path: string, error: unknown) => void): Promise<string[]> {
  const names: string[] = [];
  const read = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isFile() && kindOfName(entry.name) !== undefined) names.push(path);
      if (entry.isDirectory()) await read(path).catch((error: unknown) => unread(path, error));
    }
  };
  await read(folder);
  return names.sort();
}

function isFolder(name: string): boolean {
  try {
    return statSync(name).isDirectory();
  } catch {
    return false;
  }
}
