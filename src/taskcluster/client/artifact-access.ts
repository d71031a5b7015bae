/** Artifacts of any storage type, by the redirect that the queue answers with. */
import { createGunzip } from "node:zlib";
import { type HttpAnswer, HttpError, type HttpRequest } from "../../http/index.js";
import type { Access } from "./access.js";
import { slug } from "./address.js";
import { TaskclusterError } from "./errors.js";

const RETRY_MS = 1000;
const IDLE_MS = 60_000;
const LIVE_IDLE_MS = 5 * 60_000;
/** Largest artifact that is taken, packed and unpacked, where nothing else is said: no log of a training comes near. */
const LARGEST = 2 * 1024 ** 3;

/** An artifact of one run of a task. */
export interface ArtifactRef {
  readonly taskId: string;
  readonly runId: number;
  readonly name: string;
}

/** An artifact on its way. */
export interface Download {
  /** `s3`, `object` or `reference`; or the target of a link. Only the content of the first two never changes. */
  readonly storageType: string;
  /** Whether the bytes are gzip of what the task made. */
  readonly gzip: boolean;
  /** The bytes as sent. They end with an error when they are not whole. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** An artifact that may still grow. */
export interface LiveArtifact {
  readonly gzip: boolean;
  /** As sent. Throws when the connection fails; ends when the worker says so. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Has to be called by whoever does not read to the end. */
  close(): void;
}

/** Finds and reads artifacts. */
export class ArtifactAccess {
  readonly #access: Access;
  readonly #root: string;
  readonly #largest: number;

  /** @param root Address of the queue's tasks, with a slash at its end. */
  constructor(access: Access, root: string, largest = LARGEST) {
    this.#access = access;
    this.#root = root;
    this.#largest = largest;
  }

  download<Result>(ref: ArtifactRef, take: (download: Download) => Promise<Result>): Promise<Result> {
    const { http, scope, options } = this.#access;
    const what = describe(ref);
    const spec = { what, url: this.#url(ref), retryMs: options.retryMs ?? RETRY_MS };
    return http.retrying(spec, scope, async () => {
      const headers = { "accept-encoding": "gzip" };
      const { storageType, answer } = await this.#open(ref, { idleMs: IDLE_MS, headers });
      try {
        const gzip = isGzip(answer, what);
        return await take({ storageType, gzip, chunks: whole(answer.body, gzip, what, this.#largest) });
      } finally {
        answer.discard();
      }
    });
  }

  async live(ref: ArtifactRef): Promise<LiveArtifact> {
    const { answer } = await this.#open(ref, { idleMs: LIVE_IDLE_MS, live: true });
    const gzip = answer.headers["content-encoding"] !== undefined;
    return { gzip, chunks: answer.body, close: answer.discard };
  }

  async #open(
    ref: ArtifactRef,
    how: Pick<HttpRequest, "headers" | "live"> & { readonly idleMs: number },
  ): Promise<{ readonly storageType: string; readonly answer: HttpAnswer }> {
    const { http, scope, options } = this.#access;
    const what = describe(ref);
    const url = this.#url(ref);
    const timing = { headersMs: options.idleMs, idleMs: options.idleMs };
    const permission = `queue:get-artifact:${ref.name}`;
    const first = await http.open({ url, what, permission, authorized: true, ...timing }, scope);
    const storageType = first.headers["x-taskcluster-artifact-storage-type"] ?? "reference";
    if (first.status < 300) {
      first.discard();
      throw new TaskclusterError(
        "malformed-answer",
        `${what}: the queue did not say where it is (HTTP ${first.status})`,
      );
    }
    const place = http.target(first, url, what);
    await http.drain(first);
    const idleMs = options.idleMs ?? how.idleMs;
    const answer = await http.follow({ ...how, url: place, what, headersMs: idleMs, idleMs }, scope);
    if (answer.status === 200) return { storageType, answer };
    answer.discard();
    throw new HttpError("incomplete", `HTTP ${answer.status}, without the whole content`);
  }

  #url({ taskId, runId, name }: ArtifactRef): string {
    return `${this.#root}${slug(taskId, "task")}/runs/${runId}/artifacts/${encodeURIComponent(name)}`;
  }
}

function describe({ taskId, runId, name }: ArtifactRef): string {
  return `artifact ${name} of task ${taskId}, run ${runId}`;
}

function isGzip({ headers }: HttpAnswer, what: string): boolean {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "gzip" || encoding === "x-gzip") return true;
  if (encoding === "identity" || encoding === "") return false;
  throw new TaskclusterError(
    "malformed-answer",
    `${what}: it is sent as '${encoding}', which was not asked for and is not unpacked here`,
  );
}

/** The bytes, if they are all there: HTTP tells of a length that was not reached, gzip of its own end. */
async function* whole(
  body: AsyncIterable<Uint8Array>,
  gzip: boolean,
  what: string,
  largest: number,
): AsyncGenerator<Uint8Array> {
  const check = gzip ? new GzipCheck() : undefined;
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      await check?.take(chunk).catch(incomplete);
      if (Math.max(bytes, check?.unpacked ?? 0) > largest)
        throw new TaskclusterError(
          "too-large",
          `${what}: it is larger than ${largest} bytes and is not taken`,
        );
      yield chunk;
    }
    await check?.end().catch(incomplete);
  } finally {
    check?.destroy();
  }
}

function endsEarly(): HttpError {
  return new HttpError("incomplete", "the gzip data ends early");
}

function incomplete(error: Error): never {
  if (error instanceof HttpError) throw error;
  // zlib has one code for data that is damaged and data that ends early.
  const early = /unexpected end/i.test(error.message);
  throw early ? endsEarly() : new HttpError("incomplete", `the gzip data is damaged (${error.message})`);
}

/**
 * Unpacks what it is given and keeps nothing. HTTP can end a body early without anybody noticing; the end of a gzip
 * can't be missing unnoticed.
 */
export class GzipCheck {
  readonly #gunzip = createGunzip();
  #taken = 0;
  #unpacked = 0;
  #fault: Error | undefined;
  readonly #failed: Promise<void>;
  readonly #ended: Promise<void>;

  constructor() {
    this.#gunzip.on("data", (chunk: Buffer) => {
      this.#unpacked += chunk.length;
    });
    this.#failed = new Promise((resolve) => {
      this.#gunzip.once("error", (error) => {
        this.#fault = error;
        resolve();
      });
    });
    this.#ended = new Promise((resolve) => this.#gunzip.once("end", resolve));
  }

  /** Bytes when unpacked, of what was taken so far. */
  get unpacked(): number {
    return this.#unpacked;
  }

  /** @throws Error of zlib's when the data is damaged. */
  async take(chunk: Uint8Array): Promise<void> {
    this.#taken += chunk.length;
    const written = new Promise<void>((resolve) => this.#gunzip.write(chunk, () => resolve()));
    await Promise.race([written, this.#failed]);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** @throws HttpError if nothing came, else the error of zlib. */
  async end(): Promise<void> {
    // zlib takes nothing at all for whole.
    if (this.#taken === 0) throw endsEarly();
    this.#gunzip.end();
    await Promise.race([this.#ended, this.#failed]);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Gives the memory back; may be called at any time. */
  destroy(): void {
    this.#gunzip.destroy();
  }
}
