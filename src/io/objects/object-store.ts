/** Public objects over HTTP: Google Cloud Storage by its JSON API, anything else by its URL. */
import {
  type HttpAnswer,
  HttpClient,
  HttpError,
  type HttpOptions,
  type HttpPolicy,
  isTransientStatus,
  noAnswer,
  type Refusal,
  type RequestScope,
} from "../../http/index.js";
import { isObject } from "../../json.js";
import { InputError } from "../input-error.js";
import { decompress } from "../packed/decompress.js";
import type { Source } from "../source.js";
import {
  CHANGED,
  type Content,
  contentOf,
  isSame,
  type ObjectInfo,
  objectInfo,
  startOf,
} from "./object-answer.js";
import { type ObjectUrl, printableUrl, readObjectUrl } from "./object-url.js";

/** How objects are reached. */
export interface ObjectStoreOptions extends Pick<HttpOptions, "userAgent" | "clock"> {
  /** Ends everything that is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Where the API of Cloud Storage is. */
  readonly endpoint?: string | undefined;
  /** Milliseconds before the first further try. Default 500. */
  readonly retryMs?: number | undefined;
  /** Milliseconds without a byte after which a try is over. Default 30 s. */
  readonly idleMs?: number | undefined;
}

const CONCURRENCY = 8;
/** What is read, for messages that name it before. */
const WHAT = "the object";
/** With fewer bytes, a connection that ended brought nothing. */
const PROGRESS_BYTES = 16 * 1024;

/** Lists and reads objects. Connections that fail are made again, and what was read is not read twice. */
export class ObjectStore {
  readonly #http: HttpClient;
  readonly #scope: RequestScope;
  readonly #endpoint: string;
  readonly #limits: Pick<ObjectStoreOptions, "retryMs" | "idleMs">;

  constructor(options: ObjectStoreOptions) {
    const { endpoint = "https://storage.googleapis.com", signal, retryMs, idleMs } = options;
    const { userAgent, clock } = options;
    this.#http = new HttpClient(OBJECT_POLICY, { userAgent, clock, concurrency: CONCURRENCY });
    this.#scope = this.#http.scope(undefined, signal);
    this.#limits = { retryMs, idleMs };
    this.#endpoint = (/^https?:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}`).replace(/\/+$/, "");
  }

  /** The store that the environment asks for: `STORAGE_EMULATOR_HOST`, as for Google's own libraries. */
  static fromEnvironment(
    environment: Readonly<Record<string, string | undefined>>,
    options: Omit<ObjectStoreOptions, "endpoint">,
  ): ObjectStore {
    return new ObjectStore({ ...options, endpoint: environment["STORAGE_EMULATOR_HOST"] || undefined });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#http.close();
  }

