import type { RequestScope } from "../../http/index.js";
import { forEachLimited, isObject } from "../../http/index.js";
import { isWandbError, messageOf, WandbError } from "./errors.js";
import { CREATE_RUN_FILES } from "./operations.js";
import { listOf, optionalText, requiredObject, textsOf } from "./reply.js";
import type { RunAddress } from "./run-address.js";
import { putBytes, sizeOf, type UploadSource } from "./upload.js";
import type { WandbClient } from "./wandb-client.js";

const PARALLEL_UPLOADS = 4;

/** A file that didn't arrive, with the reason. */
export interface FailedFile {
  readonly name: string;
  readonly reason: string;
}

/** Files of a run. They are collected and uploaded together, because each group costs one request more. */
export class RunFiles {
  readonly #client: WandbClient;
  readonly #scope: RequestScope;
  readonly #address: RunAddress;
  readonly #waiting = new Map<string, UploadSource>();
  readonly #uploaded: string[] = [];
  readonly #failed: FailedFile[] = [];
  /** Until they are taken, of files that arrived too. */
  readonly #sources = new Map<string, UploadSource>();
  #gaveUp = false;

  constructor(client: WandbClient, scope: RequestScope, address: RunAddress) {
    this.#client = client;
    this.#scope = scope;
    this.#address = address;
  }

  /** Names that were uploaded so far. */
  get uploaded(): readonly string[] {
    return this.#uploaded;
  }

  /** Files that didn't arrive. */
  get failed(): readonly FailedFile[] {
    return this.#failed;
  }

  /** What a file is made of; absent once it was taken. */
  takeSource(name: string): UploadSource | undefined {
    const source = this.#sources.get(name);
    this.#sources.delete(name);
    return source;
  }

  /** Whether the budget was used up for any of them. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Bytes in memory that wait for the next upload. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const source of this.#waiting.values()) if (Buffer.isBuffer(source)) bytes += sizeOf(source);
    return bytes;
  }

  /** Takes a file for the next upload; one of the same name that still waits is replaced. */
  add(name: string, source: UploadSource): void {
    this.#waiting.set(name, source);
  }

  /** Uploads what waits. Returns the names that arrived; failures are in `failed`. Never rejects. */
  async upload(): Promise<readonly string[]> {
    const files = [...this.#waiting];
    this.#waiting.clear();
    if (files.length === 0) return [];
    for (const [name, source] of files) this.#sources.set(name, source);
    const arrived: string[] = [];
    try {
      const targets = await this.#targets(files.map(([name]) => name));
      await forEachLimited(files, PARALLEL_UPLOADS, async ([name, source]) => {
        try {
          await this.#put(name, source, targets);
          arrived.push(name);
        } catch (error) {
          this.#fail(name, error);
        }
      });
    } catch (error) {
      for (const [name] of files) this.#fail(name, error);
    }
    this.#uploaded.push(...arrived);
    return arrived;
  }

  #fail(name: string, error: unknown): void {
    this.#gaveUp ||= isWandbError(error, "undelivered");
    this.#failed.push({ name, reason: messageOf(error) });
  }

  async #put(name: string, source: UploadSource, targets: ReadonlyMap<string, Target>): Promise<void> {
    try {
      await putBytes(this.#client, this.#scope, targetOf(targets, name), source);
    } catch (error) {
      // A signed address that got too old while the upload was retried is refused; a new one is asked for once.
      if (!isWandbError(error, "http") || (error.status !== 403 && error.status !== 400)) throw error;
      await putBytes(this.#client, this.#scope, targetOf(await this.#targets([name]), name), source);
    }
  }

  async #targets(names: readonly string[]): Promise<Map<string, Target>> {
    const { entity, project, runId } = this.#address;
    const variables = { entity, project, run: runId, files: names };
    const data = await this.#client.graphql(CREATE_RUN_FILES, variables, this.#scope);
    const payload = requiredObject(data, "createRunFiles");
    const headers = textsOf(payload, "uploadHeaders");
    const targets = new Map<string, Target>();
    for (const file of listOf(payload, "files").filter(isObject)) {
      const name = optionalText(file, "name");
      const url = optionalText(file, "uploadUrl");
      if (name !== undefined && url !== undefined) targets.set(name, { name, url, headers });
    }
    return targets;
  }
}

interface Target {
  readonly name: string;
  readonly url: string;
  readonly headers: readonly string[];
}

function targetOf(targets: ReadonlyMap<string, Target>, name: string): Target {
  const target = targets.get(name);
  if (target === undefined)
    throw new WandbError("malformed-answer", `the W&B server gave no address for the file ${name}`);
  return target;
}
