/** What the binaries start before anything else is loaded. */
import { fstatSync, readFileSync } from "node:fs";
import { endProcess, runPipe } from "./pipe.js";
import { CHANNEL } from "./reader-process.js";

/**
 * Passes standard input on, if that is what the arguments of `parse_tc_logs` ask for, and ends the process. False
 * where they ask for something else, and in the process that reads.
 *
 * @param binary Path of the binary; it is started again, to read.
 */
export async function startPipe(binary: string, args: readonly string[]): Promise<boolean> {
  if (process.env[CHANNEL] !== undefined || !echoesInput(args)) return false;
  // More than this is a fault, and the training needs the memory.
  const heap = ["--max-old-space-size=1024", "--max-semi-space-size=4"];
  const options = [
    ...heap,
    ...(addressesAreFew() ? ["--disable-wasm-trap-handler"] : []),
    ...process.execArgv,
  ];
  endProcess(await runPipe({ program: process.execPath, args: [...options, binary, ...args] }));
  return true;
}

/** Whether the address space is limited (`ulimit -v`): Node would reserve 10 GB of it for the parser. */
function addressesAreFew(): boolean {
  try {
    return /^Max address space\s+\d/m.test(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return false;
  }
}

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
