/** Marian's `[config]` lines as an object. */
import { isObject } from "../json.js";
import { readEntries } from "./config-entries.js";
import type { ConfigValue, MarianConfig } from "./config-value.js";

/** A configuration, and a sentence for each part that could not be read. */
export interface ReadConfig {
  readonly config: MarianConfig;
  readonly faults: readonly string[];
}

/** Most entries that are named when they can't be read. */
const MAX_FAULTS = 20;

/**
 * Reads the text of the `[config]` lines, YAML 1.1. A top-level entry that is not YAML, or costs more than a
 * configuration may, costs itself and is named among the faults.
 */
export async function readMarianConfig(text: string): Promise<ReadConfig> {
  const read = async (part: string) => {
    const { readYaml } = await import("./yaml.js");
    const found = readYaml(part);
    return "value" in found ? asConfig(found.value) : undefined;
  };
  const whole = (await readEntries(text, read)) ?? (await read(text));
  if (whole !== undefined) return { config: whole, faults: [] };
  const { readYaml } = await import("./yaml.js");
  const config = new Map<string, ConfigValue>();
  const faults: string[] = [];
  let unnamed = 0;
  for (const entry of text.split(/\n(?=[^\s-])/)) {
    const found = readYaml(entry);
    const part = "value" in found ? asConfig(found.value) : undefined;
    if (part !== undefined) for (const [key, value] of Object.entries(part)) config.set(key, value);
    else if (faults.length === MAX_FAULTS) unnamed += 1;
    else {
      const fault = "value" in found ? "is no YAML" : found.fault;
      faults.push(`the configuration's entry '${entry.split("\n", 1)[0]?.slice(0, 80)}' ${fault}`);
    }
  }
  if (unnamed > 0) faults.push(`${unnamed} more entries of the configuration can't be read`);
  return { config: Object.freeze(Object.fromEntries(config)), faults };
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
  return isObject(value) ? (value as MarianConfig) : undefined;
}
