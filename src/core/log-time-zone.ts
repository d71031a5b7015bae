/** The zone of a segment's stamps: Marian's `--log-time-zone`. */

/** What zones of the IANA database look like; `+09:00` is not a zone to Marian, which then prints UTC. */
const IANA = /^[A-Z][\w+-]*(?:\/[A-Z][\w+-]*)*$/;
/** `JST-9` or `<+09>-9`, as the C library reads it: nine hours ahead of UTC. */
const POSIX = /^(?:[A-Za-z]{3,}|<[A-Za-z\d+-]{3,}>)([+-]?)(\d{1,2})(?::([0-5]\d))?$/;

/** The `log-time-zone` of a `[config]` block; undefined if none is set. */
export function logTimeZone(config: string | undefined): string | undefined {
  const value = /^log-time-zone:[ \t]*(.*?)\s*$/m.exec(config ?? "")?.[1] ?? "";
  const zone = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
  return zone === "" || zone === "~" || zone === "null" ? undefined : zone;
}

/**
 * A zone of Marian's as `Intl` calls it, or as milliseconds ahead of UTC; undefined if there is no such zone.
 */
export function knownZone(zone: string): string | number | undefined {
  const name = zone.replace(/^:/, "");
  if (IANA.test(name) && isKnown(name)) return name;
  const [, sign, hours = "", minutes = "00"] = POSIX.exec(name) ?? [];
  // What POSIX calls plus lies west of Greenwich.
  if (sign === undefined || Number(hours) > 23) return undefined;
  const ahead = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === "-" || ahead === 0 ? ahead : -ahead;
}

function isKnown(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone });
    return true;
  } catch {
    return false;
  }
}
