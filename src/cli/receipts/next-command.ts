/** The command that is useful after another: the last line of a receipt at a terminal. */
import { basename, relative } from "node:path";
import { escapeLine } from "../../io/escape.js";
import { say } from "../../io/terminal.js";
import { type InputReceipt, problem } from "../../pipeline/input-receipt.js";
import { quoteWords } from "../../run/command-line.js";

/** More inputs make no line that somebody would copy. */
const MAX_INPUTS = 3;

/** What to do after `parse`; undefined if nothing is worth it, or the receipt says it already. */
export function nextCommand(receipts: readonly InputReceipt[]): string | undefined {
  const publishers = receipts.flatMap((receipt) => receipt.publishers);
  // The note about rows that are not delivered has its own command; what could not be written comes first.
  if (publishers.some(({ offlineFiles = [], errors }) => offlineFiles.length + errors.length > 0))
    return undefined;
  const read = receipts.filter((receipt) => receipt.source !== "-" && problem(receipt, false) === undefined);
  const unfinished = read.filter(({ summary }) => summary?.state === "failed" || summary?.state === "silent");
  const [command, inputs] = unfinished.length > 0 ? ["check", unfinished] : ["report", read];
  if (inputs.length === 0 || inputs.length > MAX_INPUTS) return undefined;
  const line = commandLine(command, ...inputs.map(({ source }) => source).map(pathArgument));
  // A name with control characters would be printed as another one.
  return escapeLine(line) === line ? line : undefined;
}

/** Says the next command, if there is one and somebody is there to read it. */
export function sayNext(command: string | undefined): void {
  if (command !== undefined && process.stderr.isTTY) say(`next: ${command}`);
}

/** A command of the program, to be copied into a shell: what follows its name and flags is quoted where it must be. */
export function commandLine(command: string, ...args: readonly string[]): string {
  return `${programName()} ${command} ${quoteWords(args)}`;
}

/** How a shell starts the program: a clone that is not installed has no command of that name. */
function programName(): string {
  const [, script = ""] = process.argv;
  const isClone = basename(script) === "run.js" && !script.includes("node_modules");
  if (!isClone) return "marian-tracking";
  const path = relative("", script);
  return `node ${quoteWords([path.startsWith("..") ? script : path])}`;
}

/** A path that is no flag, even if it begins with a dash. */
export function pathArgument(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}
