import { EXIT } from "../exit-code.js";
import { say } from "../io/terminal.js";
import { isReader } from "../live/channel.js";

/** Says, as Python's argparse does, what is wrong with the arguments of a compatibility binary; returns the exit code. */
export function refuseArguments(name: string, inputs: readonly string[], reason: string): number {
  if (isReader()) say(`${name}: standard input is passed through and not read`);
  say(`usage: ${[name, "[FLAGS]", ...inputs].join(" ")}`);
  say(`${name}: error: ${reason}; see ${name} --help`);
  return EXIT.usage;
}
