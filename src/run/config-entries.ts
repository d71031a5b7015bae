/** Entries of configurations, each read once: the trainings of an archive differ in a few of their 200. */
import type { ConfigValue, MarianConfig } from "./config-value.js";
import { plainValue } from "./plain-entry.js";

/** When there are more, all are forgotten. */
const MAX_KEPT = 4096;
/** Longer entries are not kept. */
const MAX_LENGTH = 500;
/** A top-level entry whose key is plain, and that may not end with a text of several lines. */
const PLAIN = /^([A-Za-z][\w-]*):(?=[ \n]|$)[^|>]*$/;
/** A key that YAML 1.1 does not take for text. */
const WORD_KEY = /^(?:yes|no|true|false|on|off|null)$/i;
/** What makes a value depend on other entries: anchors, aliases, tags, merged keys. */
const DEPENDENT = /[&*!]|<</;

interface Entry {
  readonly text: string;
  readonly key: string;
  /** Absent if it was not read before. */
  readonly value?: ConfigValue;
}

const kept = new Map<string, Entry>();

/**
 * Reads a configuration entry by entry; only those that were not met before and are not in Marian's own form are given
 * to `read`, in one text.
 *
 * @returns The same as `read` of the whole text; undefined if the entries do not show that, for instance if one is not YAML.
 */
export async function readEntries(
  text: string,
  read: (text: string) => Promise<MarianConfig | undefined>,
): Promise<MarianConfig | undefined> {
  const entries = text.split(/\n(?=[^\s-])/).flatMap((entry): Entry[] => {
    const known = kept.get(entry);
    if (known !== undefined) return [known];
    const key = PLAIN.exec(entry)?.[1];
    if (key === undefined) return [];
    const value = WORD_KEY.test(key) ? undefined : plainValue(entry.replace(/\n+$/, ""));
    if (value !== undefined) keep({ text: entry, key }, value);
    return [value === undefined ? { text: entry, key } : { text: entry, key, value }];
  });
  const length = entries.reduce((sum, entry) => sum + entry.text.length + 1, -1);
  if (length !== text.length || text.includes("\r")) return undefined;
  const fresh = entries.filter(({ value }) => value === undefined);
  if (new Set(entries.map(({ key }) => key)).size !== entries.length) return undefined;
  const found = fresh.length === 0 ? {} : await read(fresh.map((entry) => `${entry.text}\n`).join(""));
  // Each key must be there once: else one entry is a part of another, or replaces it.
  const keys = found === undefined ? [] : Object.keys(found);
  if (found === undefined || keys.length !== fresh.length) return undefined;
  if (fresh.some(({ key }) => !Object.hasOwn(found, key))) return undefined;
  const config: Record<string, ConfigValue> = {};
  for (const { key, value } of entries) config[key] = value === undefined ? (found[key] ?? null) : value;
  for (const entry of fresh) keep(entry, found[entry.key] ?? null);
  return config;
}

function keep({ text, key }: Entry, value: ConfigValue): void {
  if (text.length > MAX_LENGTH || DEPENDENT.test(text)) return;
  if (kept.size >= MAX_KEPT) kept.clear();
  // A copy: the part of a text would hold on to all of it.
  const own = text.split("").join("");
  kept.set(own, { text: own, key, value: freeze(value) });
}

function freeze(value: ConfigValue): ConfigValue {
  if (typeof value === "object" && value !== null) for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}
