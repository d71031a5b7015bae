/** Remembers what has been published, so that it is not sent twice. */

import { existsSync } from "node:fs";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../../io/file-system.js";
import { writing } from "../../io/output-file.js";
import { isObject, readJson } from "../../json.js";

/** A run that has arrived completely. */
export interface LedgerEntry {
  /** Server, entity, project, group and run. */
  readonly key: string;
  /** SHA-256 of everything that was published: the bytes of the logs, evaluations, configuration, names. */
  readonly digest: string;
  /** Size and time of the files: the same stamp means the same run, without reading it. */
  readonly stamp: string;
  /** The id under which it was published. */
  readonly run: string;
  /** Rows that the server acknowledged. */
  readonly rows: number;
  /** Offline files with rows that no server has; if one of them is gone, the entry does not count. */
  readonly offline?: readonly string[];
  /** What is wrong with the log; everything that could be read of it was published. */
  readonly error?: string;
}

/** The first line of a ledger. Without it, a ledger has version 1: its entries of offline runs name no files. */
const HEAD = { form: "marian-tracking ledger", version: 2 } as const;

/**
 * A file with a first line of JSON for its form and version, and one for each publication; the last one of a key counts.
 * Lines are only appended, and each in one write: several processes may share the file, and a killed one leaves at most
 * an incomplete line, which is skipped.
 */
export class Ledger {
  readonly path: string;
  /** Warnings about the file. */
  readonly notes: readonly string[];
  readonly #entries: Map<string, LedgerEntry>;
  /** Whether the file ends in the middle of a line. */
  #torn: boolean;
  #isEmpty: boolean;
  /** Opened by the first entry, for all that come meanwhile. */
  #file: Promise<FileHandle> | undefined;

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
   * Reads the ledger. A missing file is an empty ledger, and one of a later version is set aside. Entries whose offline
   * files are gone are left out, so that their runs are published again.
   */
  static async open(path: string): Promise<Ledger> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      // Writing reports a part of the path that is not a folder.
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

  /** Adds a publication; it is in the file when the promise settles. */
  async put(entry: LedgerEntry): Promise<void> {
    this.#entries.set(entry.key, entry);
    this.#file ??= this.#openFile();
    const file = await this.#file;
    const head = this.#isEmpty ? `${JSON.stringify(HEAD)}\n` : this.#torn ? "\n" : "";
    const line = `${head}${JSON.stringify(entry)}\n`;
    this.#torn = false;
    this.#isEmpty = false;
    await writing(this.path, file.appendFile(line));
  }

  async close(): Promise<void> {
    // An entry that could not be written has said so.
    const file = await this.#file?.catch(() => undefined);
    this.#file = undefined;
    await file?.close();
  }

  async #openFile(): Promise<FileHandle> {
    try {
      await makeFolder(dirname(this.path));
      return await open(this.path, "a");
    } catch (error) {
      // The next entry tries again.
      this.#file = undefined;
      throw error;
    }
  }
}

type Line = Readonly<Record<string, unknown>>;

/** A line's values; an incomplete or foreign line has none. */
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

/** Whether the offline files of an entry are still there. Version 1 did not name them. */
function isThere({ key, offline }: LedgerEntry): boolean {
  if (offline !== undefined) return offline.every((path) => existsSync(path));
  return !key.startsWith('["offline ');
}
