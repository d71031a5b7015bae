/** Names of objects that are read over HTTP. */
import { InputError } from "../input-error.js";

/** An object, or a folder of them, in Google Cloud Storage; or anything else that HTTP serves. */
export type ObjectUrl =
  | { readonly kind: "gs"; readonly bucket: string; readonly name: string }
  | { readonly kind: "http"; readonly href: string };

/** Whether a name that a user gave is that of an object. */
export function isObjectUrl(text: string): boolean {
  return /^(?:gs|https?):\/\//i.test(text);
}

/** @throws InputError if it is no URL of an object. */
export function readObjectUrl(text: string): ObjectUrl {
  const [, bucket, name = ""] = /^gs:\/\/([^/]+)(?:\/(.*))?$/is.exec(text) ?? [];
  if (bucket !== undefined) return { kind: "gs", bucket, name };
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw new InputError("this is not the URL of an object: write gs://bucket/name or https://host/path");
  return { kind: "http", href: new URL(text).href };
}

/** An object as it may be printed: what follows `?` may be a signature, and what precedes `@` a password. */
export function printableUrl(text: string): string {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return text;
  const { origin, pathname } = new URL(text);
  return origin + pathname;
}
