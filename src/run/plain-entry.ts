/** Entries of a configuration in the form that Marian prints, read without the package for YAML. */
import type { ConfigValue } from "./config-value.js";

/** A key with a value on its line, or with the items of a list below it, each as deep as the first. */
const ENTRY = /^[A-Za-z][\w-]*:(?: (?<scalar>\S.*)|(?<items>(?:\n +- \S.*)+)|\n +(?<empty>\[\]))?$/;
const ITEM = /^( +)- (.*)$/;
/** Text that YAML 1.1 takes for no other type, and needs no quotes. */
const TEXT = /^(?:[A-Za-z/]|\.\/)(?:[\w./+-]|:(?=\w)| (?=[\w./+-]))*$/;
const WORDS = /^(?:null|Null|NULL)$/;
const TRUE = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/;
const FALSE = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/;
const NUMBER = /^-?(?:0|[1-9]\d{0,14}|\d{1,9}\.\d{1,9}|\d\.\d{1,9}e-\d\d)$/;
/** Text that begins like a number: without a point, or with a unit of Marian's. */
const ALMOST_NUMBER = /^(?:\de-\d\d|\d{1,9}[etu])$/;
const QUOTED = /^(?:"([^"\\]*)"|'([^']*)')$/;

/** The value of an entry; undefined if it is in any other form. */
export function plainValue(entry: string): ConfigValue | undefined {
  const { scalar, items, empty } = ENTRY.exec(entry)?.groups ?? {};
  if (scalar !== undefined) return plainScalar(scalar);
  if (items === undefined) return empty === undefined ? undefined : [];
  const lines = items.slice(1).split("\n");
  const indent = ITEM.exec(lines[0] ?? "")?.[1];
  const list: ConfigValue[] = [];
  for (const line of lines) {
    const [, blanks, text = ""] = ITEM.exec(line) ?? [];
    const value = blanks === indent ? plainScalar(text) : undefined;
    if (value === undefined) return undefined;
    list.push(value);
  }
  return list;
}

function plainScalar(text: string): ConfigValue | undefined {
  if (NUMBER.test(text)) return Number(text);
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  if (text === "[]") return [];
  if (ALMOST_NUMBER.test(text) || (TEXT.test(text) && !WORDS.test(text))) return text;
  const quoted = QUOTED.exec(text);
  return quoted?.[1] ?? quoted?.[2];
}
