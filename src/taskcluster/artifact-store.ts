/** Artifacts of runs that are over, on disk: downloaded once, and there whole or not at all. */

import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { limitConcurrency } from "../http/index.js";
import { fileChunks } from "../io/chunks.js";
import { makeFolder } from "../io/file-system.js";
import { InputError } from "../io/input-error.js";
import { writeWhole } from "../io/output-file.js";
import { decompress } from "../io/packed/decompress.js";
import { readable, type Source } from "../io/source.js";
import { makeTemporaryFolder, removeTemporaryFolder } from "../io/temporary-folder.js";
import { WholeLines } from "../io/whole-lines.js";
import { ArtifactCache, CACHE_BYTES, type StoredFile } from "./artifact-cache.js";
import { artifactPageSchema, checked } from "./client/answers.js";
import type { Artifact, ArtifactRef, Queue } from "./client/index.js";
import { CurrentLogSource } from "./current-log.js";

/** Largest artifact that is held in memory, unpacked. */
const LARGEST_BYTES = 16 * 1024 ** 2;
/** The content of these never changes; the others may lead anywhere. */
const IMMUTABLE = new Set(["s3", "object"]);
/** Files that are looked at or downloaded at once. */
const AT_ONCE = 8;
/** How often an entry that another command takes away is fetched again. */
const MAX_FETCHES = 5;

/** Where artifacts are kept. */
export interface StoreOptions {
  /** See `cacheFolder`; undefined keeps nothing. */
  readonly folder: string | undefined;
  /** Bytes that are left there when the store is closed; default 2 GiB. */
  readonly limit?: number | undefined;
}

/**
 * Downloads artifacts into a folder and finds them there the next time. Without a folder, or if it can't be
 * written, they go to a temporary one that `close` takes away.
 */
export class ArtifactStore {
  readonly #queue: Queue;
  readonly #limited = limitConcurrency(AT_ONCE);
  readonly #host: string;
  readonly #notes: string[] = [];
  /** Whether the user has said how much is to be kept, so that it is looked at in any case. */
  readonly #sized: boolean;
  readonly #cache: ArtifactCache | undefined;
  readonly #folder: string;
  #keeping: boolean;
  #temporary: Promise<string> | undefined;
  /** What is under way or was fetched by this store, by the artifact. */
  readonly #files = new Map<string, Promise<StoredFile>>();

  constructor(queue: Queue, { folder, limit }: StoreOptions) {
    this.#queue = queue;
    const { host, pathname } = new URL(queue.rootUrl);
    this.#host = safeName(host + pathname.replace(/\/$/, ""));
    this.#folder = folder ?? "";
    this.#keeping = folder !== undefined;
    this.#sized = limit !== undefined;
    this.#cache = folder === undefined ? undefined : new ArtifactCache(folder, limit ?? CACHE_BYTES);
  }

