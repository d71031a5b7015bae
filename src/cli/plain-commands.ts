/** The commands that need no framework if their command line is plain. */
import { readFileSync } from "node:fs";
import { release } from "node:os";
import { EXIT } from "../exit-code.js";
import { print } from "../io/terminal.js";
import { isReader } from "../live/channel.js";
import { echoesInput } from "../live/echoes-input.js";
import type { PlainCommand } from "./command-context.js";
import { addressProblem, bucketOutputs } from "./flags/addresses.js";
import { readFlags } from "./flags/read-flags.js";
import { loadFramework } from "./load-framework.js";
import { findOptionsFile } from "./options-file/find.js";
import { parseCommand } from "./parse.js";
import { summaryCommand } from "./summary/summary.js";

/** The command of a name, if it is one of these and nothing but its flags and inputs decides what it does. */
async function commandOf(name: string, given: readonly string[]): Promise<PlainCommand | undefined> {
  switch (name) {
    case "parse":
      return noOptionsFile() ? parseCommand : undefined;
    case "summary":
      return noOptionsFile() ? summaryCommand : undefined;
    case "parse_tc_logs":
      // Standard input is passed on before flags are read.
      if (!isReader() && echoesInput(given)) return undefined;
      return (await import("./parse-tc-logs.js")).parseTcLogsCommand;
    default:
      return undefined;
  }
}

/** Whether `--version` is asked for, in any place. */
export function asksVersion(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? undefined : end).some((arg) => arg === "--version" || arg === "-V");
}

/** Prints the version as the framework does. It names some platforms in a way of its own: then it is to print it. */
function printVersion(version: string): number | undefined {
  if (process.arch === "ia32" || /microsoft/i.test(release())) return undefined;
  print(`marian-tracking/${version} ${process.platform}-${process.arch} node-${process.version}`);
  return EXIT.ok;
}

/**
 * Runs a command without the framework, if that is certain to be the same.
 *
 * @param binary Address of the program in `bin`.
 * @returns The exit code; undefined if nothing was done, and the framework is to run the command.
 */
export async function runPlain(args: readonly string[], binary: string): Promise<number | undefined> {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", binary), "utf8"));
  if (asksVersion(args)) return printVersion(version);
  const [name = "", ...given] = args;
  const command = await commandOf(name, given);
  if (command === undefined) return undefined;
  const spelled = await inFull(name, given, command);
  if (spelled === undefined || typeof spelled === "number") return spelled;
  const read = await readFlags(spelled, command, process.env);
  if (read === undefined) return undefined;
  if (addressProblem(name, command.flags, read) !== undefined) return undefined;
  // Whether they can be written to is tried first.
  if (bucketOutputs(name, read.flags).length > 0) return undefined;
  let warned = Promise.resolve();
  try {
    return await command.run(read, {
      version,
      usage: (message) => {
        throw Object.assign(new Error(message), { oclif: { exit: EXIT.usage } });
      },
      warn: (message) => {
        warned = warned.then(async () => (await loadFramework()).printWarning(message));
      },
      warned: () => warned,
    });
  } finally {
    await warned;
  }
}

/** The arguments with all options in full; the exit code if they are wrong, undefined if they ask for help. */
async function inFull(
  name: string,
  given: readonly string[],
  { flags, args, reference }: PlainCommand,
): Promise<readonly string[] | number | undefined> {
  if (reference === undefined) return given;
  const { readArgparse } = await import("./flags/argparse.js");
  const read = readArgparse(given, { flags, args, reference });
  if (read.kind === "wrong") {
    const { refuseArguments } = await import("./refuse-arguments.js");
    return refuseArguments(name, Object.keys(args), read.message);
  }
  return read.kind === "arguments" ? read.argv : undefined;
}

/** Where there is a file of options, or one that is refused, the framework's commands read it. */
function noOptionsFile(): boolean {
  let isSilent = true;
  const found = findOptionsFile({ folder: process.cwd(), environment: process.env }, () => {
    isSilent = false;
  });
  return isSilent && found.kind === "none";
}
