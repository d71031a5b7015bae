/** What a start of Marian was set to, key by key. */
import { isObject } from "../json.js";
import type { Segment } from "../run/segment.js";

/** A setting of several starts. */
export interface Setting {
  readonly key: string;
  /** Of each start; undefined if it does not have the setting. */
  readonly values: readonly (string | undefined)[];
  readonly differs: boolean;
}

/** Settings as text: the configuration, and the options of the command line that it does not name. */
export function settingsOf(segment: Segment): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  if (segment.marian_version !== undefined) {
    settings.set(
      "marian",
      [segment.marian_version, segment.revision].filter((part) => part !== undefined).join(" "),
    );
  }
  for (const [key, value] of Object.entries(segment.config ?? {})) flatten(key, value, settings);
  for (const [key, value] of Object.entries(segment.arguments ?? {})) {
    if (!settings.has(key)) flatten(`--${key}`, value, settings);
  }
  return settings;
}

/** Every setting that one of the starts has, by name. */
export function compareSettings(starts: readonly ReadonlyMap<string, string>[]): Setting[] {
  const keys = [...new Set(starts.flatMap((settings) => [...settings.keys()]))].sort((one, other) =>
    one.localeCompare(other, "en"),
  );
  return keys.map((key) => {
    const values = starts.map((settings) => settings.get(key));
    return { key, values, differs: values.some((value) => value !== values[0]) };
  });
}

function flatten(key: string, value: unknown, settings: Map<string, string>): void {
  if (isObject(value)) {
    for (const [inner, part] of Object.entries(value)) flatten(`${key}.${inner}`, part, settings);
    return;
  }
  settings.set(key, textOf(value));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : value.map(textOf).join("\n");
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return typeof value === "string" && value === "" ? '""' : String(value);
}
