/** Usage errors in two or three lines: what is wrong, what may have been meant, and where the help is. */
import { closest, distance } from "fastest-levenshtein";
import { EXIT } from "../exit-code.js";

/** The framework's errors about flags and inputs, whose classes it does not export. */
interface FrameworkError extends Error {
  /** Flags that do not exist. */
  readonly flags?: readonly string[];
  /** Inputs that are missing or unexpected. */
  readonly args?: readonly (string | { readonly name: string; readonly description?: string })[];
}

/** The flags of a command, as far as their names go. */
type Flags = Readonly<Record<string, { readonly aliases?: readonly string[]; readonly allowNo?: boolean }>>;

/** A command in the framework's configuration. */
interface KnownCommand {
  readonly id: string;
  readonly hidden: boolean;
  readonly args: object;
  readonly flags: Flags;
}

/** What the framework's configuration knows of the program. */
interface Program {
  readonly bin: string;
  readonly commands: readonly KnownCommand[];
  findCommand(id: string): KnownCommand | undefined;
}

/** The text of a usage error (see {@link isUsage}). */
export function usageText(error: Error, args: readonly string[], config: Program): string {
  const [first, subject = "-"] = args;
  // `help` is asked about a command.
  const [name = "", next = ""] = first === "help" && !subject.startsWith("-") ? args.slice(1) : args;
  const command = config.findCommand(name);
  let lines: string[];
  if (command === undefined) {
    const names = config.commands.filter(({ hidden }) => !hidden).map(({ id }) => id);
    const help = `See ${config.bin} --help`;
    // No command has a dot in its name.
    const wrong = name.includes(".") ? `no such file or command: ${name}` : `command ${name} not found`;
    lines = name.startsWith("-")
      ? [`${name} needs a command before it`, help]
      : [wrong, ...suggestion(name, names), help];
  } else {
    const program = programOf(command, config.bin);
    // The framework takes an input of a command without inputs for the name of a subcommand.
    const unexpected = Object.keys(command.args).length === 0 && !next.startsWith("-") ? next : "";
    const wrong =
      unexpected === "" ? reasons(error, flagNames(command.flags)) : [`Unexpected argument: ${unexpected}`];
    lines = [...wrong, `See ${program} --help`];
  }
  return lines.join("\n");
}

/** How a command is called. The compatibility commands are hidden, and are binaries of their own. */
export function programOf(
  { id, hidden }: { readonly id: string; readonly hidden?: boolean },
  bin: string,
): string {
  return hidden ? id : `${bin} ${id}`;
}

/** Whether an error is about flags and inputs. */
export function isUsage(error: Error): boolean {
  const { code, oclif } = error as { readonly code?: string; readonly oclif?: { readonly exit?: number } };
  // The framework throws exit codes, too.
  return code !== "EEXIT" && oclif?.exit === EXIT.usage;
}

/** The long flags of a command, with their dashes. */
export function flagNames(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([flag, { aliases = [], allowNo }]) =>
    [flag, ...aliases, ...(allowNo ? [`no-${flag}`] : [])].map((name) => `--${name}`),
  );
}

/** Says in one line what is wrong, then what may have been meant. @param known The flags that exist. */
export function reasons(error: FrameworkError, known: readonly string[]): string[] {
  const { flags, args } = error;
  if (flags !== undefined) {
    const [typed = ""] = flags;
    const what = `Nonexistent flag${flags.length === 1 ? "" : "s"}: ${flags.join(", ")}`;
    return [what, ...suggestion(typed.replace(/=.*$/s, ""), known)];
  }
  if (args !== undefined) {
    const isMissing = args.some((arg) => typeof arg !== "string");
    const names = args.map((arg) =>
      typeof arg === "string"
        ? arg
        : `${arg.name.toUpperCase()}${arg.description === undefined ? "" : ` (${arg.description})`}`,
    );
    const what = isMissing ? "Missing" : "Unexpected";
    return [`${what} argument${args.length === 1 ? "" : "s"}: ${names.join(", ")}`];
  }
  const [first = "", ...rest] = error.message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "See more help with --help");
  // A message of ours names the flag.
  if (first.startsWith("Parsing --") && rest[0]?.startsWith("-")) return [rest.join(" ")];
  // The framework lists several errors below a heading, and names a missing flag without its dashes.
  if (!/^The following errors? occurred:$/.test(first)) return [[first, ...rest].join(" ")];
  return [rest.map((line) => line.replace(/^(Missing required flag )(?!-)/, "$1--")).join("; ")];
}

/** "Did you mean", if one of the names is close to what was typed. */
export function suggestion(typed: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const best = closest(typed, names);
  const letters = typed.replace(/^-+/, "").length;
  return distance(typed, best) <= Math.ceil(letters / 3) ? [`Did you mean ${best}?`] : [];
}
