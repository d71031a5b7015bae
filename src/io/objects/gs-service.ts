/** Objects in Google Cloud Storage, by its JSON API. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { HttpAnswer, HttpRequest, WholeAnswer } from "../../http/index.js";
import { isObject } from "../../json.js";
import { InputError } from "../input-error.js";
import { contentType } from "./content-type.js";
import { findGoogleIdentity } from "./google-identity.js";
import { type Identity, refusedText } from "./identity.js";
import { infoOf, type ObjectInfo } from "./object-answer.js";
import { type BucketService, type ObjectHttp, WHAT } from "./object-service.js";
import type { BucketUrl } from "./object-url.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes of a request of an upload, a multiple of 256 kB. */
const CHUNK_BYTES = 8 << 20;
const UPLOAD_MS = 5 * 60_000;
/** The status of an upload that goes on. */
const UNFINISHED = 308;

/** Where the API is. */
export interface GsSettings {
  readonly endpoint: string;
  /** Whether requests carry credentials: those of Google's own libraries to an emulator do not. */
  readonly signs: boolean;
}

/** By the variables of Google's own programs. */
export function gsSettings(environment: Environment): GsSettings {
  const emulator = environment["STORAGE_EMULATOR_HOST"];
  const endpoint =
    emulator || environment["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] || "storage.googleapis.com";
  const scheme = emulator ? "http" : "https";
  const address = /^https?:\/\//i.test(endpoint) ? endpoint : `${scheme}://${endpoint}`;
  // gcloud's variable may end with the path of the API.
  return { endpoint: address.replace(/(?:\/storage\/v1)?\/*$/, ""), signs: !emulator };
}

/** What is asked of Cloud Storage. Credentials are looked for with the first request. */
export class GsService implements BucketService<BucketUrl> {
  readonly #http: ObjectHttp;
  readonly #settings: GsSettings;
  readonly #findIdentity: () => Promise<Identity>;
  #identity: Promise<Identity> | undefined;

  constructor(http: ObjectHttp, settings: GsSettings, findIdentity = () => findGoogleIdentity()) {
    this.#http = http;
    this.#settings = settings;
    this.#findIdentity = findIdentity;
  }

  addressOf({ bucket, name }: BucketUrl): string {
    return `${this.#settings.endpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
  }

  async *list({ bucket, name }: BucketUrl): AsyncGenerator<ObjectInfo> {
    const what = `the list of gs://${bucket}`;
    const fields = "items(name,size,generation,updated),nextPageToken";
    let token: string | undefined;
    const seen = new Set<string>();
    do {
      const query = new URLSearchParams({ prefix: name, fields, maxResults: "1000" });
      if (token !== undefined) query.set("pageToken", token);
      const url = `${this.#settings.endpoint}/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`;
      const page = await this.#json({ url, what });
      if (!isObject(page) || "errors" in page || "error" in page)
        throw new InputError(`${what} is unreadable: the answer does not come from Cloud Storage`);
      const { items = [], nextPageToken } = page;
      if (!Array.isArray(items)) throw new InputError(`${what} is unreadable`);
      for (const item of items) {
        const info = objectInfo(bucket, item);
        if (info !== undefined) yield info;
      }
      token = typeof nextPageToken === "string" && nextPageToken !== "" ? nextPageToken : undefined;
      if (token !== undefined && seen.has(token))
        throw new InputError(`${what} does not end: the server gives the same page again`);
      if (token !== undefined) seen.add(token);
    } while (token !== undefined);
  }

  async find(place: BucketUrl): Promise<ObjectInfo> {
    const url = `${this.addressOf(place)}?fields=name,size,generation,updated`;
    const info = objectInfo(place.bucket, await this.#json({ url, what: WHAT }));
    if (info === undefined) throw new InputError("the server's answer does not describe the object");
    return info;
  }

  async open(place: BucketUrl, at: number, etag: string | undefined): Promise<HttpAnswer> {
    const generation = etag !== undefined && /^\d+$/.test(etag) ? `&ifGenerationMatch=${etag}` : "";
    return await this.#http.open(
      await this.#signed({ url: `${this.addressOf(place)}?alt=media${generation}`, what: WHAT }, "read"),
      at,
    );
  }

  /** The object appears with the last byte. What was uploaded before is forgotten, at the latest after a week. */
  async put(place: BucketUrl, file: string): Promise<void> {
    const { size } = await stat(file);
    const md5 = createHash("md5");
    await pipeline(createReadStream(file), md5);
    const session = await this.#begin(place, { md5Hash: md5.digest("base64") });
    const handle = await open(file, "r");
    try {
      const buffer = Buffer.alloc(Math.min(size, CHUNK_BYTES));
      let at = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
        const body = buffer.subarray(0, bytesRead);
        const range = bytesRead === 0 ? `*/${size}` : `${at}-${at + bytesRead - 1}/${size}`;
        const answer = await this.#upload(place, {
          url: session,
          method: "PUT",
          body,
          range: `bytes ${range}`,
        });
        if (answer.status !== UNFINISHED) return;
        const next = Number(/^bytes=0-(\d+)$/.exec(answer.headers["range"] ?? "")?.[1] ?? -1) + 1;
        if (next >= size || (next <= at && bytesRead === 0))
          throw new InputError(`${nameOf(place)} can't be written: the upload does not end`, {
            code: "unreachable",
          });
        at = next;
      }
    } catch (error) {
      await this.#abort(place, session).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
  }

  async remove(place: BucketUrl): Promise<void> {
    const request = { url: this.addressOf(place), method: "DELETE", what: nameOf(place) } as const;
    const spec = await this.#signed(request, "written");
    await this.#http.send({ ...spec, isAnswer: ({ status }) => status === 404 });
  }

  async checkWritable(place: BucketUrl): Promise<void> {
    await this.#abort(place, await this.#begin(place, {}));
  }

  /** The address of an upload that was begun. */
  async #begin(place: BucketUrl, metadata: object): Promise<string> {
    const { bucket, name } = place;
    const url = `${this.#settings.endpoint}/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?uploadType=resumable`;
    const body = Buffer.from(JSON.stringify({ name, contentType: contentType(name), ...metadata }));
    const { headers } = await this.#upload(place, { url, method: "POST", body, type: "application/json" });
    const { location } = headers;
    if (location !== undefined && URL.canParse(location, url)) {
      const session = new URL(location, url);
      // The credentials go there, too.
      if (session.origin === new URL(url).origin) return session.href;
    }
    throw new InputError(`${nameOf(place)} can't be written: the answer does not come from Cloud Storage`);
  }

  async #upload(
    place: BucketUrl,
    upload: {
      readonly url: string;
      readonly method: "PUT" | "POST";
      readonly body: Buffer;
      readonly range?: string;
      readonly type?: string;
    },
  ): Promise<WholeAnswer> {
    const { url, method, body, range, type = contentType(place.name) } = upload;
    const headers = { "content-type": type, ...(range === undefined ? {} : { "content-range": range }) };
    const request = {
      url,
      method,
      headers,
      what: nameOf(place),
      body: () => body,
      headersMs: UPLOAD_MS,
    } as const;
    const spec = await this.#signed(request, "written");
    return await this.#http.send({ ...spec, isAnswer: ({ status }) => status === UNFINISHED });
  }

  async #abort(place: BucketUrl, session: string): Promise<void> {
    const spec = await this.#signed({ url: session, method: "DELETE", what: nameOf(place) }, "written");
    await this.#http.send({ ...spec, most: "none", isAnswer: () => true }, this.#http.lastScope());
  }

  async #json(request: HttpRequest): Promise<unknown> {
    const { body } = await this.#http.send(await this.#signed(request, "read"));
    try {
      return JSON.parse(body.toString("utf8")) as unknown;
    } catch {
      throw new InputError(`${request.what}: the answer is not JSON`, { code: "unreachable" });
    }
  }

  async #signed(request: HttpRequest, done: "read" | "written"): Promise<HttpRequest> {
    this.#identity ??= this.#settings.signs
      ? this.#findIdentity()
      : Promise.resolve({ kind: "anonymous", reason: "" } as const);
    const identity = await this.#identity;
    const spec = { ...request, permission: refusedText(identity, done) };
    if (identity.kind === "anonymous") return spec;
    const { url, method = "GET", headers = {} } = request;
    return { ...spec, sign: () => identity.sign({ method, url: new URL(url), headers, region: "" }) };
  }
}

function objectInfo(bucket: string, item: unknown): ObjectInfo | undefined {
  const { name, size, generation, updated } = (item ?? {}) as Record<string, unknown>;
  if (typeof name !== "string") return undefined;
  const etag = /^\d+$/.test(String(generation ?? "")) ? String(generation) : undefined;
  return infoOf(`gs://${bucket}/${name}`, { size, etag, changed: updated });
}

function nameOf({ bucket, name }: BucketUrl): string {
  return `gs://${bucket}/${name}`;
}
