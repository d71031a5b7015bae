/** What servers of objects say of them. */
import type { HttpAnswer } from "../../http/index.js";
import type { ObjectUrl } from "./object-url.js";

/** What an error says of an object with another content than was listed. */
export const CHANGED =
  "it has changed since it was listed: make the manifest again with `marian-tracking plan`";

/** What is known of an object without reading it. */
export interface ObjectInfo {
  /** `gs://bucket/name` or the URL as it was given. */
  readonly url: string;
  /** Bytes as stored; absent if the server does not say. */
  readonly size?: number;
  /** The generation of an object in Cloud Storage; `ETag`, or `Last-Modified`, of another one. */
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

export function objectInfo(bucket: string, item: unknown): ObjectInfo | undefined {
  const { name, size, generation, updated } = (item ?? {}) as Record<string, unknown>;
  if (typeof name !== "string") return undefined;
  const changed = typeof updated === "string" ? Date.parse(updated) : Number.NaN;
  return {
    url: `gs://${bucket}/${name}`,
    ...(/^\d+$/.test(String(size ?? "")) ? { size: Number(size) } : {}),
    ...(/^\d+$/.test(String(generation ?? "")) ? { etag: String(generation) } : {}),
    ...(Number.isNaN(changed) ? {} : { changed }),
  };
}

export function contentOf(place: ObjectUrl, { status, headers }: HttpAnswer): Content {
  const etag =
    place.kind === "gs" ? headers["x-goog-generation"] : (headers["etag"] ?? headers["last-modified"]);
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