  /** What there is to say about the folder. */
  get notes(): readonly string[] {
    return [...this.#notes, ...(this.#cache?.notes ?? [])];
  }

  /** Takes away what is not to be kept. */
  async close(): Promise<void> {
    if (this.#temporary !== undefined) await removeTemporaryFolder(await this.#temporary);
    this.#temporary = undefined;
    this.#files.clear();
    await this.#cache?.trim(this.#sized);
  }

  /**
   * The bytes of an artifact of a run that is over, packed as they were sent. A chunk holds until the next is asked for.
   *
   * @throws TaskclusterError if it can't be had; InputError or an Error of Node's when it can't be written.
   */
  async *chunks(ref: ArtifactRef): AsyncGenerator<Uint8Array> {
    const { chunks, first } = await this.#opened(ref);
    try {
      for (let next = first; !next.done; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return(undefined);
    }
  }

  /** The size of an artifact of a run that is over, packed as it was sent, which is downloaded if need be. */
  async size(ref: ArtifactRef): Promise<number> {
    return (await this.#file(ref)).size;
  }

  /** Whether an artifact of a run that is over holds nothing when it is unpacked. */
  async isEmpty(ref: ArtifactRef): Promise<boolean> {
    for await (const chunk of decompress(this.chunks(ref))) if (chunk.length > 0) return false;
    return true;
  }

  /** The content of a small artifact, unpacked. */
  async bytes(ref: ArtifactRef): Promise<Buffer> {
    const tooLarge = () =>
      new InputError(`${ref.name} is larger than ${LARGEST_BYTES} bytes and is not read`);
    if ((await this.size(ref)) > LARGEST_BYTES) throw tooLarge();
    const chunks: Buffer[] = [];
    for await (const chunk of this.chunks(ref)) chunks.push(Buffer.from(chunk));
    const bytes = Buffer.concat(chunks);
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
    try {
      return gunzipSync(bytes, { maxOutputLength: LARGEST_BYTES });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? tooLarge() : error;
    }
  }

  /** The artifacts of a run that is over. */
  async list(taskId: string, runId: number): Promise<readonly Artifact[]> {
    const place = join(this.#host, taskId, String(runId), "artifacts.json");
    const kept = this.#keeping ? await this.#limited(() => this.#cache?.find(place)) : undefined;
    const known = kept === undefined ? undefined : await readList(kept.path);
    if (known !== undefined) return known;
    const artifacts = await this.#queue.artifacts(taskId, runId);
    // A list that can't be written is not missed.
    if (this.#cache !== undefined && (await this.#ready(this.#cache)))
      await this.#cache.put(place, [Buffer.from(JSON.stringify({ artifacts }))]).catch(() => {});
    return artifacts;
  }

  /** What a run that goes on has printed so far, in whole lines. It is kept until the store is closed. */
  async snapshot(taskId: string, runId: number): Promise<Source> {
    const { observer } = this.#queue;
    const source = new CurrentLogSource(this.#queue, taskId, runId);
    observer?.artifact("wanted");
    try {
      const path = join(await this.#temporaryFolder(), "live", taskId, String(runId));
      await makeFolder(dirname(path));
      const lines = wholeLines(decompress(this.#counted(source.chunks())));
      await this.#limited(() => pipeline(lines, createWriteStream(path)));
      return new Snapshot(source.name, path, (await stat(path)).size);
    } finally {
      observer?.artifact("done");
    }
  }

  /** Another command may make room at any time: a file that is gone is fetched again. */
  async #opened(ref: ArtifactRef): Promise<{
    readonly chunks: AsyncGenerator<Uint8Array>;
    readonly first: IteratorResult<Uint8Array>;
  }> {
    for (let tries = 1; ; tries += 1) {
      const chunks = fileChunks((await this.#file(ref)).path);
      try {
        return { chunks, first: await chunks.next() };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries === MAX_FETCHES)
          throw readable(error);
        this.#files.delete(placeOf(ref));
      }
    }
  }

  #file(ref: ArtifactRef): Promise<StoredFile> {
    const place = placeOf(ref);
    const known = this.#files.get(place);
    if (known !== undefined) return known;
    const { observer } = this.#queue;
    observer?.artifact("wanted");
    const file = this.#limited(() => this.#find(ref, join(this.#host, place))).finally(() =>
      observer?.artifact("done"),
    );
    this.#files.set(place, file);
    // Another time it may be there.
    file.catch(() => this.#files.delete(place));
    return file;
  }

  async #find(ref: ArtifactRef, place: string): Promise<StoredFile> {
    const kept = this.#keeping ? await this.#cache?.find(place) : undefined;
    if (kept !== undefined) return kept;
    return this.#queue.download(ref, async ({ storageType, chunks: sent }) => {
      const chunks = this.#counted(sent);
      if (IMMUTABLE.has(storageType) && this.#cache !== undefined && (await this.#ready(this.#cache)))
        return this.#cache.put(place, chunks);
      const path = join(await this.#temporaryFolder(), place);
      await makeFolder(dirname(path));
      await writeWhole(path, (part) =>
        pipeline(chunks, createWriteStream(part, { flags: "w", flush: true })),
      );
      return { path, size: (await stat(path)).size };
    });
  }

  async *#counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#queue.observer?.bytes(chunk.length);
      yield chunk;
    }
  }

  #temporaryFolder(): Promise<string> {
    this.#temporary ??= makeTemporaryFolder();
    return this.#temporary;
  }

  /** Whether the cache can be written; the first failure to write ends the keeping with a note. */
  async #ready(cache: ArtifactCache): Promise<boolean> {
    if (!this.#keeping) return false;
    try {
      await cache.open();
      return true;
    } catch (error) {
      if (this.#keeping)
        this.#notes.push(
          `nothing is kept for the next time, because ${this.#folder} can't be made: ${readable(error).message}`,
        );
      this.#keeping = false;
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
    // Gone, or of another form: it is asked for again.
    return undefined;
  }
}

/** A log that a run has left. */
export class ArtifactSource implements Source {
  readonly name: string;
  /** What a run has left never changes. */
  readonly stamp: string;
  /** Bytes, packed as they were sent. */
  readonly size: number;
  readonly #store: ArtifactStore;
  readonly #ref: ArtifactRef;

  constructor(store: ArtifactStore, ref: ArtifactRef, size: number) {
    this.name = artifactName(ref);
    this.stamp = this.name;
    this.size = size;
    this.#store = store;
    this.#ref = ref;
  }

  /** @throws TaskclusterError, InputError ready to be shown. */
  chunks(): AsyncGenerator<Uint8Array> {
    return this.#store.chunks(this.#ref);
  }
}

/** A part of a log that grows. */
class Snapshot implements Source {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** It is another the next time. */
  readonly changed = true;

  constructor(name: string, path: string, size: number) {
    this.name = name;
    this.path = path;
    this.size = size;
  }

  chunks(): AsyncGenerator<Uint8Array> {
    return fileChunks(this.path);
  }
}

/** Leaves out what is not a line yet. */
async function* wholeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const lines = new WholeLines();
  for await (const chunk of chunks) {
    const whole = lines.take(chunk);
    if (whole !== undefined) yield whole;
  }
}

/** What receipts and tables call an artifact: `<task>/<run>/public/build/train.log`. */
export function artifactName({ taskId, runId, name }: ArtifactRef): string {
  return `${taskId}/${runId}/${name}`;
}

/** The artifact that {@link artifactName} names so. */
export function artifactRef(text: string): ArtifactRef {
  const [taskId = "", runId = "", ...name] = text.split("/");
  return { taskId, runId: Number(runId), name: name.join("/") };
}
