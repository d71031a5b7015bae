/** What a shell completes: the commands, flags and values of the programs, out of the framework's configuration. */
import type { Command, Interfaces } from "@oclif/core";

/** Values that a shell offers: these, names of files or folders, or nothing as only the user knows them. */
export type Values = readonly string[] | "files" | "folders" | "free";

/** A way to write a flag, with the others that mean the same. */
export interface CompletedFlag {
  /** With their dashes: `-o`, `--output-dir`. */
  readonly names: readonly string[];
  /** Names that are understood and not offered. */
  readonly aliases: readonly string[];
  readonly description: string;
  /** Undefined if the flag takes no value. */
  readonly values: Values | undefined;
  /** One value may be several, with commas between them. */
  readonly isList: boolean;
  /** The flag may be repeated. */
  readonly isMultiple: boolean;
}

export interface CompletedCommand {
  readonly id: string;
  readonly description: string;
  readonly flags: readonly CompletedFlag[];
  /** Undefined if the command takes no inputs. */
  readonly inputs: Values | undefined;
}

/** What a script is made of. */
export interface CompletionTable {
  /** The program that has the commands. */
  readonly program: string;
  readonly commands: readonly CompletedCommand[];
  /** Programs that are a command each, under its id. */
  readonly others: readonly CompletedCommand[];
}

/** Reads the configuration. */
export function completionTable(config: Interfaces.Config): CompletionTable {
  const visible = config.commands.filter(({ hidden }) => !hidden);
  const ids = visible.map(({ id }) => id);
  const completed = (command: Command.Loadable): CompletedCommand => {
    const [arg] = Object.values(command.args);
    return {
      id: command.id,
      description: command.summary ?? "",
      flags: [...Object.values(command.flags).flatMap(flagsOf), HELP],
      inputs: command.id === "help" ? ids : arg === undefined ? undefined : (arg.options ?? "files"),
    };
  };
  return {
    program: config.bin,
    commands: visible.map(completed),
    others: config.commands
      .filter(({ hidden }) => hidden)
      .map(completed)
      .map((other) => ({ ...other, flags: [...other.flags, VERSION] })),
  };
}

/** Flags of every command, which the framework handles. */
export const HELP: CompletedFlag = switchOf(["-h", "--help"], "show the help");
export const VERSION: CompletedFlag = switchOf(["-V", "--version"], "show the version");

function switchOf(names: readonly string[], description: string): CompletedFlag {
  return { names, aliases: [], description, values: undefined, isList: false, isMultiple: false };
}

function flagsOf(flag: Command.Flag.Cached): CompletedFlag[] {
  if (flag.hidden) return [];
  const { name, char, aliases = [] } = flag;
  const short = char === undefined ? [] : [`-${char}`];
  // What follows is the default, which the help shows.
  const [description = ""] = (flag.description ?? "").split(/ {2}\[|; may be repeated|; separate several/);
  if (flag.type === "boolean") {
    const not = flag.allowNo ? [switchOf([`--no-${name}`], `switch off: ${description}`)] : [];
    return [switchOf([...short, `--${name}`], description), ...not];
  }
  return [
    {
      names: [...short, `--${name}`],
      aliases: aliases.map((alias) => `--${alias}`),
      description,
      values: valuesOf(flag),
      isList: flag.delimiter !== undefined && flag.options !== undefined,
      isMultiple: flag.multiple === true,
    },
  ];
}

/** The word that stands for the value in the help says what it names. */
function valuesOf({
  options,
  helpValue,
}: Pick<Interfaces.OptionFlag<unknown>, "options" | "helpValue">): Values {
  if (options !== undefined) return options;
  const words = String(helpValue).split("|");
  if (words.includes("FILE")) return "files";
  return words.includes("DIR") ? "folders" : "free";
}
