/** Gives the flags of a command the defaults of the file of options. */
import { dirname, isAbsolute, join, relative } from "node:path";
import type { Interfaces } from "@oclif/core";
import { schemeOf } from "../../io/address.js";
import { readParserOptions } from "../flags/parser-options.js";
import type { FoundFile } from "./find.js";
import { OPTION_KEYS } from "./keys.js";
import { type KnownCommand, type OptionValue, readOptionsFile, type Setting, settingFor } from "./read.js";

type CommandFlags = Interfaces.FlagInput;
type CommandFlag = CommandFlags[string];

/** What a command is started with. */
export interface CommandUse {
  readonly command: KnownCommand;
  readonly commands: readonly KnownCommand[];
  readonly flags: CommandFlags;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What the file gives a command, or the first thing that is wrong with it. */
export type AppliedOptions =
  | {
      readonly kind: "options";
      /** The flags, with their new defaults. */
      readonly flags: CommandFlags;
      /** Variables that stand for options without a flag, or before one. */
      readonly variables: Readonly<Record<string, string>>;
    }
  | { readonly kind: "wrong"; readonly message: string };

/** Reads the file for a command; what the environment sets is left as it is. */
export async function applyOptions(
  { path, shown, text }: Extract<FoundFile, { kind: "file" }>,
  use: CommandUse,
): Promise<AppliedOptions> {
  const wrong = (line: number, message: string) =>
    ({ kind: "wrong", message: `${shown}:${line}: ${message}` }) as const;
  const file = readOptionsFile(text, use.commands);
  if (file.kind === "wrong") return wrong(file.line, file.message);
  const found = Object.keys(OPTION_KEYS).flatMap((key) => settingFor(file.settings, use.command, key) ?? []);
  const fromFile = new Set(found.map(({ key }) => key));
  const flags: Record<string, CommandFlag> = { ...use.flags };
  const variables: Record<string, string> = {};
  for (const setting of found) {
    const { key, line } = setting;
    const { variable } = OPTION_KEYS[key] ?? {};
    if (variable !== undefined) {
      if (!use.environment[variable]?.trim()) variables[variable] = [setting.value].flat().join(",");
      continue;
    }
    const flag = use.flags[key];
    if (flag === undefined) continue;
    try {
      const value = await flagValue(setting, flag, { folder: use.folder, path });
      flags[key] = { ...flag, default: givesWay(key, flag, value, use, fromFile) } as CommandFlag;
    } catch (error) {
      return wrong(line, (error as Error).message);
    }
  }
  return { kind: "options", flags, variables };
}

/** The value as the command gets it. @throws Error if it is none. */
async function flagValue(
  { key, value }: Setting,
  flag: CommandFlag,
  { folder, path }: { readonly folder: string; readonly path: string },
): Promise<unknown> {
  if (flag.type === "boolean") return value;
  const texts = [value as Exclude<OptionValue, boolean>].flat();
  const refuse = (message: string): never => {
    throw new Error(message);
  };
  if (key === "time-zone" || key === "pattern")
    readParserOptions(key === "pattern" ? texts : [], key === "pattern" ? undefined : texts[0], refuse);
  const parsed = await Promise.all(
    texts.map(async (text) => {
      const input = key === "output-dir" ? inFolder(text, folder, path) : text;
      try {
        return await flag.parse(input, {} as never, flag);
      } catch (error) {
        const { message } = error as Error;
        return refuse(message.includes(key) ? message : `${key}: ${message}`);
      }
    }),
  );
  return flag.multiple ? parsed : parsed[0];
}

/** A folder that the file names, which is relative to the file's own. */
function inFolder(text: string, folder: string, path: string): string {
  return isAbsolute(text) || schemeOf(text) !== undefined
    ? text
    : relative(folder, join(dirname(path), text)) || ".";
}

/**
 * A default that steps back if what the user typed can't go with it: a flag that excludes it, or one that it needs and
 * that is missing. A worker of many takes its options from the command line alone.
 */
function givesWay(
  key: string,
  flag: CommandFlag,
  value: unknown,
  { command, flags }: CommandUse,
  fromFile: ReadonlySet<string>,
): unknown {
  return (context: { readonly flags: Readonly<Record<string, unknown>> }): unknown => {
    const typed = context.flags;
    const isTyped = (name: unknown) => typed[String(name)] !== undefined && typed[String(name)] !== false;
    const excluded = Object.entries(flags).some(
      ([name, { exclusive = [] }]) =>
        isTyped(name) && (exclusive.includes(key) || flag.exclusive?.includes(name)),
    );
    const needs = [...(flag.dependsOn ?? []), OPTION_KEYS[key]?.needs?.[command.id]].filter(Boolean);
    const lacks = needs.some((name) => !isTyped(name) && !fromFile.has(String(name)));
    const hasFolder = isTyped("output-dir") || fromFile.has("output-dir");
    // Standard output holds the log.
    const unfitForTee =
      key === "format" && isTyped("tee") && value !== "csv" && !(value === "ndjson" && hasFolder);
    const isWorker = isTyped("manifest") || isTyped("shard");
    if (!excluded && !lacks && !unfitForTee && !isWorker) return value;
    return typeof flag.default === "function" ? flag.default(context) : flag.default;
  };
}
