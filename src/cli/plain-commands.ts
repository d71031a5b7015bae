/** The commands that need no framework if their command line is plain. */
import { readFileSync } from "node:fs";
import { EXIT } from "../exit-code.js";
import { echoesInput } from "../live/main.js";
import type { PlainCommand } from "./command-context.js";
import { addressProblem, bucketOutputs } from "./flags/addresses.js";
import { readFlags } from "./flags/read-flags.js";
import { loadFramework } from "./load-framework.js";
import { findOptionsFile } from "./options-file/find.js";
import { parseCommand } from "./parse.js";
import { isReader, parseTcLogsCommand } from "./parse-tc-logs.js";
import { summaryCommand } from "./summary/summary.js";

interface Candidate {
  readonly command: PlainCommand;
  /** Whether flags and inputs are all that the command is given. */
  readonly isAlone: (given: readonly string[]) => boolean;
}

const COMMANDS: Readonly<Record<string, Candidate>> = {
  parse: { command: parseCommand, isAlone: noOptionsFile },
  summary: { command: summaryCommand, isAlone: noOptionsFile },
  parse_tc_logs: { command: parseTcLogsCommand, isAlone: (given) => isReader() || !echoesInput(given) },
};

/**
 * Runs a command without the framework, if that is certain to be the same.
 *
 * @param binary Address of the program in `bin`.
 * @returns The exit code; undefined if nothing was done, and the framework is to run the command.
 */
export async function runPlain(
  [name = "", ...given]: readonly string[],
  binary: string,
): Promise<number | undefined> {
  const { command, isAlone } = (Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined) ?? {};
  const read = command === undefined ? undefined : await readFlags(given, command, process.env);
  if (command === undefined || read === undefined || isAlone?.(given) !== true) return undefined;
  if (addressProblem(name, command.flags, read) !== undefined) return undefined;
  // Whether they can be written to is tried first.
  if (bucketOutputs(name, read.flags).length > 0) return undefined;
  const { version } = JSON.parse(readFileSync(new URL("../package.json", binary), "utf8"));
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

/** Where there is a file of options, or one that is refused, the framework's commands read it. */
function noOptionsFile(): boolean {
  let isSilent = true;
  const found = findOptionsFile({ folder: process.cwd(), environment: process.env }, () => {
    isSilent = false;
  });
  return isSilent && found.kind === "none";
}
