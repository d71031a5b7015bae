/** A stand-in for Google Cloud Storage and for any server of files, with faults. Listens on this machine alone. */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { answerFault, type CommonFault, FaultPlan } from "../fault-plan.js";
import { LocalServer } from "../local-server.js";

/** An object as it is stored. */
interface StoredObject {
  readonly bytes: Buffer;
  readonly generation: number;
  /** Stored packed, and unpacked for whoever does not ask for gzip. */
  readonly gzip: boolean;
  readonly updated: Date;
}

/** What goes wrong with a request. */
export type ObjectFault =
  | CommonFault
  /** So many bytes of the answer, then the connection ends. */
  | { readonly kind: "cut"; readonly after: number }
  /** The range that was asked for is not looked at. */
  | { readonly kind: "no-range" }
  /** Of what is uploaded, so many bytes are kept. */
  | { readonly kind: "keeps"; readonly bytes: number }
  /** The request is carried out, and its answer is lost. */
  | { readonly kind: "lost" };

/** An upload that goes on. */
interface Upload {
  readonly name: string;
  readonly md5Hash: string | undefined;
  bytes: Buffer;
}

/** A request that came. */
export interface ObjectRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
}

/** Serves objects as `/storage/v1/b/BUCKET/o` does, and as plain files below `/files/BUCKET/`. */
export class ObjectServer extends LocalServer {
  readonly requests: ObjectRequest[] = [];
  /** Objects on a page of a list. */
  pageSize = 1000;
  /** Never ends a list: two pages name each other as the next. */
  endless = false;
  /** If set, the API refuses requests without it; the servers of credentials below `/computeMetadata` and `/token` give it. */
  token: string | undefined;
  readonly uploads = new Map<string, Upload>();
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  readonly #faults = new FaultPlan<ObjectFault>();
  #generation = 1_700_000_000_000_000;

  static start(): Promise<ObjectServer> {
    return new ObjectServer().listen();
  }

