/** Reads the file of options: TOML, with the line of each value. */
import { type AST, ParseError, parseTOML } from "toml-eslint-parser";
import { suggestion } from "../usage-error.js";
import { hasOption, OPTION_KEYS, type OptionKey } from "./keys.js";

/** A value of the file; of a number its text. */
export type OptionValue = string | boolean | readonly string[];

/** One line of the file. */
export interface Setting {
  /** The command whose table has it; undefined for all commands. */
  readonly command: string | undefined;
  readonly key: string;
  readonly value: OptionValue;
  /** From 1. */
  readonly line: number;
}

/** A command, as far as its flags go. */
export interface KnownCommand {
  readonly id: string;
  readonly hidden: boolean;
  readonly flags: Readonly<Record<string, KnownFlag>>;
}

interface KnownFlag {
  readonly multiple?: boolean;
  readonly options?: readonly string[];
  readonly default?: unknown;
}

/** What a file says, or the first thing that is wrong with it. */
export type ReadFile =
  | { readonly kind: "settings"; readonly settings: readonly Setting[] }
  | { readonly kind: "wrong"; readonly line: number; readonly message: string };

/** A key with its path, and where it stands. */
interface Entry {
  readonly path: readonly string[];
  readonly value: AST.TOMLContentNode;
  readonly line: number;
}

/** Reads the file whole, so that a mistake in the table of one command shows in all. */
export function readOptionsFile(text: string, commands: readonly KnownCommand[]): ReadFile {
  const visible = commands.filter(({ hidden }) => !hidden);
  let tables: AST.TOMLTopLevelTable["body"];
  try {
    tables = parseTOML(text).body[0].body;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { kind: "wrong", line: error.lineNumber, message: `this is not TOML: ${error.message}` };
  }
  const settings: Setting[] = [];
  for (const node of tables) {
    const line = node.loc.start.line;
    if (node.type === "TOMLTable") {
      const message = wrongTable(node, visible, commands);
      if (message !== undefined) return { kind: "wrong", line, message };
    }
    const entries =
      node.type === "TOMLTable"
        ? node.body.flatMap((entry) => flatten(entry, node.resolvedKey.map(String)))
        : flatten(node, []);
    for (const entry of entries) {
      const setting = settingOf(entry, visible, commands);
      if (typeof setting === "string") return { kind: "wrong", line: entry.line, message: setting };
      settings.push(setting);
    }
  }
  return { kind: "settings", settings };
}

/** The value for a command: its table goes before what stands for all. */
export function settingFor(
  settings: readonly Setting[],
  command: KnownCommand,
  key: string,
): Setting | undefined {
  if (!hasOption(command, key)) return undefined;
  const own = settings.find((setting) => setting.key === key && setting.command === command.id);
  const common = settings.find((setting) => setting.key === key && setting.command === undefined);
  return own ?? (common !== undefined && wrongFor(command, common) === undefined ? common : undefined);
}

/** Dotted keys and inline tables are tables too. */
function flatten({ key, value, loc }: AST.TOMLKeyValue, above: readonly string[]): Entry[] {
  const path = [...above, ...key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value))];
  return value.type === "TOMLInlineTable"
    ? value.body.flatMap((entry) => flatten(entry, path))
    : [{ path, value, line: loc.start.line }];
}

function wrongTable(
  { kind, resolvedKey }: AST.TOMLTable,
  visible: readonly KnownCommand[],
  all: readonly KnownCommand[],
): string | undefined {
  const [name = "", ...below] = resolvedKey.map(String);
  if (kind === "array" || below.length > 0) return `a table is a command, as in [parse]`;
  return wrongCommand(name, visible, all);
}

function wrongCommand(
  name: string,
  visible: readonly KnownCommand[],
  all: readonly KnownCommand[],
): string | undefined {
  if (visible.some(({ id }) => id === name)) return undefined;
  if (all.some(({ id }) => id === name)) return `${name} reads no file of options`;
  const names = visible.map(({ id }) => id);
  return [`[${name}] is not a command`, ...suggestion(name, names)].join(". ");
}

