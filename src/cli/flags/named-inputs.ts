/** The inputs of a command: arguments, patterns, folders, tars, `--files-from`, or a pipe that nobody named. */
import type { InputSearch } from "../../archive/folder-logs.js";
import { type LogInputs, logInputs } from "../../archive/log-inputs.js";
import { inputNames, STDIN } from "../../io/inputs.js";
import { readable, stdinIsGiven } from "../../io/source.js";
import { inputProblem } from "./addresses.js";

/** How a command speaks to its user. */
export interface Voice {
  /** Ends the command with its message. */
  usage(message: string): never;
  warn(message: string): void;
}

/** All inputs, each once; at least one. A folder and a tar are as many inputs as they have logs. */
export async function namedInputs(
  given: readonly string[],
  filesFrom: string | undefined,
  { usage, warn }: Voice,
  search: Omit<InputSearch, "warn"> = {},
): Promise<LogInputs> {
  if (given.includes(STDIN) && filesFrom === STDIN)
    usage("standard input can't be both a log and the list of --files-from");
  const { names, unmatched } = await inputNames(given, filesFrom, process.stdin).catch((error: Error) =>
    usage(`--files-from ${filesFrom}: ${readable(error).message}`),
  );
  const nothing = names.length === 0 && given.length === 0 && filesFrom === undefined;
  const inputs = nothing && stdinIsGiven() ? [STDIN] : names;
  for (const pattern of unmatched) warn(`no file matches '${pattern}'`);
  if (inputs.length === 0)
    usage(
      "nothing to read: name a log, a folder, a quoted pattern such as 'logs/**/*.log', or pipe a log in",
    );
  for (const name of inputs) {
    const wrong = inputProblem(name);
    if (wrong !== undefined) usage(wrong);
  }
  return logInputs(inputs, { ...search, warn });
}
