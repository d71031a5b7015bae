/** Marian's `[config]` lines as an object. */
import { readEntries } from "./config-entries.js";

/** A value of Marian's configuration. */
export type ConfigValue =
  | null
  | boolean
  | number
  | string
  | readonly ConfigValue[]
  | { readonly [key: string]: ConfigValue };

/** A configuration by key. */
export type MarianConfig = { readonly [key: string]: ConfigValue };

/** A configuration, and what of it could not be read, in words. */
export interface ReadConfig {
  readonly config: MarianConfig;
  readonly faults: readonly string[];
}

/**
 * Reads the text of the `[config]` lines, YAML 1.1. A top-level entry that is no YAML costs itself and is named
 * among the faults.
 */
export async function readMarianConfig(text: string): Promise<ReadConfig> {
  const { readYaml } = await import("./yaml.js");
  const read = (part: string) => asConfig(readYaml(part)?.value);
  const whole = readEntries(text, read) ?? read(text);
  if (whole !== undefined) return { config: whole, faults: [] };
  const config: Record<string, ConfigValue> = {};
  const faults: string[] = [];
  for (const entry of text.split(/\n(?=[^\s-])/)) {
    const part = read(entry);
    if (part === undefined)
      faults.push(`the configuration's entry '${entry.split("\n", 1)[0]?.slice(0, 80)}' is no YAML`);
    else Object.assign(config, part);
  }
  return { config: Object.freeze(config), faults };
}

/** The metrics that a configuration asks Marian to validate, if it names any. */
export function validMetrics(config: MarianConfig | undefined): readonly string[] | undefined {
  const metrics = config?.["valid-metrics"];
  if (typeof metrics === "string") return [metrics];
  return Array.isArray(metrics)
    ? metrics.filter((metric): metric is string => typeof metric === "string")
    : undefined;
}

function asConfig(value: unknown): MarianConfig | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as MarianConfig)
    : undefined;
}
