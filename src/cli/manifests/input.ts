/** Where work items come from. */

import { STDIN } from "../../io/inputs.js";
import { ObjectStore } from "../../io/objects/object-store.js";
import { StdinSource } from "../../io/stdin.js";
import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { ManifestError, type ManifestRun, readManifest } from "../../pipeline/manifests/manifest.js";
import { runsOfShard, type Shard } from "../../pipeline/manifests/shard.js";

/** Opens files and objects for one command. */
export class Inputs {
  readonly access: ManifestAccess;
  readonly #userAgent: string;
  readonly #signal: AbortSignal;
  #store: ObjectStore | undefined;

  constructor(version: string, signal: AbortSignal) {
    this.#userAgent = `marian-tracking/${version}`;
    this.#signal = signal;
    this.access = new ManifestAccess(() => this.store());
  }

  /** The store of objects; connections are made when it is used. */
  store(): ObjectStore {
    this.#store ??= ObjectStore.fromEnvironment(process.env, {
      userAgent: this.#userAgent,
      signal: this.#signal,
    });
    return this.#store;
  }

  /**
   * The runs of a manifest, or of one part of it, which needs the whole of it first.
   *
   * @throws ManifestError, InputError in words that name the manifest.
   */
  async *runs(manifest: string, shard: Shard | undefined): AsyncGenerator<ManifestRun> {
    const source =
      manifest === STDIN ? new StdinSource(process.stdin) : this.access.source({ uri: manifest });
    try {
      if (shard === undefined) return yield* readManifest(source);
      const all: ManifestRun[] = [];
      for await (const run of readManifest(source)) all.push(run);
      yield* runsOfShard(all, shard);
    } catch (error) {
      if (error instanceof ManifestError) throw error;
      const name = manifest === STDIN ? "standard input" : source.name;
      throw new ManifestError(`the manifest ${name} can't be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }
}
