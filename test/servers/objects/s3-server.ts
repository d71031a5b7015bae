/** A stand-in for S3 that checks signatures by its own reading of AWS's rules. Listens on this machine alone. */
import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerFault, type CommonFault, FaultPlan } from "../fault-plan.js";
import { LocalServer } from "../local-server.js";

/** What goes wrong with a request. */
export type S3Fault =
  | CommonFault
  /** So many bytes of the answer, then the connection ends. */
  | { readonly kind: "cut"; readonly after: number }
  /** The request is carried out, and its answer is lost. */
  | { readonly kind: "lost" }
  /** The answer has the ETag of other bytes. */
  | { readonly kind: "etag" }
  /** A list that goes on, and does not say where. */
  | { readonly kind: "truncated" }
  /** The answer begins with a status of success and then holds an error. */
  | { readonly kind: "late-error"; readonly code: string };

/** Who may ask. */
interface Account {
  readonly secret: string;
  readonly token?: string;
}

interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Upload {
  readonly key: string;
  readonly initiated: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

/** A request that came. */
export interface S3Request {
  readonly method: string;
  readonly path: string;
  /** Whose signature it carried, undefined if it had none; a wrong signature is refused. */
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly headers: IncomingMessage["headers"];
}

/** Serves buckets by paths: `/BUCKET/KEY`. */
export class S3Server extends LocalServer {
  readonly requests: S3Request[] = [];
  readonly accounts = new Map<string, Account>();
  /** Buckets that everybody may read. */
  readonly publicBuckets = new Set<string>();
  /** Where a bucket lies; default us-east-1. */
  readonly regions = new Map<string, string>();
  readonly uploads = new Map<string, Upload>();
  /** Objects on a page of a list. */
  pageSize = 1000;
  /** How the server says that a bucket lies elsewhere. */
  redirect: 301 | 400 = 301;
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #faults = new FaultPlan<S3Fault>();

  static start(): Promise<S3Server> {
    return new S3Server().listen();
  }

  makeBucket(bucket: string): void {
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, new Map());
  }

  put(bucket: string, key: string, content: string | Uint8Array, headers: Record<string, string> = {}): void {
    this.makeBucket(bucket);
    const bytes = Buffer.from(content);
    this.#buckets.get(bucket)?.set(key, { bytes, etag: md5(bytes), headers });
  }

  remove(bucket: string, key: string): void {
    this.#buckets.get(bucket)?.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    for (const each of [this.#buckets, this.#faults, this.accounts, this.uploads, this.regions]) each.clear();
    this.requests.length = 0;
  }

  get(bucket: string, key: string): Buffer | undefined {
    return this.#buckets.get(bucket)?.get(key)?.bytes;
  }

  headersOf(bucket: string, key: string): Readonly<Record<string, string>> {
    return this.#buckets.get(bucket)?.get(key)?.headers ?? {};
  }

  keys(bucket: string): string[] {
    return [...(this.#buckets.get(bucket)?.keys() ?? [])].sort();
  }

  /** The next `times` requests whose method, path and query match go wrong. */
  fail(match: RegExp, fault: S3Fault, times = 1, after = 0): void {
    this.#faults.add({ path: match, fault, times, after });
  }

  protected answer(request: IncomingMessage, body: Buffer, response: ServerResponse): undefined {
    const { method = "", url: path = "/", headers } = request;
    const url = new URL(path, this.url);
    const [, bucket = "", key = ""] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    const signature = readSignature(headers.authorization);
    const seen = { method, path, account: signature?.account, region: signature?.region, headers };
    this.requests.push(seen);
    const fault = this.#faults.take({ path: `${method} ${path}` });
    if (
      fault !== undefined &&
      answerFault(fault, request, response, error("SlowDown", "Please reduce your request rate."))
    )
      return;
    const refuse = (status: number, code: string, message = code, more = {}): undefined => {
      response.writeHead(status, { "content-type": "application/xml", ...more });
      response.end(method === "HEAD" ? "" : error(code, message, headers.authorization));
    };
    const region = this.regions.get(bucket) ?? "us-east-1";
    if (signature === undefined) {
      if (!this.publicBuckets.has(bucket) || !["GET", "HEAD"].includes(method))
        return refuse(403, "AccessDenied", "Access Denied");
    } else {
      const account = this.accounts.get(signature.account);
      if (account === undefined) return refuse(403, "InvalidAccessKeyId");
      if (signature.region !== region) {
        const code = this.redirect === 301 ? "PermanentRedirect" : "AuthorizationHeaderMalformed";
        return refuse(this.redirect, code, "elsewhere", { "x-amz-bucket-region": region });
      }
      if (account.token !== undefined && headers["x-amz-security-token"] !== account.token)
        return refuse(400, "ExpiredToken", "The provided token has expired.", {
          "x-amz-bucket-region": region,
        });
      if (headers["x-amz-content-sha256"] !== sha256(body)) return refuse(400, "XAmzContentSHA256Mismatch");
      if (expectedSignature(request, url, body, signature, account.secret) !== signature.signature)
        return refuse(403, "SignatureDoesNotMatch");
    }
    const objects = this.#buckets.get(bucket);
    if (objects === undefined) return refuse(404, "NoSuchBucket", "The specified bucket does not exist");
    const finish = (status: number, text: string | Buffer, more: Record<string, string> = {}): undefined => {
      if (fault?.kind === "lost") return void request.socket.destroy();
      const wrong = fault?.kind === "etag" ? { etag: `"${md5(Buffer.from("other"))}"` } : {};
      response.writeHead(status, { "content-length": Buffer.byteLength(text), ...more, ...wrong });
      if (method === "HEAD") return void response.end();
      if (fault?.kind !== "cut") return void response.end(text);
      response.write(Buffer.from(text).subarray(0, fault.after), () => request.socket.end());
    };
    const query = url.searchParams;
    const id = query.get("uploadId");
    const kept = metadataOf(headers);
    if (method === "GET" && query.get("list-type") === "2")
      return finish(200, this.#list(objects, query, fault?.kind === "truncated"));
    if (method === "GET" && query.has("uploads")) {
      const prefix = query.get("prefix") ?? "";
      const found = [...this.uploads].filter(([, upload]) => upload.key.startsWith(prefix));
      const items = found.map(
        ([name, { key: of, initiated }]) =>
          `<Upload><Key>${of}</Key><UploadId>${name}</UploadId><Initiated>${initiated}</Initiated></Upload>`,
      );
      return finish(200, `<ListMultipartUploadsResult>${items.join("")}</ListMultipartUploadsResult>`);
    }
    if (method === "POST" && query.has("uploads")) {
      const name = `upload-${this.requests.length}`;
      this.uploads.set(name, { key, initiated: new Date().toISOString(), headers: kept, parts: new Map() });
      return finish(
        200,
        `<InitiateMultipartUploadResult><UploadId>${name}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (id !== null) {
      const upload = this.uploads.get(id);
      if (upload === undefined || upload.key !== key) return refuse(404, "NoSuchUpload");
      if (method === "DELETE") {
        this.uploads.delete(id);
        return finish(204, "");
      }
      if (method === "PUT") {
        upload.parts.set(Number(query.get("partNumber")), body);
        return finish(200, "", { etag: `"${md5(body)}"` });
      }
      if (fault?.kind === "late-error")
        return finish(200, error(fault.code, "We encountered an internal error."));
      const wanted = [
        ...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>"?([0-9a-f]+)"?<\/ETag>/g),
      ];
      const parts = wanted.map(([, number, etag]) => {
        const part = upload.parts.get(Number(number));
        return part !== undefined && md5(part) === etag ? part : undefined;
      });
      if (parts.length !== upload.parts.size || parts.includes(undefined)) return refuse(400, "InvalidPart");
      if (parts.slice(0, -1).some((part) => (part?.length ?? 0) < 5 << 20))
        return refuse(400, "EntityTooSmall");
      const bytes = Buffer.concat(parts as Buffer[]);
      objects.set(key, { bytes, etag: `${md5(bytes)}-${parts.length}`, headers: upload.headers });
      this.uploads.delete(id);
      return finish(
        200,
        `<?xml version="1.0"?>\n<CompleteMultipartUploadResult><Key>x</Key></CompleteMultipartUploadResult>`,
      );
    }
    if (method === "PUT") {
      objects.set(key, { bytes: body, etag: md5(body), headers: kept });
      return finish(200, "", { etag: `"${md5(body)}"` });
    }
    if (method === "DELETE") {
      objects.delete(key);
      return finish(204, "");
    }
    const object = objects.get(key);
    if (object === undefined) return refuse(404, "NoSuchKey", "The specified key does not exist.");
    const match = headers["if-match"];
    if (match !== undefined && match !== `"${object.etag}"`) return refuse(412, "PreconditionFailed");
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    const part = object.bytes.subarray(from);
    finish(from > 0 ? 206 : 200, part, {
      ...object.headers,
      etag: `"${object.etag}"`,
      "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
      ...(from > 0
        ? { "content-range": `bytes ${from}-${object.bytes.length - 1}/${object.bytes.length}` }
        : {}),
    });
  }

  #list(objects: ReadonlyMap<string, StoredObject>, query: URLSearchParams, truncated: boolean): string {
    const prefix = query.get("prefix") ?? "";
    const from = query.get("continuation-token") ?? "";
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > from).sort();
    const page = names.slice(0, this.pageSize);
    const items = page.map((name) => {
      const { bytes, etag } = objects.get(name) as StoredObject;
      const key = encodeURIComponent(name).replaceAll("%20", "+").replaceAll("%2F", "/");
      return `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    const more = names.length > page.length || truncated;
    const next = more && !truncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${items.join("")}${next}</ListBucketResult>`;
  }
}

interface Signature {
  readonly account: string;
  readonly day: string;
  readonly region: string;
  readonly signed: readonly string[];
  readonly signature: string;
}

function readSignature(text: string | undefined): Signature | undefined {
  const [, account, day, region, signed, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      text ?? "",
    ) ?? [];
  if (account === undefined || day === undefined || region === undefined || signature === undefined)
    return undefined;
  return { account, day, region, signed: (signed ?? "").split(";"), signature };
}

/** The signature that AWS's rules give; `host`, the time and the body's digest must be among what is signed. */
export function expectedSignature(
  { method = "", headers }: Pick<IncomingMessage, "method" | "headers">,
  url: URL,
  body: Buffer,
  { day, region, signed }: Omit<Signature, "account" | "signature">,
  secret: string,
): string | undefined {
  if (!["host", "x-amz-content-sha256", "x-amz-date"].every((name) => signed.includes(name)))
    return undefined;
  const time = String(headers["x-amz-date"]);
  if (!time.startsWith(day) || Math.abs(Date.now() - readTime(time)) > 15 * 60_000) return undefined;
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  const path = url.pathname
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const lines = signed.map(
    (name) =>
      `${name}:${String(headers[name] ?? "")
        .trim()
        .replace(/ +/g, " ")}\n`,
  );
  const canonical = [method, path, query.join("&"), lines.join(""), signed.join(";"), sha256(body)].join(
    "\n",
  );
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [day, region, "s3", "aws4_request"].reduce<Buffer>(
    (last, text) => createHmac("sha256", last).update(text).digest(),
    Buffer.from(`AWS4${secret}`),
  );
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(Buffer.from(canonical))].join("\n");
  return createHmac("sha256", key).update(text).digest("hex");
}

function readTime(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function metadataOf(headers: IncomingMessage["headers"]): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => name === "content-type" || name.startsWith("x-amz-meta-"),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

/** As AWS does for a wrong signature, it repeats what the request said. */
function error(code: string, message: string, repeated = ""): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><StringToSign>${repeated}</StringToSign></Error>`;
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