  /**
   * The objects of a bucket whose names start like the URL, in the order of their names.
   *
   * @throws InputError if the bucket can't be listed (`unreachable` if its server did not answer).
   */
  async *list(url: string): AsyncGenerator<ObjectInfo> {
    const place = readObjectUrl(url);
    if (place.kind !== "gs")
      throw new InputError(
        "what lies below an https: URL can't be listed: name a bucket (gs://bucket/folder), one log, or a manifest",
      );
    const { bucket, name } = place;
    const fields = "items(name,size,generation,updated),nextPageToken";
    let token: string | undefined;
    const seen = new Set<string>();
    do {
      const query = new URLSearchParams({ prefix: name, fields, maxResults: "1000" });
      if (token !== undefined) query.set("pageToken", token);
      const page = await this.#json(
        `${this.#endpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`,
        `the list of gs://${bucket}`,
      );
      if (!isObject(page) || "errors" in page || "error" in page)
        throw new InputError(
          `the list of gs://${bucket} is unreadable: the answer does not come from Cloud Storage`,
        );
      const { items = [], nextPageToken } = page;
      if (!Array.isArray(items)) throw new InputError(`the list of gs://${bucket} is unreadable`);
      for (const item of items) {
        const info = objectInfo(bucket, item);
        if (info !== undefined) yield info;
      }
      const next = typeof nextPageToken === "string" && nextPageToken !== "" ? nextPageToken : undefined;
      if (next !== undefined && seen.has(next))
        throw new InputError(`the list of gs://${bucket} does not end: the server gives the same page again`);
      if (next !== undefined) seen.add(next);
      token = next;
    } while (token !== undefined);
  }

  /**
   * What is known of one object.
   *
   * @throws InputError if it can't be read (`unreachable` if its server did not answer).
   */
  async find(url: string): Promise<ObjectInfo> {
    const place = readObjectUrl(url);
    if (place.kind === "gs") {
      const info = objectInfo(
        place.bucket,
        await this.#json(`${this.#objectAddress(place)}?fields=name,size,generation,updated`, WHAT),
      );
      if (info === undefined) throw new InputError("the server's answer does not describe the object");
      return info;
    }
    const answer = await this.#open(place, 0, undefined);
    answer.discard();
    const { etag, length } = contentOf(place, answer);
    const changed = Date.parse(answer.headers["last-modified"] ?? "");
    return {
      url,
      ...(length === undefined ? {} : { size: length }),
      ...(etag === undefined ? {} : { etag }),
      ...(Number.isNaN(changed) ? {} : { changed }),
    };
  }

  /** An object as a log. With an `etag`, another content is an error. */
  source(url: string, known: Omit<ObjectInfo, "url"> = {}): Source {
    const { size, etag } = known;
    return {
      name: printableUrl(url),
      ...(size === undefined ? {} : { size }),
      ...(etag === undefined ? {} : { stamp: etag }),
      chunks: () => this.#chunks(url, known),
    };
  }

  async *#chunks(url: string, known: Omit<ObjectInfo, "url">): AsyncGenerator<Uint8Array> {
    const place = readObjectUrl(url);
    const answer = await this.#open(place, 0, known.etag);
    const content = contentOf(place, answer);
    const bytes = this.#bytes(place, answer, content, known);
    // The server may compress a plain object for transfer; the first bytes show whether the object itself is packed.
    yield* content.encoding === "gzip" ? decompress(bytes) : bytes;
  }

  /** The bytes on the wire, over as many connections as it takes. */
  async *#bytes(
    place: ObjectUrl,
    first: HttpAnswer,
    content: Content,
    known: Omit<ObjectInfo, "url">,
  ): AsyncGenerator<Uint8Array> {
    if (known.etag !== undefined && content.etag !== undefined && !isSame(known.etag, content.etag)) {
      first.discard();
      throw new InputError(CHANGED, { code: "changed" });
    }
    const stored = place.kind === "gs" ? known.size : undefined;
    const length = content.length ?? (content.encoding === "" ? stored : undefined);
    let answer = first;
    const retry = this.#http.retry({ ...this.#limits, what: WHAT, url: this.#addressOf(place) }, this.#scope);
    let at = 0;
    let fresh = 0;
    for (;;) {
      let skip = answer.status === 206 ? 0 : at;
      try {
        for await (const chunk of answer.body) {
          const rest = skip > 0 ? chunk.subarray(Math.min(skip, chunk.length)) : chunk;
          skip -= chunk.length - rest.length;
          if (rest.length === 0) continue;
          at += rest.length;
          fresh += rest.length;
          if (fresh >= PROGRESS_BYTES) {
            fresh = 0;
            retry.progressed();
          }
          yield rest;
        }
        if (length === undefined || at >= length) return;
        throw new HttpError("incomplete", `the answer ends at ${at} of ${length} bytes`);
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        await retry.after(new HttpError("incomplete", `at byte ${at}: ${error.message}`));
      } finally {
        answer.discard();
      }
      answer = await this.#open(place, at, place.kind === "gs" ? content.etag : undefined);
      const now = contentOf(place, answer);
      const same =
        now.encoding === content.encoding &&
        (now.etag === undefined || content.etag === undefined || isSame(now.etag, content.etag)) &&
        (now.length === undefined || content.length === undefined || now.length === content.length);
      if (same && startOf(answer) === (answer.status === 206 ? at : 0)) continue;
      answer.discard();
      throw new InputError("it changed while it was read: run this again");
    }
  }

  /** The answer for an object from a byte on. */
  #open(place: ObjectUrl, at: number, etag: string | undefined): Promise<HttpAnswer> {
    const generation = etag !== undefined && /^\d+$/.test(etag) ? `&ifGenerationMatch=${etag}` : "";
    const url = place.kind === "gs" ? `${this.#addressOf(place)}?alt=media${generation}` : place.href;
    const headers = { "accept-encoding": "gzip", ...(at > 0 ? { range: `bytes=${at}-` } : {}) };
    const spec = { ...this.#limits, url, what: WHAT, headers };
    return this.#http.retrying(spec, this.#scope, async () => {
      const answer = await this.#http.follow(spec, this.#scope);
      if (answer.status === 200 || (answer.status === 206 && at > 0)) return answer;
      answer.discard();
      throw new HttpError("incomplete", `HTTP ${answer.status}, without the whole content`);
    });
  }

  async #json(url: string, what: string): Promise<unknown> {
    const { body } = await this.#http.send({ ...this.#limits, url, what }, this.#scope);
    try {
      return JSON.parse(body.toString("utf8")) as unknown;
    } catch {
      throw new InputError(`${what}: the answer is not JSON`, { code: "unreachable" });
    }
  }

  #addressOf(place: ObjectUrl): string {
    return place.kind === "gs" ? this.#objectAddress(place) : place.href;
  }

  #objectAddress({ bucket, name }: { readonly bucket: string; readonly name: string }): string {
    return `${this.#endpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
  }
}

/** What servers of objects add to the client of HTTP: their errors are those of inputs. */
export const OBJECT_POLICY: HttpPolicy = {
  tries: 6,
  backOff: { firstMs: 500, longestMs: 30_000, jitter: [0.75, 1.25] },
  isRetryable: isTransientStatus,
  errors: {
    refused: (refusal) => new InputError(refused(refusal), refusal.status === 412 ? { code: "changed" } : {}),
    unusable: (message) => new InputError(message),
    tooLarge: (message) => new InputError(message),
    undelivered: (what, last, spent) =>
      new InputError(`${what}: ${noAnswer(last, spent)}`, { code: "unreachable" }),
    stopped: (what) => new InputError(`${what}: stopped before the answer came`),
  },
};

function refused({ what, status, said }: Refusal): string {
  const tail = said === "" ? "" : `: ${said}`;
  switch (status) {
    case 401:
    case 403:
      return `${what} may not be read without credentials (HTTP ${status})${tail}`;
    case 404:
    case 410:
      return `${what} is not there (HTTP ${status})${tail}`;
    case 412:
      return CHANGED;
    case 416:
      return "it changed while it was read: run this again";
    default:
      return `${what} was refused (HTTP ${status})${tail}`;
  }
}
