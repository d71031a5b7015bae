/** What the work of a command needs of the program that runs it, with the framework or without. */
import type { Interfaces } from "@oclif/core";

export interface CommandContext {
  /** Of the program. */
  readonly version: string;
  /** Ends the command with a message about its flags and inputs. */
  usage(message: string): never;
  warn(message: string): void;
  /** Waits until all warnings are printed. What is printed after that comes after them. */
  warned(): Promise<void>;
}

/** The values of flags, by their definitions. */
export type FlagValues<F> = F extends Interfaces.FlagInput<infer Values> ? Values : never;

/** What was typed. */
export interface ReadArguments<F> {
  /** The inputs. */
  readonly argv: readonly string[];
  readonly flags: FlagValues<F>;
}

/** A command that needs no framework: its flags and inputs, and its work, which returns the exit code. */
export interface PlainCommand<F extends Interfaces.FlagInput = Interfaces.FlagInput> {
  readonly flags: F;
  readonly args: Interfaces.ArgInput;
  /** Whether there may be no more inputs than `args` names. */
  readonly strict: boolean;
  /** The long options of the Python command that it stands in for: its arguments are read as argparse reads them. */
  readonly reference?: readonly string[];
  run(given: ReadArguments<F>, context: CommandContext): Promise<number>;
}
