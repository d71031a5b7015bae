/** The flags that say how a log is read: `--pattern NAME=REGEX`, `--time-zone ZONE`. */

import { LogParser, type ParserOptions, type PatternDefinition } from "../../core/log-parser.js";
import { TimestampFormat } from "../../core/timestamp.js";
import { nodeCore } from "../../node-core.js";

/** Reads the flags' values and tries them; `refuse` ends the command with its message. */
export function readParserOptions(
  patterns: readonly string[],
  timeZone: string | undefined,
  refuse: (message: string) => never,
): ParserOptions {
  const options: ParserOptions = {
    patterns: patterns.map((value) => readPattern(value, refuse)),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
  try {
    new TimestampFormat(timeZone);
  } catch {
    refuse(`--time-zone '${timeZone}': there is no such zone; write it as in Europe/Paris or UTC`);
  }
  if (patterns.length === 0) return options;
  // Where there is no memory for it, the patterns are not to blame.
  const core = nodeCore();
  try {
    new LogParser(core, options).free();
  } catch (error) {
    refuse(`--pattern: ${error instanceof Error ? error.message : error}`);
  }
  return options;
}

function readPattern(value: string, refuse: (message: string) => never): PatternDefinition {
  const [, name, regex] = /^([\w.-]+)=(.+)$/s.exec(value) ?? [];
  if (name === undefined || regex === undefined) {
    refuse(`--pattern '${value}': write NAME=REGEX, for example 'memory=Reserving (?P<mb>[0-9]+) MB'`);
  }
  return { name, regex };
}
