/** What the binaries start before anything else is loaded. */
import { readFileSync } from "node:fs";
import { isReader } from "./channel.js";
import { echoesInput } from "./echoes-input.js";
import { endProcess, runPipe } from "./pipe.js";

/**
 * Passes standard input on, if that is what the arguments of `parse_tc_logs` ask for, and ends the process. False
 * where they ask for something else, and in the process that reads.
 *
 * @param binary Path of the binary; it is started again, to read.
 */
export async function startPipe(binary: string, args: readonly string[]): Promise<boolean> {
  if (isReader() || !echoesInput(args)) return false;
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
