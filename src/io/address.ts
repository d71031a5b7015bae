/** Addresses: names with a scheme, such as `s3://bucket/name`, which no file system has. No Node API. */

/** The scheme of an address in lower case; undefined for a path. */
export function schemeOf(name: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(name)?.[1]?.toLowerCase();
}

/** What to do about addresses that are not read where a path is expected. */
const FETCHED: Readonly<Record<string, string>> = {
  s3: "`aws s3 cp ADDRESS -` prints it for a pipe, or to a FILE",
  gs: "`gcloud storage cp ADDRESS FILE` copies it",
  http: "`curl -o FILE ADDRESS` copies it",
  https: "`curl -o FILE ADDRESS` copies it",
  file: "give the path that follows file://",
};

/** Says of an address that is not read where a path is expected what to do; undefined for a path. */
export function addressText(path: string): string | undefined {
  const [, scheme = ""] = /^([a-z][a-z0-9+.-]+):\//i.exec(path) ?? [];
  if (scheme === "") return undefined;
  // What follows `?` may be a signature.
  const address = /^https?$/i.test(scheme) ? "ADDRESS" : path;
  const advice = FETCHED[scheme.toLowerCase()] ?? "copy it to this machine";
  return `${scheme}:// can't be read here: ${advice.replace("ADDRESS", () => address)}`;
}

/** Says of an address that is not written to what to do; undefined for a path. */
export function unwrittenText(path: string): string | undefined {
  const [, scheme = ""] = /^([a-z][a-z0-9+.-]+):\//i.exec(path) ?? [];
  if (scheme === "") return undefined;
  if (scheme.toLowerCase() === "file")
    return "file:// can't be written to: give the path that follows file://";
  return `${scheme}:// can't be written to: name a place on this machine, and copy what is written from there`;
}
