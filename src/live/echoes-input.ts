/** Whether `parse_tc_logs` passes standard input on. */
import { fstatSync } from "node:fs";

/**
 * Whether standard input is to be passed on. Asked before the arguments are read, so in doubt it is: a training in
 * front of a command with wrong flags must not notice.
 */
export function echoesInput(args: readonly string[]): boolean {
  if (args.some((argument) => /^(?:--help|-h|--version|-V)$/.test(argument))) return false;
  // There is nothing to pass on, and the command says so.
  if (isA("directory")) return false;
  if (args.some((argument) => argument.startsWith("--from") || /^-v*s/.test(argument))) return true;
  return !args.some((argument) => /^(?:--input-file|-v*i)/.test(argument)) && isA("pipe");
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
