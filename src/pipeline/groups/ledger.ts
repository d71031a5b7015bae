/** What has been published: so that a second run sends nothing. */

import { existsSync } from "node:fs";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../../io/folder.js";
import { writing } from "../../io/output-file.js";
import { isObject, readJson } from "../../json.js";

/** A run, or the log of a group, that has arrived whole. */
export interface LedgerEntry {
  /** Where it went: server, entity, project and run. */
  readonly key: string;
  /** SHA-256 of everything that was published: the bytes of the logs, evaluations, configuration, names. */
  readonly digest: string;
  /** Path, size and time of the files, by which an unchanged run is known without reading it. */
  readonly stamp: string;
  /** The id under which it was published; another than asked for where a longer run held that. */
  readonly run: string;
  /** Rows that the server acknowledged. */
  readonly rows: number;
  /** Offline files that hold what no server has; when one of them is gone, so is what the entry tells of. */
  readonly offline?: readonly string[];
  /** What is wrong with the log, of which everything that could be read was published. */
  readonly error?: string;
}

/** The first line of a ledger. One without it has version 1: its entries of offline runs name no files. */
const HEAD = { form: "marian-tracking ledger", version: 2 } as const;

/**
 * A file with a line of JSON that tells its form, and one for each publication; the last of a key counts. Lines are only appended, whole, so that
 * several processes may share it and a killed one leaves at most a torn line, which is passed over.
 */
export class Ledger {
  readonly path: string;
  /** What was found that is not as it should be, in words. */
  readonly notes: readonly string[];
  readonly #entries: Map<string, LedgerEntry>;
  /** Whether the file ends in the middle of a line. */
  #torn: boolean;
  #isEmpty: boolean;
  #file: FileHandle | undefined;

  private constructor(
    path: string,
    text: string,
    entries: Map<string, LedgerEntry>,
    notes: readonly string[],
  ) {
    this.path = path;
    this.notes = notes;
    this.#entries = entries;
    this.#torn = text !== "" && !text.endsWith("\n");
    this.#isEmpty = text === "";
  }

  /**
   * Reads the ledger; a file that is not there is an empty one, and one of a later version is set aside. Entries whose
   * offline files are gone are left out, so that their runs are published again.
   */
  static async open(path: string): Promise<Ledger> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      // A part of its path that is no folder is told by what is to be written there.
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return "";
      throw error;
    });
    const lines = text.split("\n").map(readLine);
    const version = lines.reduce((most, line) => Math.max(most, versionOf(line)), 1);
    if (version > HEAD.version) {
      const aside = `${path}.version-${version}`;
      await rename(path, aside);
      const note = `the ledger ${path} was written by a later version of this program (${version}): it is set aside as ${aside}, and runs are published again`;
      return new Ledger(path, "", new Map(), [note]);
    }
    const all = new Map<string, LedgerEntry>();
    for (const line of lines) {
      const entry = readEntry(line);
      if (entry !== undefined) all.set(entry.key, entry);
    }
    const entries = new Map([...all].filter(([, entry]) => isThere(entry)));
    const gone = all.size - entries.size;
    const notes =
      gone === 0
        ? []
        : [
            `the offline files of ${gone} ${gone === 1 ? "run" : "runs"} in the ledger ${path} are gone, or it does not say where they are: published again`,
          ];
    return new Ledger(path, text, entries, notes);
  }

  get(key: string): LedgerEntry | undefined {
    return this.#entries.get(key);
  }

  /** Remembers a publication; it is in the file when the promise settles. */
  async put(entry: LedgerEntry): Promise<void> {
    this.#entries.set(entry.key, entry);
    if (this.#file === undefined) {
      await makeFolder(dirname(this.path));
      this.#file = await open(this.path, "a");
    }
    const head = this.#isEmpty ? `${JSON.stringify(HEAD)}\n` : this.#torn ? "\n" : "";
    const line = `${head}${JSON.stringify(entry)}\n`;
    this.#torn = false;
    this.#isEmpty = false;
    await writing(this.path, this.#file.appendFile(line));
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

type Line = Readonly<Record<string, unknown>>;

/** A line's values; none of one that is torn or something else. */
function readLine(line: string): Line {
  const value = readJson(line);
  return isObject(value) ? value : {};
}

function versionOf({ form, version }: Line): number {
  return form === HEAD.form && typeof version === "number" ? version : 1;
}

function readEntry({ key, digest, stamp, run, rows, offline, error }: Line): LedgerEntry | undefined {
  if (typeof key !== "string" || typeof digest !== "string" || typeof stamp !== "string") return undefined;
  if (typeof run !== "string" || typeof rows !== "number") return undefined;
  const files = Array.isArray(offline) ? { offline: offline.map(String) } : {};
  return { key, digest, stamp, run, rows, ...files, ...(typeof error === "string" ? { error } : {}) };
}

/** Whether what an entry tells of is still where it was put. Version 1 did not say where offline runs are. */
function isThere({ key, offline }: LedgerEntry): boolean {
  if (offline !== undefined) return offline.every((path) => existsSync(path));
  return !key.startsWith('["offline ');
}
