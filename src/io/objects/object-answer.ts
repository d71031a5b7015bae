/** What servers of objects say of them. */
import type { HttpAnswer } from "../../http/index.js";
import type { ObjectUrl } from "./object-url.js";

/** What an error says of an object with another content than was listed. */
export const CHANGED =
  "it has changed since it was listed: make the manifest again with `marian-tracking plan`";

/** What is known of an object without reading it. */
export interface ObjectInfo {
  /** `s3://bucket/name`, `gs://bucket/name`, or the URL as it was given. */
  readonly url: string;
  /** Bytes as stored; absent if the server does not say. */
  readonly size?: number;
  /** `ETag` of an object in S3, the generation of one in Cloud Storage; `ETag`, or `Last-Modified`, of another one. */
  readonly etag?: string;
  /** When it was written: milliseconds since 1970. */
  readonly changed?: number;
}

/** The start of an answer, by which the rest is known to be of the same content. */
export interface Content {
  readonly etag: string | undefined;
  readonly encoding: string;
  /** Bytes on the wire; absent if nobody said. */
  readonly length: number | undefined;
}

/** What a server says of an object, as texts; what makes no sense is left out. */
export function infoOf(
  url: string,
  said: { readonly size?: unknown; readonly etag?: unknown; readonly changed?: unknown },
): ObjectInfo {
  const changed = typeof said.changed === "string" ? Date.parse(said.changed) : Number.NaN;
  return {
    url,
    ...(/^\d+$/.test(String(said.size ?? "")) ? { size: Number(said.size) } : {}),
    ...(typeof said.etag === "string" && said.etag !== "" ? { etag: said.etag } : {}),
    ...(Number.isNaN(changed) ? {} : { changed }),
  };
}

export function contentOf(place: ObjectUrl, { status, headers }: HttpAnswer): Content {
  const etag =
    place.kind === "gs"
      ? headers["x-goog-generation"]
      : place.kind === "s3"
        ? headers["etag"]?.replaceAll('"', "")
        : (headers["etag"] ?? headers["last-modified"]);
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  const total = /\/(\d+)\s*$/.exec(headers["content-range"] ?? "")?.[1];
  const length = status === 206 ? total : headers["content-length"];
  return {
    etag,
    encoding: encoding === "x-gzip" ? "gzip" : encoding === "identity" ? "" : encoding,
    length: length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined,
  };
}

/** The byte that a partial answer starts with. */
export function startOf({ status, headers }: HttpAnswer): number {
  if (status !== 206) return 0;
  return Number(/^bytes (\d+)-/i.exec(headers["content-range"] ?? "")?.[1] ?? Number.NaN);
}

/** A weak `ETag` is of the same content in another packing. */
export function isSame(one: string, other: string): boolean {
  return one.replace(/^W\//, "") === other.replace(/^W\//, "");
}
