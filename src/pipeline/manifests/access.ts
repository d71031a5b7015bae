/** Reads manifests, and the files and objects that they name. */
import { statSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { GroupAccess } from "../../archive/read-group.js";
import { InputError, isOfContent, isTransient } from "../../io/input-error.js";
import { STDIN } from "../../io/inputs.js";
import { type LocalBytes, LocalFile } from "../../io/local-file.js";
import { CHANGED } from "../../io/objects/object-answer.js";
import { ObjectStore } from "../../io/objects/object-store.js";
import { isObjectUrl, printableUrl } from "../../io/objects/object-url.js";
import { FileSource, fileStamp, readable, type Source } from "../../io/source.js";
import { StdinSource } from "../../io/stdin.js";
import { type ManifestFile, type ManifestRun, readManifest } from "./manifest.js";
import { fileEtag, type NamedManifestFile } from "./plan.js";
import { runsOfShard, type Shard, ShardSplit, shardManifestName } from "./shard.js";

/** Objects that are asked for at once. */
const OBJECTS_AT_ONCE = 8;

/** Opens files and objects for one command. */
export class ManifestAccess implements GroupAccess<NamedManifestFile, NamedManifestFile> {
  /** Why files could not be read this time, by their names, though they may be readable the next time. */
  readonly retryable = new Map<string, string>();
  /** Why files could not be had: they are missing, or may not be read. */
  readonly unavailable = new Map<string, string>();
  /** Whether files may be unavailable: then they are errors of their runs. */
  mayLack = false;
  /** Called whenever a file could not be read. */
  onUnread: () => void = () => {};
  readonly #userAgent: string;
  readonly #signal: AbortSignal;
  #store: ObjectStore | undefined;

  /** @param version Of the program. */
  constructor(version: string, signal: AbortSignal) {
    this.#userAgent = `marian-tracking/${version}`;
    this.#signal = signal;
  }

  /** Whether the work is to be given up, because a file that it needs was not read. */
  get hasFailed(): boolean {
    return this.retryable.size > 0 || (this.unavailable.size > 0 && !this.mayLack);
  }

  /** Whether a file of the run could not be had. */
  lacksFileOf({ files, evaluations }: ManifestRun): boolean {
    if (this.unavailable.size === 0) return false;
    return [...files, ...evaluations].some((file) => this.unavailable.has(nameOf(file)));
  }

  /** The store of objects; it connects when it is used. */
  store(): ObjectStore {
    const options = { userAgent: this.#userAgent, signal: this.#signal };
    this.#store ??= ObjectStore.fromEnvironment(process.env, options);
    return this.#store;
  }

  /**
   * The runs of a manifest, or of one shard. Of a folder it reads the shard's own manifest; of any other it reads all lines
   * first.
   *
   * @throws InputError, which names the manifest.
   */
  async *runs(manifest: string, shard: Shard | undefined): AsyncGenerator<ManifestRun> {
    const isFolder = await isFolderOfManifests(manifest);
    if (isFolder && shard === undefined)
      throw new InputError(`${manifest} is a folder of manifests: name one, or say which shard with --shard`);
    if (isFolder && shard !== undefined)
      return yield* readManifest(this.source({ uri: inFolder(manifest, shardManifestName(shard)) }));
    if (manifest === STDIN) {
      const runs = readManifest(new StdinSource(process.stdin));
      if (shard === undefined) return yield* runs;
      const all: ManifestRun[] = [];
      for await (const run of runs) all.push(run);
      return yield* runsOfShard(all, shard);
    }
    const source = this.source({ uri: manifest });
    if (shard === undefined) return yield* readManifest(source);
    const split = new ShardSplit();
    for await (const run of readManifest(source)) split.add(run);
    const [first, end] = split.rangeOf(shard);
    let at = 0;
    for await (const run of readManifest(source)) {
      if (at >= first && at < end) yield run;
      at += 1;
      if (at >= end) return;
    }
  }

  /** Why a file of this machine can't be had; undefined if it is there. Objects are not asked for. */
  async problemOf({ uri }: ManifestFile): Promise<string | undefined> {
    if (isObjectUrl(uri)) return undefined;
    try {
      await access(pathOf(uri), constants.R_OK);
      return undefined;
    } catch (error) {
      return readable(error).message;
    }
  }

  /**
   * What tells one content of a file of this machine from another; of an object, what the manifest says of it. Undefined if
   * nothing does.
   */
  stampOf({ uri, etag }: ManifestFile): string | undefined {
    return isObjectUrl(uri) ? etag : fileStamp(pathOf(uri));
  }

  /** Whether all objects among the files still have the content that the manifest names; false if one can't be had. */
  async areAsListed(files: readonly ManifestFile[]): Promise<boolean> {
    const objects = files.filter(({ uri }) => isObjectUrl(uri))[Symbol.iterator]();
    let isSame = true;
    const compare = async () => {
      for (const { uri, etag } of objects) {
        const found = await this.store()
          .find(uri)
          .catch(() => undefined);
        isSame &&= found !== undefined && found.etag === etag;
        if (!isSame) return;
      }
    };
    await Promise.all(Array.from({ length: OBJECTS_AT_ONCE }, compare));
    return isSame;
  }

  /** A file as a log. If it has an etag and other content, reading it is an error. */
  source(file: ManifestFile): Source {
    const { uri, size, etag } = file;
    const known = { ...(size === undefined ? {} : { size }), ...(etag === undefined ? {} : { etag }) };
    const isObject = isObjectUrl(uri);
    const name = nameOf(file);
    const bytes = () =>
      isObject ? this.store().source(uri, known).chunks() : fileBytes(pathOf(uri), uri, etag);
    return {
      name,
      ...(size === undefined ? {} : { size }),
      ...(etag === undefined ? {} : { stamp: etag }),
      chunks: () => this.#watched(name, bytes),
      ...(isObject ? {} : { openLocal: () => this.#openLocal(name, pathOf(uri), etag) }),
    };
  }

  bytes(file: NamedManifestFile): AsyncIterable<Uint8Array> {
    return this.source(file).chunks();
  }

  log(file: NamedManifestFile): Source {
    return this.source(file);
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  /** Opens a file for synchronous reads; undefined if it is not as it was listed. */
  #openLocal(name: string, path: string, etag: string | undefined): LocalBytes | undefined {
    if (etag !== undefined) {
      const info = statSync(path, { throwIfNoEntry: false });
      if (info === undefined || fileEtag(info.size, info.mtimeMs) !== etag) return undefined;
    }
    const file = LocalFile.open(path);
    if (file === undefined) return undefined;
    return {
      size: file.size,
      read: (into) => {
        try {
          return file.read(into);
        } catch (error) {
          this.#add(name, error);
          throw error;
        }
      },
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  }

  /** Keeps the reason why a file could not be read. */
  #add(name: string, error: unknown): void {
    const files = isTransient(error) ? this.retryable : this.unavailable;
    files.set(name, readable(error).message);
    this.onUnread();
  }

  async *#watched(name: string, bytes: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes();
    } catch (error) {
      // What is wrong with the text itself shows only when the bytes are unpacked.
      if (!isOfContent(error)) this.#add(name, error);
      throw error;
    }
  }
}

async function isFolderOfManifests(path: string): Promise<boolean> {
  if (isObjectUrl(path)) return path.endsWith("/");
  return await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

function inFolder(folder: string, name: string): string {
  return isObjectUrl(folder) ? `${folder}${name}` : join(folder, name);
}

/** What messages call a file. */
function nameOf({ uri }: ManifestFile): string {
  return isObjectUrl(uri) ? printableUrl(uri) : uri;
}

function pathOf(uri: string): string {
  if (!/^file:/i.test(uri)) return uri;
  try {
    return fileURLToPath(uri);
  } catch {
    throw new InputError("this file: URL names no file of this machine");
  }
}

async function* fileBytes(path: string, name: string, etag: string | undefined): AsyncGenerator<Uint8Array> {
  if (etag !== undefined) {
    const info = await stat(path).catch(() => undefined);
    // Reading a missing file below reports it.
    if (info !== undefined && fileEtag(info.size, info.mtimeMs) !== etag)
      throw new InputError(CHANGED, { code: "changed" });
  }
  yield* new FileSource(path, undefined, name).chunks();
}
