/** Artifacts of runs that are over, on disk: downloaded once, and there whole or not at all. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { makeFolder } from "../../publishers/folder.js";
import { artifactPageSchema, checked } from "../../taskcluster/answers.js";
import type { Artifact, ArtifactRef, Queue } from "../../taskcluster/index.js";
import { InputError } from "../decompress.js";
import { readable } from "../source.js";
import { writeWhole } from "./whole-file.js";

/** Largest artifact that is held in memory, unpacked. */
const LARGEST_BYTES = 16 * 1024 ** 2;
/** Only what these hold never changes; behind the others may be anything. */
const IMMUTABLE = new Set(["s3", "object"]);

/** A file that holds an artifact. */
interface StoredFile {
  readonly path: string;
  readonly size: number;
}

/** Where artifacts are kept: below `XDG_CACHE_HOME`, else `~/.cache`. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment["XDG_CACHE_HOME"] ?? "";
  return join(isAbsolute(given) ? given : join(homedir(), ".cache"), "marian-tracking", "taskcluster");
}

/**
 * Downloads artifacts into a folder and finds them there the next time. Without a folder, or where it can't be
 * written, they go to a temporary one that `close` takes away.
 */
export class ArtifactStore {
  /** What there is to say about the folder. */
  readonly notes: string[] = [];
  readonly #queue: Queue;
  #folder: string | undefined;
  #temporary: Promise<string> | undefined;
  /** What is under way or was fetched by this store, by the artifact. */
  readonly #files = new Map<string, Promise<StoredFile>>();

  /** @param folder See {@link cacheFolder}; undefined keeps nothing. */
  constructor(queue: Queue, folder: string | undefined) {
    this.#queue = queue;
    const { host, pathname } = new URL(queue.rootUrl);
    this.#folder = folder && join(folder, safeName(host + pathname.replace(/\/$/, "")));
  }

  /** Takes away what is not to be kept. */
  async close(): Promise<void> {
    if (this.#temporary !== undefined) await rm(await this.#temporary, { recursive: true, force: true });
    this.#temporary = undefined;
    this.#files.clear();
  }

  /**
   * The file that holds an artifact of a run that is over, packed as it was sent.
   *
   * @throws TaskclusterError when it can't be had; InputError or an Error of Node's when it can't be written.
   */
  file(ref: ArtifactRef): Promise<StoredFile> {
    const place = placeOf(ref);
    const known = this.#files.get(place);
    if (known !== undefined) return known;
    const file = this.#find(ref, place);
    this.#files.set(place, file);
    // Another time it may be there.
    file.catch(() => this.#files.delete(place));
    return file;
  }

  /** The content of a small artifact, unpacked. */
  async bytes(ref: ArtifactRef): Promise<Buffer> {
    const { path, size } = await this.file(ref);
    const tooLarge = () =>
      new InputError(`${ref.name} is larger than ${LARGEST_BYTES} bytes and is not read`);
    if (size > LARGEST_BYTES) throw tooLarge();
    const bytes = await readFile(path);
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
    try {
      return gunzipSync(bytes, { maxOutputLength: LARGEST_BYTES });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? tooLarge() : error;
    }
  }

  /** The artifacts of a run that is over. */
  async list(taskId: string, runId: number): Promise<readonly Artifact[]> {
    const path = this.#folder && join(this.#folder, taskId, String(runId), "artifacts.json");
    const kept = path === undefined ? undefined : await readList(path);
    if (kept !== undefined) return kept;
    const artifacts = await this.#queue.artifacts(taskId, runId);
    if (path !== undefined) await this.#keep(path, (part) => writeFile(part, JSON.stringify({ artifacts })));
    return artifacts;
  }

  async #find(ref: ArtifactRef, place: string): Promise<StoredFile> {
    const kept = this.#folder && join(this.#folder, place);
    const found = kept === undefined ? undefined : await stat(kept).catch(() => undefined);
    if (kept !== undefined && found?.isFile()) return { path: kept, size: found.size };
    return this.#queue.download(ref, async ({ storageType, chunks }) => {
      const write = (part: string) => pipeline(chunks, createWriteStream(part, { flags: "w", flush: true }));
      const lasting = IMMUTABLE.has(storageType) ? kept : undefined;
      if (lasting !== undefined && (await this.#ready(dirname(lasting)))) await writeWhole(lasting, write);
      const path =
        lasting !== undefined && this.#folder !== undefined
          ? lasting
          : await this.#writeTemporary(place, write);
      return { path, size: (await stat(path)).size };
    });
  }

  async #writeTemporary(place: string, write: (path: string) => Promise<void>): Promise<string> {
    this.#temporary ??= mkdtemp(join(tmpdir(), "marian-tracking-"));
    const path = join(await this.#temporary, place);
    await makeFolder(dirname(path));
    await writeWhole(path, write);
    return path;
  }

  /** Writes a file of the folder; one that can't be written is not missed. */
  async #keep(path: string, write: (part: string) => Promise<void>): Promise<void> {
    if (await this.#ready(dirname(path))) await writeWhole(path, write).catch(() => {});
  }

  /** Whether a folder is there; the first that can't be made ends the keeping, with a note. */
  async #ready(folder: string): Promise<boolean> {
    if (this.#folder === undefined) return false;
    try {
      await makeFolder(folder);
      return true;
    } catch (error) {
      if (this.#folder !== undefined) {
        const reason = readable(error).message;
        this.notes.push(
          `nothing is kept for the next time, because ${this.#folder} can't be made: ${reason}`,
        );
      }
      this.#folder = undefined;
      return false;
    }
  }
}

/** Path of an artifact below the store's folder. Its name is chosen by whoever wrote the task: it leads nowhere. */
function placeOf({ taskId, runId, name }: ArtifactRef): string {
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 16);
  return join(taskId, String(runId), `${digest}-${safeName(basename(name))}`);
}

function safeName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, "_").slice(-80);
}

async function readList(path: string): Promise<readonly Artifact[] | undefined> {
  try {
    return checked(artifactPageSchema, JSON.parse(await readFile(path, "utf8")), path).artifacts;
  } catch {
    // Not there, or damaged: it is asked for again.
    return undefined;
  }
}
