/** Whether `parse_tc_logs` passes standard input on. */
import { fstatSync } from "node:fs";

/**
 * Whether standard input is to be passed on. Asked before the arguments are read, so in doubt it is: a training in
 * front of a command with wrong flags must not notice.
 */
export function echoesInput(args: readonly string[]): boolean {
  // Long options may be abbreviated.
  if (args.some((argument) => /^(?:--h(?:e|el|elp)?|-v*h|--version|-V)$/.test(argument))) return false;
  // There is nothing to pass on, and the command says so.
  if (isA("directory")) return false;
  if (args.some((argument) => /^(?:--f(?:ro?)?$|--from|-v*s)/.test(argument))) return true;
  return !args.some((argument) => /^(?:--i|-v*i)/.test(argument)) && isA("pipe");
}

/** Whether standard input is of a kind. */
function isA(kind: "pipe" | "directory"): boolean {
  try {
    const info = fstatSync(0);
    return kind === "directory" ? info.isDirectory() : info.isFIFO() || info.isSocket();
  } catch {
    return false;
  }
}