  /** Stores an object, or another content of it; it has a generation of its own. */
  put(bucket: string, name: string, content: string | Uint8Array, gzip = false): void {
    const objects = this.#buckets.get(bucket) ?? new Map<string, StoredObject>();
    this.#buckets.set(bucket, objects);
    this.#generation += 1;
    const updated = new Date("2026-01-02T03:04:05.678Z");
    objects.set(name, { bytes: Buffer.from(content), generation: this.#generation, gzip, updated });
  }

  get(bucket: string, name: string): Buffer | undefined {
    return this.#buckets.get(bucket)?.get(name)?.bytes;
  }

  /** The next `times` requests whose path and query match go wrong. */
  fail(match: RegExp, fault: ObjectFault, times = 1): void {
    this.#faults.add({ path: match, fault, times });
  }

  protected answer(request: IncomingMessage, body: Buffer, response: ServerResponse): undefined {
    const path = request.url ?? "/";
    const { headers, method = "" } = request;
    if (/^\/(?:computeMetadata|token)/.test(path)) return this.#credentials(path, response);
    this.requests.push({ path, range: headers.range, headers, method });
    const fault = this.#faults.take({ path });
    if (fault !== undefined && answerFault(fault, request, response, "try again")) return;
    const url = new URL(path, this.url);
    if (this.token !== undefined && headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end(`{"error":{"message":"Invalid Credentials ${headers.authorization}"}}`);
      return;
    }
    const [, inUpload] = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(url.pathname) ?? [];
    if (inUpload !== undefined)
      return this.#upload(decodeURIComponent(inUpload), { request, body, url, response, fault });
    const [, bucket = "", name] = /^\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    const [, plainBucket, plainName = ""] = /^\/files\/([^/]+)\/(.*)$/.exec(url.pathname) ?? [];
    if (method === "DELETE") {
      const there = this.#buckets.get(decodeURIComponent(bucket))?.delete(decodeURIComponent(name ?? ""));
      response.writeHead(there ? 204 : 404).end();
    } else if (url.pathname === "/moved") {
      response.writeHead(302, { location: url.searchParams.get("to") ?? "" }).end("gone");
    } else if (plainBucket !== undefined) {
      this.#content(plainBucket, decodeURIComponent(plainName), { request, response, fault, plain: true });
    } else if (name === undefined) {
      this.#list(decodeURIComponent(bucket), url.searchParams, response);
    } else if (url.searchParams.get("alt") === "media") {
      const wanted = url.searchParams.get("ifGenerationMatch");
      const object = this.#buckets.get(decodeURIComponent(bucket))?.get(decodeURIComponent(name));
      if (object !== undefined && wanted !== null && wanted !== String(object.generation)) {
        response.writeHead(412).end('{"error":{"message":"conditionNotMet"}}');
        return;
      }
      const [inBucket, object_] = [decodeURIComponent(bucket), decodeURIComponent(name)];
      this.#content(inBucket, object_, { request, response, fault, plain: false });
    } else {
      const object = this.#buckets.get(decodeURIComponent(bucket))?.get(decodeURIComponent(name));
      if (object === undefined) response.writeHead(404).end("No such object");
      else response.end(JSON.stringify(itemOf(decodeURIComponent(name), object)));
    }
  }

  /** What a machine of Google's, or a service of tokens, says of credentials. */
  #credentials(path: string, response: ServerResponse): undefined {
    const isToken = /\/token(?:\?|$)/.test(path);
    response.writeHead(/universe/.test(path) ? 404 : 200, {
      "metadata-flavor": "Google",
      "content-type": isToken ? "application/json" : "application/text",
    });
    const type = "urn:ietf:params:oauth:token-type:access_token";
    const token = {
      access_token: this.token,
      expires_in: 3600,
      token_type: "Bearer",
      issued_token_type: type,
    };
    response.end(isToken ? JSON.stringify(token) : "");
  }

  #upload(
    bucket: string,
    how: {
      readonly request: IncomingMessage;
      readonly body: Buffer;
      readonly url: URL;
      readonly response: ServerResponse;
      readonly fault: ObjectFault | undefined;
    },
  ): undefined {
    const { request, body, url, response, fault } = how;
    const answer = (status: number, text: string, headers = {}): undefined => {
      if (fault?.kind === "lost") request.socket.destroy();
      else response.writeHead(status, headers).end(text);
    };
    if (!this.#buckets.has(bucket)) return answer(404, "The bucket does not exist");
    const id = url.searchParams.get("upload_id");
    if (id === null) {
      const { name, md5Hash } = JSON.parse(body.toString());
      const key = `upload-${this.requests.length}`;
      this.uploads.set(key, { name, md5Hash, bytes: Buffer.alloc(0) });
      return answer(200, "", {
        location: `${this.url}${url.pathname}?uploadType=resumable&upload_id=${key}`,
      });
    }
    const upload = this.uploads.get(id);
    if (request.method === "DELETE") return this.uploads.delete(id) ? answer(499, "") : answer(404, "");
    if (upload === undefined) return answer(410, "gone");
    const { 1: from = "0", 2: total } =
      /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(request.headers["content-range"] ?? "") ?? [];
    if (Number(from) > upload.bytes.length) return answer(400, "a gap");
    const fresh = body.subarray(upload.bytes.length - Number(from));
    const kept = fault?.kind === "keeps" ? fresh.subarray(0, fault.bytes) : fresh;
    upload.bytes = Buffer.concat([upload.bytes, kept]);
    const { bytes } = upload;
    if (bytes.length < Number(total))
      return answer(308, "", bytes.length === 0 ? {} : { range: `bytes=0-${bytes.length - 1}` });
    if (upload.md5Hash !== createHash("md5").update(bytes).digest("base64"))
      return answer(400, "Provided MD5 hash does not match");
    this.put(bucket, upload.name, bytes);
    answer(200, "{}");
  }

  #list(bucket: string, query: URLSearchParams, response: ServerResponse): void {
    const objects = this.#buckets.get(bucket);
    if (objects === undefined) return void response.writeHead(404).end("The bucket does not exist");
    const prefix = query.get("prefix") ?? "";
    const from = query.get("pageToken") ?? "";
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > from).sort();
    const page = names.slice(0, this.pageSize);
    const items = page.map((name) => itemOf(name, objects.get(name) as StoredObject));
    const next = names.length > page.length ? page.at(-1) : undefined;
    const nextPageToken = this.endless ? (from === "again" ? "and again" : "again") : next;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ items, nextPageToken }));
  }

  #content(
    bucket: string,
    name: string,
    how: {
      readonly request: IncomingMessage;
      readonly response: ServerResponse;
      readonly fault: ObjectFault | undefined;
      readonly plain: boolean;
    },
  ): void {
    const { request, response, fault, plain } = how;
    const object = this.#buckets.get(bucket)?.get(name);
    if (object === undefined) return void response.writeHead(404).end("No such object");
    const packed = object.gzip && /gzip/.test(String(request.headers["accept-encoding"] ?? ""));
    const bytes = object.gzip && !packed ? gunzipSync(object.bytes) : object.bytes;
    const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
    const from = start === undefined || fault?.kind === "no-range" ? undefined : Number(start);
    const body = bytes.subarray(from ?? 0);
    const headers: Record<string, string | number> = {
      "content-length": body.length,
      "last-modified": object.updated.toUTCString(),
      ...(packed ? { "content-encoding": "gzip" } : {}),
      ...(plain ? { etag: `"${object.generation}"` } : { "x-goog-generation": object.generation }),
      ...(from === undefined ? {} : { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    };
    response.writeHead(from === undefined ? 200 : 206, headers);
    if (fault?.kind !== "cut") return void response.end(body);
    // To destroy the connection would take back what has not arrived.
    response.write(body.subarray(0, fault.after), () => request.socket.end());
  }
}

function itemOf(name: string, { bytes, generation, updated }: StoredObject) {
  return {
    name,
    size: String(bytes.length),
    generation: String(generation),
    updated: updated.toISOString(),
  };
}
