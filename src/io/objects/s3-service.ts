/** Objects in S3, and in other servers with its interface. */
import { createHash, randomUUID } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { type HttpAnswer, type HttpRequest, limitConcurrency, type RequestScope } from "../../http/index.js";
import { InputError } from "../input-error.js";
import { findAwsIdentity } from "./aws-identity.js";
import { contentType } from "./content-type.js";
import { type Identity, refusedText } from "./identity.js";
import { infoOf, type ObjectInfo } from "./object-answer.js";
import { type BucketService, type ObjectHttp, WHAT } from "./object-service.js";
import type { BucketUrl } from "./object-url.js";
import type { S3Settings } from "./s3-settings.js";
import { elements, escapeXml, textOf } from "./s3-xml.js";

const MIB = 1 << 20;
/** A larger file is uploaded in parts of this size, or of a larger one if there would be too many. */
const PART_BYTES = 8 * MIB;
const MAX_PARTS = 10_000;
/** Parts under way at once. */
const PARTS_AT_ONCE = 4;
/** Milliseconds until the server answers an upload, and until it has put parts together. */
const UPLOAD_MS = 5 * 60_000;
const COMPLETE_MS = 10 * 60_000;
/** An upload that began so long ago (ms) has been given up by whoever began it. */
const ABANDONED_MS = 24 * 3_600_000;
/** How often parts are put together again after the server failed at it. */
const COMPLETE_TRIES = 4;
const MAX_REDIRECTS = 2;
/** The metadata by which an upload knows its object again. */
const UPLOAD_HEADER = "x-amz-meta-marian-tracking-upload";

/** A request about a bucket, or an object in it. */
interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly what: string;
  readonly done: "read" | "written";
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly headersMs?: number;
  /** Whether a missing object is an answer. */
  readonly mayBeMissing?: boolean;
  readonly scope?: RequestScope;
}

/** What is asked of S3. Credentials are looked for with the first request. */
export class S3Service implements BucketService<BucketUrl> {
  readonly #http: ObjectHttp;
  readonly #settings: S3Settings;
  readonly #findIdentity: () => Promise<Identity>;
  /** By the bucket, where it is known to lie elsewhere. */
  readonly #regions = new Map<string, string>();
  #identity: Promise<Identity> | undefined;

  constructor(http: ObjectHttp, settings: S3Settings, findIdentity = () => findAwsIdentity()) {
    this.#http = http;
    this.#settings = settings;
    this.#findIdentity = findIdentity;
  }

  addressOf(place: BucketUrl): string {
    return this.#address(place).href;
  }

  async *list(place: BucketUrl): AsyncGenerator<ObjectInfo> {
    const { bucket, name: prefix } = place;
    const what = `the list of s3://${bucket}`;
    let token: string | undefined;
    const seen = new Set<string>();
    do {
      const query = {
        "list-type": "2",
        "encoding-type": "url",
        "max-keys": "1000",
        prefix,
        ...(token === undefined ? {} : { "continuation-token": token }),
      };
      const { body } = await this.#send({ ...place, name: "" }, { method: "GET", what, done: "read", query });
      const page = body.toString("utf8");
      if (!/<\/ListBucketResult>\s*$/.test(page))
        throw new InputError(`${what} is unreadable: the answer does not come from S3, or is not whole`, {
          code: "unreachable",
        });
      const isEncoded = textOf(page, "EncodingType") === "url";
      for (const item of elements(page, "Contents")) {
        const key = textOf(item, "Key") ?? "";
        const name = isEncoded ? decodeURIComponent(key.replaceAll("+", " ")) : key;
        const size = textOf(item, "Size");
        yield infoOf(`s3://${bucket}/${name}`, {
          size,
          etag: textOf(item, "ETag")?.replaceAll('"', ""),
          changed: textOf(item, "LastModified"),
        });
      }
      token =
        textOf(page, "IsTruncated") === "true" ? (textOf(page, "NextContinuationToken") ?? "") : undefined;
      if (token === "" || (token !== undefined && seen.has(token)))
        throw new InputError(`${what} does not end: the server does not say where it goes on`);
      if (token !== undefined) seen.add(token);
    } while (token !== undefined);
  }

  async find(place: BucketUrl): Promise<ObjectInfo> {
    const { headers } = await this.#send(place, { method: "HEAD", what: WHAT, done: "read" });
    return infoOf(`s3://${place.bucket}/${place.name}`, {
      size: headers["content-length"],
      etag: headers["etag"]?.replaceAll('"', ""),
      changed: headers["last-modified"],
    });
  }