/** The setting of an entry, or what is wrong with it. */
function settingOf(
  { path, value: node, line }: Entry,
  visible: readonly KnownCommand[],
  all: readonly KnownCommand[],
): Setting | string {
  const [table, key = "", ...below] = path.length === 1 ? [undefined, ...path] : path;
  if (table !== undefined) {
    const wrong = wrongCommand(table, visible, all);
    if (wrong !== undefined) return wrong;
  }
  if (below.length > 0) return `${path.join(".")} has too many parts: write KEY or COMMAND.KEY`;
  const rule = Object.hasOwn(OPTION_KEYS, key) ? OPTION_KEYS[key] : undefined;
  if (rule === undefined) return unknownKey(key, visible);
  const having = visible.filter((command) => hasOption(command, key));
  const meant = table === undefined ? having : having.filter(({ id }) => id === table);
  if (meant.length === 0)
    return `${table} has no option ${key}; these commands have it: ${having.map(({ id }) => id).join(", ")}`;
  const value = readValue(node, rule);
  if (value === undefined) return `${key} takes ${typeText(rule)}`;
  const setting = { command: table, key, value, line };
  const wrong = meant.map((command) => wrongFor(command, setting));
  // What stands for all commands has to fit one of them.
  return wrong.every((message) => message !== undefined) ? (wrong[0] ?? "") : setting;
}

/** Why a flag of a command does not take the value. */
function wrongFor({ flags }: KnownCommand, { key, value }: Setting): string | undefined {
  const { multiple = key === "tags", options } = flags[key] ?? {};
  if (Array.isArray(value) && !multiple) return `${key} takes one value, not a list`;
  const { never } = OPTION_KEYS[key] ?? {};
  if (never !== undefined && [value].flat().includes(never))
    return `${key} can't be ${never} in a file: give --${key} ${never} on the command line`;
  for (const text of [value].flat())
    if (options !== undefined && typeof text === "string" && !options.includes(text))
      return [`${key} is one of ${options.join(", ")}, not ${text}`, ...suggestion(text, options)].join(". ");
  return undefined;
}

function unknownKey(key: string, commands: readonly KnownCommand[]): string {
  const renamed = Object.entries(OPTION_KEYS).find(([, { flag }]) => flag === key);
  const name = renamed?.[0] ?? (key === "output" ? "output-dir" : undefined);
  if (name !== undefined) return `${key} is called ${name} here`;
  if (commands.some(({ flags }) => Object.hasOwn(flags, key)))
    return `${key} can't be set in a file: give --${key} on the command line`;
  return [`there is no option ${key}`, ...suggestion(key, Object.keys(OPTION_KEYS))].join(". ");
}

/** The value of a node; undefined if it is not of the key's type. */
function readValue(node: AST.TOMLContentNode, { type, only, variable }: OptionKey): OptionValue | undefined {
  if (node.type === "TOMLArray" && type === "text") {
    const texts = node.elements.map((element) => textOf(element, variable));
    return texts.length > 0 && texts.every((text) => text !== undefined) ? texts : undefined;
  }
  if (type === "text") return textOf(node, variable);
  if (node.type !== "TOMLValue") return undefined;
  if (type === "boolean")
    return node.kind === "boolean" && (only === undefined || node.value === only) ? node.value : undefined;
  const isNumber = node.kind === "integer" || node.kind === "float";
  return isNumber && node.value > 0 && Number.isFinite(node.value) ? String(node.value) : undefined;
}

/** A text that is not blank. One for a variable that holds a list has no comma. */
function textOf(node: AST.TOMLContentNode, variable: string | undefined): string | undefined {
  if (node.type !== "TOMLValue" || node.kind !== "string") return undefined;
  const isList = variable === "WANDB_TAGS";
  return node.value.trim() === "" || (isList && node.value.includes(",")) ? undefined : node.value;
}

function typeText({ type, only, variable }: OptionKey): string {
  if (only !== undefined) return `${only} alone: a file does not make a command publish`;
  if (type === "boolean") return "true or false, without quotes";
  if (type === "number") return "a number above 0, without quotes";
  return variable === "WANDB_TAGS"
    ? 'a list of texts without commas, such as ["first", "second"]'
    : 'a text in quotes, such as "one"';
}
