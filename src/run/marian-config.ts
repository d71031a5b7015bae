/** Marian's `[config]` lines as an object. */
import type {
  CollectionTag,
  DocumentOptions,
  ParseOptions,
  ScalarTag,
  SchemaOptions,
  Tags,
  ToJSOptions,
} from "yaml";

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

type YamlReader = (text: string) => unknown;

/**
 * How PyYAML, with which the field reads Marian's files, tells scalars apart where the `yaml` package differs:
 * `1e-09` has no point and is text, `08` is no octal number and is text, `y` is text. By tag and format.
 */
const SCALARS: Readonly<Record<string, RegExp>> = {
  "bool true": /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/,
  "bool false": /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/,
  int: /^[-+]?(?:0|[1-9][0-9_]*)$/,
  "int TIME": /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/,
  float: /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/,
  "float EXP": /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)[eE][-+][0-9]+$/,
};

let reader: Promise<YamlReader> | undefined;

/** YAML is loaded when the first configuration comes: a short log or a page may never need it. */
function loadReader(): Promise<YamlReader> {
  reader ??= import("yaml").then(({ parse }) => {
    const options: ParseOptions & DocumentOptions & SchemaOptions & ToJSOptions = {
      version: "1.1",
      schema: "yaml-1.1",
      // Of a key that is given twice, the last counts, as for PyYAML.
      uniqueKeys: false,
      maxAliasCount: 100,
      logLevel: "error",
      customTags: (tags): Tags =>
        tags.flatMap((tag): Tags => (typeof tag === "string" ? [tag] : likePython(tag))),
    };
    return (text) => parse(text, options);
  });
  return reader;
}

function likePython(tag: ScalarTag | CollectionTag): (ScalarTag | CollectionTag)[] {
  const name = tag.tag.replace("tag:yaml.org,2002:", "");
  // Dates stay text; the others never occur in a configuration.
  if (["timestamp", "binary", "omap", "pairs", "set"].includes(name)) return [];
  if (!("test" in tag) || tag.test === undefined) return [tag];
  let key = tag.format === undefined ? name : `${name} ${tag.format}`;
  if (name === "bool") key = tag.test.test("true") ? "bool true" : "bool false";
  // Infinity and NaN are a tag of their own among the floats.
  const test = key === "float" && tag.test.test(".nan") ? undefined : SCALARS[key];
  if (test === undefined) return [tag];
  if (key !== "int") return [{ ...tag, test }];
  const resolve: ScalarTag["resolve"] = (text) => {
    const value = Number(text.replaceAll("_", ""));
    return Number.isSafeInteger(value) ? value : text;
  };
  return [{ ...tag, test, resolve }];
}

/**
 * Reads the text of the `[config]` lines, YAML 1.1. A top-level entry that is no YAML costs itself and is named
 * among the faults.
 */
export async function readMarianConfig(text: string): Promise<ReadConfig> {
  const read = await loadReader();
  const whole = attempt(read, text);
  if (whole !== undefined) return { config: whole, faults: [] };
  const config: Record<string, ConfigValue> = {};
  const faults: string[] = [];
  for (const entry of text.split(/\n(?=[^\s-])/)) {
    const part = attempt(read, entry);
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

function attempt(read: YamlReader, text: string): MarianConfig | undefined {
  try {
    const value = read(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as MarianConfig)
      : undefined;
  } catch {
    return undefined;
  }
}
