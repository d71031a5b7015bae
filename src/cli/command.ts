/** What every command is. */
import { Command as FrameworkCommand, type Interfaces } from "@oclif/core";
import { EXIT } from "../exit-code.js";
import { say } from "../io/terminal.js";
import type { FlagValues, PlainCommand } from "./command-context.js";
import { addressProblem, bucketOutputs, unwritableObject } from "./flags/addresses.js";
import { harmless, printWarning } from "./framework.js";
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
    const words = await this.spelled(argv, { flags, args: (options.args ?? {}) as Interfaces.ArgInput });
    const parsed = await super.parse({ ...options, flags: flags as Interfaces.FlagInput<F> }, words);
    const wrong = addressProblem(this.id ?? "", flags, parsed);
    if (wrong !== undefined) return this.usage(wrong);
    const places = bucketOutputs(this.id ?? "", parsed.flags);
    if (places.length > 0 && !("dry-run" in parsed.flags && parsed.flags["dry-run"]))
      await this.#tryBuckets(places, argv);
    return parsed;
  }

  /** The words as the framework is to read them. */
  protected async spelled(argv: string[], _input: Pick<PlainCommand, "flags" | "args">): Promise<string[]> {
    return argv;
  }

  /** Ends the command if a place can't be written to; in a pipe after a training it only warns. */
  async #tryBuckets(places: readonly string[], argv: readonly string[]): Promise<void> {
    const wrong = await unwritableObject(places);
    if (wrong === undefined) return;
    if (argv.includes("--tee")) this.warn(wrong.message);
    else if (wrong.isFinal) this.usage(wrong.message);
    else {
      say(wrong.message);
      this.exit(EXIT.publisher);
    }
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
    if (typeof input !== "string") return super.warn(harmless(input));
    printWarning(input);
    return input;
  }

  /** Runs a command that can also do without the framework, and ends with its exit code. */
  protected async runPlain<F extends Interfaces.FlagInput>(command: PlainCommand<F>): Promise<void> {
    const { argv, flags } = await this.parse<FlagValues<F>, object, object>(
      command as Interfaces.Input<FlagValues<F>, object, object>,
    );
    const code = await command.run(
      { argv: argv as string[], flags: flags as FlagValues<F> },
      {
        version: this.config.version,
        usage: this.usage,
        warn: (message) => void this.warn(message),
        warned: async () => {},
      },
    );
    this.exit(code);
  }
}
