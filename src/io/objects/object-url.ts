/** Names of objects that are read and written over HTTP. */
import { InputError } from "../input-error.js";

/** An object, or a folder of them, in a bucket of S3 or of Google Cloud Storage; or anything else that HTTP serves. */
export type ObjectUrl = BucketUrl | HttpUrl;

/** An object of a server that gives files by their URLs. */
export interface HttpUrl {
  readonly kind: "http";
  readonly href: string;
}

/** An object in a bucket. */
export interface BucketUrl {
  readonly kind: "s3" | "gs";
  readonly bucket: string;
  readonly name: string;
}

/** Whether a name that a user gave is that of an object. */
export function isObjectUrl(text: string): boolean {
  return /^(?:s3|gs|https?):\/\//i.test(text);
}

/** Whether a name that a user gave lies in a bucket, where objects can be listed and written. */
export function isBucketUrl(text: string): boolean {
  return /^(?:s3|gs):\/\//i.test(text);
}

/** Whether an address names a folder of a bucket: it ends with a slash, or is the bucket itself. */
export function isBucketFolder(text: string): boolean {
  return isBucketUrl(text) && (text.endsWith("/") || !text.slice(text.indexOf("//") + 2).includes("/"));
}

/** @throws InputError if it is no URL of an object. */
export function readObjectUrl(text: string): ObjectUrl {
  const [, scheme, bucket, name = ""] = /^(s3|gs):\/\/([^/]+)(?:\/(.*))?$/is.exec(text) ?? [];
  if (scheme !== undefined && bucket !== undefined)
    return { kind: scheme.toLowerCase() === "s3" ? "s3" : "gs", bucket, name };
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw new InputError(
      "this is not the URL of an object: write s3://bucket/name, gs://bucket/name or https://host/path",
    );
  return { kind: "http", href: new URL(text).href };
}

/** An object as it may be printed: what follows `?` may be a signature, and what precedes `@` a password. */
export function printableUrl(text: string): string {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return text;
  const { origin, pathname } = new URL(text);
  return origin + pathname;
}
