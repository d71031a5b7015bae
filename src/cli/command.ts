/** What every command is. */
import { Command as FrameworkCommand, type Interfaces } from "@oclif/core";
import { EXIT } from "../exit-code.js";
import { processSecrets } from "../http/redact.js";
import { escapeLine, escapeText } from "../io/escape.js";
import { say } from "../io/terminal.js";
import { addressProblem } from "./flags/addresses.js";
import { findOptionsFile } from "./options-file/find.js";
import { hasOption, OPTION_KEYS } from "./options-file/keys.js";

/** A command whose warnings are one paragraph each and harmless for a terminal. */
export abstract class Command extends FrameworkCommand {
  /** Ends the command with a message about its flags and inputs. */
  readonly usage = (message: string): never => this.error(message, { exit: EXIT.usage });

  /** The same in one line, however narrow the terminal. */
  readonly usageLine = (message: string): never => {
    say(`${this.config.bin} ${this.id ?? ""}: ${message}`);
    return this.exit(EXIT.usage);
  };

  /** Reads the flags: what was typed goes before the environment, that before the file of options. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options: Interfaces.Input<F, B, A>, argv = this.argv): Promise<Interfaces.ParserOutput<F, B, A>> {
    const flags = await this.#withFile(options.flags ?? {}, argv);
    const parsed = await super.parse({ ...options, flags: flags as Interfaces.FlagInput<F> }, argv);
    const wrong = addressProblem(this.id ?? "", flags, parsed);
    return wrong === undefined ? parsed : this.usage(wrong);
  }

  /** The flags with the defaults of the file; those of the compatibility binaries stay as they are. */
  async #withFile(flags: Interfaces.FlagInput, argv: readonly string[]): Promise<Interfaces.FlagInput> {
    const id = this.id ?? "";
    const command = { id, hidden: this.ctor.hidden === true, flags };
    if (command.hidden || !Object.keys(OPTION_KEYS).some((key) => hasOption(command, key))) return flags;
    const place = { folder: process.cwd(), environment: process.env };
    const found = findOptionsFile(place, (message) => this.warn(message));
    if (found.kind === "none") return flags;
    let wrong = found.kind === "unusable" ? found.message : "";
    if (found.kind === "file") {
      const { applyOptions } = await import("./options-file/apply.js");
      const { commands } = this.config;
      const applied = await applyOptions(found, { command, commands, flags, ...place });
      if (applied.kind === "options") {
        // Some have no flag, and all that publishes reads them there.
        Object.assign(process.env, applied.variables);
        return applied.flags;
      }
      wrong = applied.message;
    }
    // A training must not end because of a file that its pipe could do without.
    if (!argv.includes("--tee")) return this.usage(wrong);
    this.warn(`${wrong}; the file is not used`);
    return flags;
  }

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
