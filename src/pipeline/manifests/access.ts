/** Reads what a manifest names: files and objects. */
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { FoundFile, NamedFile } from "../../archive/folder-walk.js";
import type { GroupAccess } from "../../archive/read-group.js";
import { InputError, isTransient } from "../../io/input-error.js";
import type { ObjectStore } from "../../io/objects/object-store.js";
import { isObjectUrl, printableUrl } from "../../io/objects/object-url.js";
import { FileSource, type Source } from "../../io/source.js";
import type { ManifestFile, ManifestRun } from "./manifest.js";
import { fileEtag } from "./plan.js";

/** Opens files and objects, and remembers what might be read another time. */
export class ManifestAccess implements GroupAccess {
  /** Faults that are no fault of a log: the work is to be done again. In words. */
  readonly troubles: string[] = [];
  /** Called with each of them. */
  onTrouble: () => void = () => {};
  readonly #store: () => ObjectStore;
  readonly #known = new Map<string, ManifestFile>();

  /** @param store Is asked for the first object. */
  constructor(store: () => ObjectStore) {
    this.#store = store;
  }

  /** Makes the sizes and etags of a run's files known. */
  know({ files, evaluations, config }: ManifestRun): void {
    for (const file of [...files, ...evaluations, ...(config === undefined ? [] : [config])])
      if (file.size !== undefined || file.etag !== undefined) this.#known.set(file.uri, file);
  }

  /** Forgets a run that is done. */
  forget({ files, evaluations }: ManifestRun): void {
    for (const { uri } of [...files, ...evaluations]) this.#known.delete(uri);
  }

  /** A file as a log; with an etag, another content is an error. */
  source(file: ManifestFile): Source {
    const { uri, size, etag } = file;
    if (isObjectUrl(uri)) {
      const name = printableUrl(uri);
      const known = { ...(size === undefined ? {} : { size }), ...(etag === undefined ? {} : { etag }) };
      const bytes = () => this.#store().source(uri, known).chunks();
      return { name, ...known, ...stamped(etag), chunks: () => this.#watched(name, bytes) };
    }
    const bytes = () => fileBytes(pathOf(uri), uri, etag);
    return {
      name: uri,
      ...(size === undefined ? {} : { size }),
      ...stamped(etag),
      chunks: () => this.#watched(uri, bytes),
    };
  }

  bytes({ path }: NamedFile): AsyncIterable<Uint8Array> {
    return this.source(this.#known.get(path) ?? { uri: path }).chunks();
  }

  log({ path, size }: FoundFile): Source {
    return this.source(this.#known.get(path) ?? { uri: path, ...(size > 0 ? { size } : {}) });
  }

  async *#watched(name: string, bytes: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes();
    } catch (error) {
      if (isTransient(error)) {
        this.troubles.push(`${name}: ${(error as Error).message}`);
        this.onTrouble();
      }
      throw error;
    }
  }
}

function stamped(etag: string | undefined): { readonly stamp?: string } {
  return etag === undefined ? {} : { stamp: etag };
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
    // What is not there is told by who reads it.
    if (info !== undefined && fileEtag(info.size, info.mtimeMs) !== etag)
      throw new InputError(
        "it has changed since it was listed: make the manifest again with `marian-tracking plan`",
      );
  }
  yield* new FileSource(path, undefined, name).chunks();
}
