/** What every command is. */
import { Command as FrameworkCommand } from "@oclif/core";
import { EXIT } from "../exit-code.js";
import { processSecrets } from "../http/redact.js";
import { escapeLine, escapeText } from "../io/escape.js";
import { say } from "../io/terminal.js";

/** A command whose warnings are one paragraph each and harmless for a terminal. */
export abstract class Command extends FrameworkCommand {
  /** Ends the command with a message about its flags and inputs. */
  readonly usage = (message: string): never => this.error(message, { exit: EXIT.usage });

  /** The same in one line, however narrow the terminal. */
  readonly usageLine = (message: string): never => {
    say(`${this.config.bin} ${this.id ?? ""}: ${message}`);
    return this.exit(EXIT.usage);
  };

  override warn(input: string | Error): string | Error {
    return super.warn(typeof input === "string" ? escapeLine(processSecrets.redact(input)) : harmless(input));
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
const COLOUR = /\u001b\[\d+m/g;

/** An error that the framework may print: it and its causes say nothing secret and nothing that controls a terminal. */
export function harmless(error: Error): Error {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    for (const property of ["message", "stack"] as const) {
      const text = one[property];
      // The framework dims lists; what is taken away can't be somebody else's colour either.
      if (typeof text === "string")
        Object.defineProperty(one, property, {
          value: escapeText(processSecrets.redact(text.replace(COLOUR, ""))),
          configurable: true,
          writable: true,
        });
    }
    if ("suggestions" in one && Array.isArray(one.suggestions))
      one.suggestions = one.suggestions.map((text: unknown) => escapeLine(String(text)));
  }
  return error;
}
