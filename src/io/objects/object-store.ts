/** Objects over HTTP: in buckets of S3 and of Google Cloud Storage, and whatever else has a URL. */
import { type HttpAnswer, HttpError } from "../../http/index.js";
import { InputError } from "../input-error.js";
import { decompress } from "../packed/decompress.js";
import type { Source } from "../source.js";
import { GsService, type GsSettings, gsSettings } from "./gs-service.js";
import {
  CHANGED,
  type Content,
  contentOf,
  infoOf,
  isSame,
  type ObjectInfo,
  startOf,
} from "./object-answer.js";
import {
  type BucketService,
  ObjectHttp,
  type ObjectService,
  type ObjectStoreOptions,
  WHAT,
} from "./object-service.js";
import { type BucketUrl, type HttpUrl, type ObjectUrl, printableUrl, readObjectUrl } from "./object-url.js";
import { S3Service } from "./s3-service.js";
import { type S3Settings, s3Settings } from "./s3-settings.js";

/** Where the services are. */
export interface ObjectSettings {
  readonly s3: S3Settings;
  readonly gs: GsSettings;
}

/** With fewer bytes, a connection that ended brought nothing. */
const PROGRESS_BYTES = 16 * 1024;

/** Lists, reads and writes objects. Connections that fail are made again, and what was read is not read twice. */
export class ObjectStore {
  readonly #http: ObjectHttp;
  readonly #plain: ObjectService<HttpUrl>;
  readonly #services: Readonly<Record<BucketUrl["kind"], BucketService<BucketUrl>>>;

  constructor({ s3, gs }: ObjectSettings, options: ObjectStoreOptions) {
    this.#http = new ObjectHttp(options);
    this.#plain = new PlainService(this.#http);
    this.#services = { s3: new S3Service(this.#http, s3), gs: new GsService(this.#http, gs) };
  }

  /** The store that the environment asks for, by the variables of AWS's and Google's own programs. */
  static fromEnvironment(
    environment: Readonly<Record<string, string | undefined>>,
    options: ObjectStoreOptions,
  ): ObjectStore {
    return new ObjectStore({ s3: s3Settings(environment), gs: gsSettings(environment) }, options);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#http.client.close();
  }

  /**
   * The objects of a bucket whose names start like the URL, in the order of their names.
   *
   * @throws InputError if the bucket can't be listed (`unreachable` if its server did not answer).
   */
  async *list(url: string): AsyncGenerator<ObjectInfo> {
    const place = readObjectUrl(url);
    if (place.kind === "http")
      throw new InputError(
        "what lies below an https: URL can't be listed: name a bucket (gs://bucket/folder), one log, or a manifest",
      );
    yield* this.#services[place.kind].list(place);
  }

  /**
   * What is known of one object.
   *
   * @throws InputError if it can't be read (`unreachable` if its server did not answer).
   */
  async find(url: string): Promise<ObjectInfo> {
    const place = readObjectUrl(url);
    return place.kind === "http"
      ? { ...(await this.#plain.find(place)), url }
      : await this.#services[place.kind].find(place);
  }

  /**
   * Makes or replaces an object of a file's bytes. It appears whole or not at all.
   *
   * @throws InputError if it can't be written (`unreachable` if its server did not answer).
   */
  async put(url: string, file: string): Promise<void> {
    const place = bucketUrl(url);
    await this.#services[place.kind].put(place, file);
  }

  /** Removes an object; one that is not there is no error. @throws InputError if it can't be removed. */
  async remove(url: string): Promise<void> {
    const place = bucketUrl(url);
    await this.#services[place.kind].remove(place);
  }

  /** Makes sure that an object can be made there, and makes none. @throws InputError if it can't. */
  async checkWritable(url: string): Promise<void> {
    const place = bucketUrl(url);
    await this.#services[place.kind].checkWritable(place);
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
    const stored = place.kind === "http" ? undefined : known.size;
    const length = content.length ?? (content.encoding === "" ? stored : undefined);
    let answer = first;
    const url =
      place.kind === "http" ? this.#plain.addressOf(place) : this.#services[place.kind].addressOf(place);
    const retry = this.#http.client.retry({ ...this.#http.limits, what: WHAT, url }, this.#http.scope);
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
      answer = await this.#open(place, at, place.kind === "http" ? undefined : content.etag);
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

  #open(place: ObjectUrl, at: number, etag: string | undefined): Promise<HttpAnswer> {
    return place.kind === "http"
      ? this.#plain.open(place, at, undefined)
      : this.#services[place.kind].open(place, at, etag);
  }
}

/** Any server that gives files by their URLs. */
class PlainService implements ObjectService<HttpUrl> {
  readonly #http: ObjectHttp;

  constructor(http: ObjectHttp) {
    this.#http = http;
  }

  addressOf({ href }: HttpUrl): string {
    return href;
  }

  open({ href }: HttpUrl, at: number): Promise<HttpAnswer> {
    return this.#http.open({ url: href, what: WHAT }, at);
  }

  async find(place: HttpUrl): Promise<ObjectInfo> {
    const answer = await this.open(place, 0);
    answer.discard();
    const { etag, length } = contentOf(place, answer);
    return infoOf(place.href, { size: length, etag, changed: answer.headers["last-modified"] });
  }
}

function bucketUrl(url: string): BucketUrl {
  const place = readObjectUrl(url);
  if (place.kind === "http")
    throw new InputError("an https: URL can't be written to: name s3://bucket/… or gs://bucket/…");
  return place;
}
