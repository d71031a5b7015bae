/**
 * Files that are kept for the next time, of several commands at once. The name of an entry ends with the digest of what
 * it holds, so that it is there whole or not at all, and damage shows.
 */
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, rmdir, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileChunks } from "../io/chunks.js";
import { makeFolder } from "../io/file-system.js";
import { LEFTOVER, unwritable } from "../io/output-file.js";
import { OWNER, sweep } from "../io/owner.js";

/** Bytes that are kept where nothing else is said. */
export const CACHE_BYTES = 2 * 1024 ** 3;
/** What is being written, by whoever. No host is called so. */
const PARTS = ".parts";
const PART = /\.partial$/;
const DIGEST = /^\.[0-9a-f]{64}$/;

/** A file that holds an artifact. */
export interface StoredFile {
  readonly path: string;
  readonly size: number;
}

/** Where artifacts are kept: below `XDG_CACHE_HOME`, else `~/.cache`. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment["XDG_CACHE_HOME"] ?? "";
  return join(isAbsolute(given) ? given : join(homedir(), ".cache"), "marian-tracking", "taskcluster");
}

/** A folder of entries. Another command may take one away at any time, also between `find` and the opening. */
export class ArtifactCache {
  readonly #folder: string;
  readonly #limit: number;
  #damaged = 0;
  #unsigned = 0;
  #grown = false;

  /** @param limit Bytes that `trim` leaves at most. */
  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** Messages about entries. */
  get notes(): string[] {
    const damaged = `${this.#damaged} damaged ${this.#damaged === 1 ? "file" : "files"} in the cache: fetched again`;
    const unsigned = `${this.#unsigned} ${this.#unsigned === 1 ? "file" : "files"} of an earlier version in the cache: not used, because nothing shows damage there`;
    return [...(this.#damaged > 0 ? [damaged] : []), ...(this.#unsigned > 0 ? [unsigned] : [])];
  }

  /** An entry that is as it was written; it counts as used now. A damaged one is taken away. */
  async find(place: string): Promise<StoredFile | undefined> {
    const path = join(this.#folder, place);
    const [folder, key] = [dirname(path), basename(path)];
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(key));
    for (const name of names) {
      const entry = join(folder, name);
      const suffix = name.slice(key.length);
      if (suffix === "") {
        this.#unsigned += 1;
        await remove(entry);
      }
      if (!DIGEST.test(suffix)) continue;
      try {
        if (`.${await digestOf(entry)}` === suffix) {
          const now = new Date();
          // A cache that can't be written can still be read.
          await utimes(entry, now, now).catch(() => {});
          return { path: entry, size: (await stat(entry)).size };
        }
      } catch (error) {
        // Another command has taken it away.
        if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      }
      this.#damaged += 1;
      await remove(entry);
    }
    return undefined;
  }

  /** Makes the cache's folder; throws Node's error if that fails. */
  async open(): Promise<void> {
    await makeFolder(join(this.#folder, PARTS));
  }

  /**
   * Writes an entry.
   *
   * @throws InputError if the disk does not take it; whatever else the chunks throw.
   */
  async put(place: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<StoredFile> {
    await this.open();
    const part = join(this.#folder, PARTS, `${randomUUID()}.${OWNER}.partial`);
    const hash = createHash("sha256");
    async function* hashed() {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    }
    try {
      await pipeline(hashed(), createWriteStream(part, { flags: "wx", flush: true }));
      const path = `${join(this.#folder, place)}.${hash.digest("hex")}`;
      // Once it has its place, another command may take it away.
      const { size } = await stat(part);
      await moveTo(part, path);
      this.#grown = true;
      return { path, size };
    } catch (error) {
      await rm(part, { force: true });
      throw unwritable(error, this.#folder);
    }
  }

  /** An earlier version wrote next to the entries. */
  async #sweepOlder(): Promise<void> {
    const found = await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const parts = found.filter(
      ({ name, parentPath }) => LEFTOVER.test(name) && basename(parentPath) !== PARTS,
    );
    for (const folder of new Set(parts.map(({ parentPath }) => parentPath))) await sweep(folder, LEFTOVER);
  }

  /**
   * Takes away what was not used for longest until the limit is kept, and what killed commands have left. Never rejects:
   * the next command tries again.
   *
   * @param always Keeps the limit also where this command has added nothing.
   */
  async trim(always: boolean): Promise<void> {
    await sweep(join(this.#folder, PARTS), PART);
    await this.#sweepOlder();
    if (!always && !this.#grown) return;
    const entries = await filesBelow(this.#folder);
    let bytes = entries.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of entries.sort((one, other) => one.used - other.used)) {
      if (bytes <= this.#limit) return;
      await remove(path);
      bytes -= size;
      // The folders of a run and its task, if they are empty now.
      for (const folder of [dirname(path), dirname(dirname(path))])
        if (folder !== this.#folder) await rmdir(folder).catch(() => {});
    }
  }
}

/** What can't be taken away stays. */
async function remove(path: string): Promise<void> {
  await rm(path, { force: true, recursive: true }).catch(() => {});
}

/** The folder of the place may go as soon as it is made, because it is empty. */
async function moveTo(part: string, path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await mkdir(dirname(path), { recursive: true });
    try {
      return await rename(part, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries === 5) throw error;
    }
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of fileChunks(path)) hash.update(chunk);
  return hash.digest("hex");
}

async function filesBelow(
  folder: string,
): Promise<{ readonly path: string; readonly size: number; readonly used: number }[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files: { path: string; size: number; used: number }[] = [];
  for (const entry of found) {
    if (!entry.isFile() || basename(entry.parentPath) === PARTS) continue;
    const path = join(entry.parentPath, entry.name);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined) files.push({ path, size: info.size, used: info.mtimeMs });
  }
  return files;
}