  async open(place: BucketUrl, at: number, etag: string | undefined): Promise<HttpAnswer> {
    const identity = await this.#whoAsks();
    const headers = etag === undefined ? {} : { "if-match": `"${etag}"` };
    const request: S3Request = { method: "GET", what: WHAT, done: "read" };
    const spec = (): HttpRequest => this.#spec(place, request, identity);
    return await this.#http.open({ ...spec(), headers }, at, async (whole) => {
      for (let hops = 0; ; hops += 1) {
        const { url, sign } = spec();
        const answer = await this.#http.client.open({ ...whole, url, sign }, this.#http.scope);
        if (!this.#isElsewhere(place, answer)) return answer;
        answer.discard();
        this.#learnRegion(place, answer, hops);
      }
    });
  }

  async put(place: BucketUrl, file: string): Promise<void> {
    const { size } = await stat(file);
    if (size > PART_BYTES) return await this.#putParts(place, file, size);
    const body = await readPart(file, 0, size);
    const headers = { "content-type": contentType(place.name) };
    const { headers: answer } = await this.#send(place, {
      ...uploading(place),
      method: "PUT",
      headers,
      body,
    });
    if (!isOf(body, answer)) throw unlike(place);
  }

  async remove(place: BucketUrl): Promise<void> {
    await this.#send(place, { ...uploading(place), method: "DELETE", mayBeMissing: true });
  }

  async checkWritable(place: BucketUrl): Promise<void> {
    await this.#abort(place, await this.#begin(place, {}));
  }

  /** The object appears when the parts are put together; until then nobody sees anything, and the server keeps the parts. */
  async #putParts(place: BucketUrl, file: string, size: number): Promise<void> {
    await this.#abortAbandoned(place);
    const mark = randomUUID();
    const id = await this.#begin(place, { [UPLOAD_HEADER]: mark });
    try {
      const bytes = Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS / MIB) * MIB);
      const count = Math.ceil(size / bytes);
      const limit = limitConcurrency(PARTS_AT_ONCE);
      let failed = false;
      const tags = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          limit(async () => {
            // The others are of no use any more.
            if (failed) return "";
            const body = await readPart(file, index * bytes, Math.min(bytes, size - index * bytes));
            const query = { partNumber: String(index + 1), uploadId: id };
            const { headers } = await this.#send(place, { ...uploading(place), method: "PUT", query, body });
            if (!isOf(body, headers)) throw unlike(place);
            return headers["etag"] ?? "";
          }).catch((error: unknown) => {
            failed = true;
            throw error;
          }),
        ),
      );
      await this.#complete(place, id, tags, mark);
    } catch (error) {
      await this.#abort(place, id).catch(() => {});
      throw error;
    }
  }

  async #begin(place: BucketUrl, metadata: Readonly<Record<string, string>>): Promise<string> {
    const headers = { "content-type": contentType(place.name), ...metadata };
    const { body } = await this.#send(place, {
      ...uploading(place),
      method: "POST",
      query: { uploads: "" },
      headers,
    });
    const id = textOf(body.toString("utf8"), "UploadId");
    if (id === undefined)
      throw new InputError(`${nameOf(place)} can't be written: the answer does not come from S3`);
    return id;
  }

  /** Puts parts together. The answer begins before that is done, so that its status says nothing. */
  async #complete(place: BucketUrl, id: string, tags: readonly string[], mark: string): Promise<void> {
    const parts = tags.map(
      (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
    for (let tries = 1; ; tries += 1) {
      const request = { ...uploading(place), method: "POST", query: { uploadId: id }, body } as const;
      const answer = await this.#send(place, { ...request, headersMs: COMPLETE_MS, mayBeMissing: true });
      const xml = answer.body.toString("utf8");
      if (answer.status < 300 && xml.includes("</CompleteMultipartUploadResult>")) return;
      // An earlier try may have done it, and its answer was lost.
      if (answer.status === 404 && (await this.#isPut(place, mark))) return;
      const code = textOf(xml, "Code") ?? "the answer is not whole";
      if (answer.status === 404 || tries === COMPLETE_TRIES)
        throw new InputError(
          `${nameOf(place)} can't be written: its parts could not be put together (${code})`,
          {
            code: "unreachable",
          },
        );
    }
  }

  async #isPut(place: BucketUrl, mark: string): Promise<boolean> {
    const request = { method: "HEAD", what: nameOf(place), done: "read", mayBeMissing: true } as const;
    const { headers } = await this.#send(place, request);
    return headers[UPLOAD_HEADER] === mark;
  }

  async #abort(place: BucketUrl, id: string): Promise<void> {
    const request = { ...uploading(place), method: "DELETE", query: { uploadId: id } } as const;
    await this.#send(place, { ...request, mayBeMissing: true, scope: this.#http.lastScope() });
  }

  /** Aborts uploads of the same object that were killed long ago. Who may not list them has rules for the bucket. */
  async #abortAbandoned(place: BucketUrl): Promise<void> {
    try {
      const query = { uploads: "", prefix: place.name };
      const { body } = await this.#send(
        { ...place, name: "" },
        { ...uploading(place), method: "GET", query },
      );
      for (const upload of elements(body.toString("utf8"), "Upload")) {
        const begun = Date.parse(textOf(upload, "Initiated") ?? "");
        const id = textOf(upload, "UploadId");
        if (textOf(upload, "Key") === place.name && id !== undefined && begun < Date.now() - ABANDONED_MS)
          await this.#abort(place, id);
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }

  async #send(place: BucketUrl, request: S3Request) {
    const identity = await this.#whoAsks();
    for (let hops = 0; ; hops += 1) {
      const answer = await this.#http.send(this.#spec(place, request, identity), request.scope);
      if (!this.#isElsewhere(place, answer)) return answer;
      this.#learnRegion(place, answer, hops);
    }
  }

  #whoAsks(): Promise<Identity> {
    this.#identity ??= this.#findIdentity();
    return this.#identity;
  }

  #spec(place: BucketUrl, request: S3Request, identity: Identity): HttpRequest {
    const { method, what, done, headers = {}, body, mayBeMissing = false } = request;
    const url = this.#address(place, request.query);
    const { headersMs } = request;
    return {
      method,
      url: url.href,
      what,
      headers,
      permission: refusedText(identity, done),
      isAnswer: (answer) => this.#isElsewhere(place, answer) || (mayBeMissing && answer.status === 404),
      ...(body === undefined ? {} : { body: () => body }),
      ...(headersMs === undefined ? (body === undefined ? {} : { headersMs: UPLOAD_MS }) : { headersMs }),
      ...(identity.kind === "anonymous"
        ? {}
        : { sign: () => identity.sign({ method, url, headers, body, region: this.#regionOf(place) }) }),
    };
  }

  #regionOf({ bucket }: BucketUrl): string {
    return this.#regions.get(bucket) ?? this.#settings.region;
  }

  /** AWS knows buckets by their hosts, other servers by paths, as AWS does if a name would not fit its certificate. */
  #address(place: BucketUrl, query: Readonly<Record<string, string>> = {}): URL {
    const { bucket, name } = place;
    const region = this.#regionOf(place);
    const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
    const isHost = this.#settings.endpoint === undefined && /^[a-z0-9-]+$/.test(bucket);
    const base = isHost
      ? `https://${bucket}.${host}`
      : `${this.#settings.endpoint ?? `https://${host}`}/${escapePart(bucket)}`;
    const path = name.split("/").map(escapePart).join("/");
    const text = Object.entries(query).map(([key, value]) => `${escapePart(key)}=${escapePart(value)}`);
    if (name.split("/").some((part) => part === "." || part === ".."))
      throw new InputError("its name has the part . or .., which no request over HTTP can ask for");
    if (!URL.canParse(base))
      throw new InputError(`${base} is no address of a server: see AWS_ENDPOINT_URL_S3`);
    const slash = name === "" && !isHost ? "" : "/";
    return new URL(`${base}${slash}${path}${text.length > 0 ? `?${text.join("&")}` : ""}`);
  }

  /** Whether a server says that the bucket lies in another region. */
  #isElsewhere(place: BucketUrl, { status, headers }: Pick<HttpAnswer, "status" | "headers">): boolean {
    const region = headers["x-amz-bucket-region"];
    return (
      status === 301 ||
      status === 307 ||
      (status === 400 && (region ?? this.#regionOf(place)) !== this.#regionOf(place))
    );
  }

  /** Remembers where a bucket lies. @throws InputError if the server does not say it, or goes on asking. */
  #learnRegion(place: BucketUrl, { headers }: Pick<HttpAnswer, "headers">, hops: number): void {
    const region = headers["x-amz-bucket-region"];
    if (region === undefined || !/^[a-z0-9-]+$/.test(region) || hops === MAX_REDIRECTS)
      throw new InputError(
        `s3://${place.bucket} lies in another region than ${this.#regionOf(place)}: set AWS_REGION to it`,
      );
    this.#regions.set(place.bucket, region);
  }
}

function uploading(place: BucketUrl) {
  return { what: nameOf(place), done: "written" } as const;
}

function nameOf({ bucket, name }: BucketUrl): string {
  return `s3://${bucket}/${name}`;
}

/** As AWS's signature wants it. */
function escapePart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function readPart(file: string, from: number, bytes: number): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, from);
    if (bytesRead < bytes) throw new InputError(`${file} became shorter while it was uploaded`);
    return buffer;
  } finally {
    await handle.close();
  }
}

/** Whether the server has got these bytes: an ETag that is an MD5 is theirs, unless it encrypts with keys of its own. */
function isOf(body: Buffer, headers: Readonly<Record<string, string | undefined>>): boolean {
  const etag = headers["etag"]?.replaceAll('"', "") ?? "";
  const isPlain = /^[0-9a-f]{32}$/.test(etag) && !/kms/.test(headers["x-amz-server-side-encryption"] ?? "");
  return !isPlain || headers["x-amz-server-side-encryption-customer-algorithm"] !== undefined
    ? true
    : createHash("md5").update(body).digest("hex") === etag;
}

function unlike(place: BucketUrl): InputError {
  return new InputError(`${nameOf(place)} can't be written: the server has got other bytes than were sent`, {
    code: "unreachable",
  });
}
