/** What has been published: so that a second run sends nothing. */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../publishers/folder.js";

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
  /** What is wrong with the log, of which everything that could be read was published. */
  readonly error?: string;
}

/**
 * A file with one line of JSON for each publication; the last of a key counts. Lines are only appended, whole, so that
 * several processes may share it and a killed one leaves at most a torn line, which is passed over.
 */
export class Ledger {
  readonly path: string;
  readonly #entries: Map<string, LedgerEntry>;
  /** Whether the file ends in the middle of a line. */
  #torn: boolean;
  #file: FileHandle | undefined;

  private constructor(path: string, entries: Map<string, LedgerEntry>, torn: boolean) {
    this.path = path;
    this.#entries = entries;
    this.#torn = torn;
  }

  /** Reads the ledger; a file that is not there is an empty one. */
  static async open(path: string): Promise<Ledger> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      // A part of its path that is no folder is told by what is to be written there.
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return "";
      throw error;
    });
    const entries = new Map<string, LedgerEntry>();
    for (const line of text.split("\n")) {
      const entry = readEntry(line);
      if (entry !== undefined) entries.set(entry.key, entry);
    }
    return new Ledger(path, entries, text !== "" && !text.endsWith("\n"));
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
    const line = `${this.#torn ? "\n" : ""}${JSON.stringify(entry)}\n`;
    this.#torn = false;
    await this.#file.appendFile(line);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

function readEntry(line: string): LedgerEntry | undefined {
  try {
    const { key, digest, stamp, run, rows, error } = JSON.parse(line) as Record<string, unknown>;
    if (typeof key !== "string" || typeof digest !== "string" || typeof stamp !== "string") return undefined;
    if (typeof run !== "string" || typeof rows !== "number") return undefined;
    return { key, digest, stamp, run, rows, ...(typeof error === "string" ? { error } : {}) };
  } catch {
    return undefined;
  }
}
