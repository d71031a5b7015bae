/** YAML 1.1 as PyYAML reads it. Loaded when the first configuration comes: a short log or a page may never need it. */
import {
  type CollectionTag,
  type DocumentOptions,
  type ParseOptions,
  parse,
  type ScalarTag,
  type SchemaOptions,
  stringify,
  type Tags,
  type ToJSOptions,
  YAMLError,
} from "yaml";

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

const OPTIONS: ParseOptions & DocumentOptions & SchemaOptions & ToJSOptions = {
  version: "1.1",
  schema: "yaml-1.1",
  // Of a key that is given twice, the last counts, as for PyYAML.
  uniqueKeys: false,
  maxAliasCount: 100,
  logLevel: "error",
  customTags: (tags): Tags =>
    tags.flatMap((tag): Tags => (typeof tag === "string" ? [tag] : likePython(tag))),
};

/** A number such as `1e-9`, which without a point would be read as text. */
const POINTLESS: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => typeof value === "number" && /^-?\d+e/.test(String(value)),
  // For writing only.
  test: /$^/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace("e", ".0e"),
};

/** The value of a YAML text; nothing where the text is no YAML. */
export function readYaml(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: parse(text, OPTIONS) };
  } catch (error) {
    // Too many aliases are a ReferenceError.
    if (error instanceof YAMLError || error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** Plain data as a YAML text that says the same to PyYAML. */
export function writeYaml(value: unknown): string {
  return stringify(value, { version: "1.1", customTags: (tags): Tags => [POINTLESS, ...tags] });
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
