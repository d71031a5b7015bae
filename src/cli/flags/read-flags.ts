/** Reads plain command lines as the framework does, without it. */
import type { Interfaces } from "@oclif/core";
import type { FlagValues, PlainCommand, ReadArguments } from "../command-context.js";

type Flag = Interfaces.FlagInput[string];

/** All that a definition may ask for. What else the framework knows is left to it. */
const KNOWN = new Set([
  "aliases",
  "allowNo",
  "char",
  "default",
  "delimiter",
  "dependsOn",
  "description",
  "env",
  "exclusive",
  "helpGroup",
  "helpValue",
  "ignoreStdin",
  "input",
  "max",
  "min",
  "multiple",
  "multipleNonGreedy",
  "name",
  "options",
  "parse",
  "type",
]);

/** The texts that were given for each flag, and the inputs. */
interface Typed {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly argv: readonly string[];
}

/**
 * What the arguments and the environment say. Undefined if they are wrong, or if it is not certain what the framework
 * makes of them: it is then to read them, and to say what is wrong.
 */
export async function readFlags<F extends Interfaces.FlagInput>(
  given: readonly string[],
  { flags, args, strict }: Pick<PlainCommand<F>, "flags" | "args" | "strict">,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ReadArguments<F> | undefined> {
  for (const definition of [...Object.values(flags), ...Object.values(args)])
    if (Object.keys(definition).some((key) => !KNOWN.has(key))) return undefined;
  const typed = split(given, flags);
  if (typed === undefined || (strict && typed.argv.length > Object.keys(args).length)) return undefined;
  const values: Record<string, unknown> = {};
  const standard = new Set<string>();
  for (const [name, flag] of Object.entries(flags)) {
    const texts =
      typed.texts.get(name) ?? (flag.env === undefined ? undefined : fromEnvironment(flag, environment));
    if (texts === undefined) {
      if (flag.default === undefined) continue;
      if (typeof flag.default === "function") return undefined;
      values[name] = flag.default;
      standard.add(name);
      continue;
    }
    const value = await flagValue(texts, flag);
    if (value === undefined) return undefined;
    values[name] = value;
  }
  for (const name of Object.keys(values)) {
    const { exclusive = [], dependsOn = [] } = flags[name] ?? {};
    const isExcluded = exclusive.some((other) => Object.hasOwn(values, other) && !standard.has(other));
    if (isExcluded && !standard.has(name)) return undefined;
    if (dependsOn.some((other) => !Object.hasOwn(values, other))) return undefined;
  }
  return { argv: inOrder(typed.argv, given), flags: values as FlagValues<F> };
}

/** The inputs as the framework sorts them: one that was typed before, also as the value of a flag, comes where it was first. */
function inOrder(argv: readonly string[], given: readonly string[]): readonly string[] {
  const first = new Map([...given.entries()].reverse().map(([at, word]) => [word, at]));
  return first.size === given.length
    ? argv
    : [...argv].sort((a, b) => (first.get(a) ?? 0) - (first.get(b) ?? 0));
}

/** Tells flags, their values and inputs apart. */
function split(given: readonly string[], flags: Interfaces.FlagInput): Typed | undefined {
  const names = new Map<string, string>();
  for (const [name, { char, aliases = [] }] of Object.entries(flags)) {
    for (const long of [name, ...aliases]) names.set(`--${long}`, name);
    if (char !== undefined) names.set(`-${char}`, name);
  }
  const texts = new Map<string, string[]>();
  const argv: string[] = [];
  /** A flag that takes all words up to the next flag. */
  let greedy: string | undefined;
  for (let at = 0; at < given.length; at += 1) {
    const word = given[at] ?? "";
    if (!isFlag(word)) {
      if (greedy === undefined) argv.push(word);
      else texts.get(greedy)?.push(word);
      continue;
    }
    const [, typed = "", value] = /^(--[^=]+|-[^-=])(?:=(.*))?$/s.exec(word) ?? [];
    const name = names.get(typed);
    const flag = name === undefined ? undefined : flags[name];
    if (name === undefined || flag === undefined) return undefined;
    if (flag.type === "boolean") {
      if (value !== undefined) return undefined;
      texts.set(name, ["true"]);
      continue;
    }
    const text = value ?? given[++at];
    const before = texts.get(name);
    if (text === undefined || isFlag(text) || (before !== undefined && !flag.multiple)) return undefined;
    texts.set(name, [...(before ?? []), text]);
    greedy = flag.multiple && !flag.multipleNonGreedy ? name : undefined;
  }
  return { texts, argv };
}

/** The dash alone is standard input or standard output. */
function isFlag(word: string): boolean {
  return word.startsWith("-") && word !== "-";
}

function fromEnvironment(
  { env = "" }: Flag,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] | undefined {
  const text = environment[env];
  return text ? [text] : undefined;
}

/** The value of a flag; undefined if a text is wrong or needs a closer look. */
async function flagValue(texts: readonly string[], flag: Flag): Promise<unknown> {
  if (flag.type === "boolean") return ["1", "true", "y", "yes"].includes(texts[0]?.toLowerCase() ?? "");
  const { delimiter, options } = flag;
  if (delimiter !== undefined && texts.some((text) => /[\\"']/.test(text))) return undefined;
  const parts =
    delimiter === undefined
      ? texts
      : texts.flatMap((text) => text.split(delimiter)).map((part) => part.trim());
  if (options !== undefined && parts.some((part) => !options.includes(part))) return undefined;
  try {
    const values = await Promise.all(parts.map((part) => flag.parse(part, {} as never, flag as never)));
    return flag.multiple ? values : values[0];
  } catch {
    return undefined;
  }
}
