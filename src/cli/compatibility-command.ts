/** The three commands that stand in for those of the Python package, and read command lines as those do. */
import { EXIT } from "../exit-code.js";
import { Command } from "./command.js";
import type { PlainCommand } from "./command-context.js";
import { readArgparse } from "./flags/argparse.js";
import { harmless } from "./framework.js";
import { refuseArguments } from "./refuse-arguments.js";
import { isUsage, reasons } from "./usage-error.js";

export abstract class CompatibilityCommand extends Command {
  static override hidden = true;
  /** The long options of the Python command. */
  static readonly reference: readonly string[];

  /** Whether a word that begins with a dash is an input all the same. */
  protected isInput(_word: string): boolean {
    return false;
  }

  protected override async spelled(
    argv: string[],
    input: Pick<PlainCommand, "flags" | "args">,
  ): Promise<string[]> {
    const { reference } = this.ctor as typeof CompatibilityCommand;
    const { isInput } = this;
    const read = readArgparse(argv, { ...input, reference, isInput });
    if (read.kind === "arguments") return [...read.argv];
    if (read.kind === "wrong") return this.refuse(read.message);
    await this.config.runCommand("help", [this.id ?? ""]);
    return this.exit(EXIT.ok);
  }

  override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (!isUsage(error)) return super.catch(error);
    return this.refuse(reasons(harmless(error), []).join("; "));
  }

  refuse(reason: string): never {
    return this.exit(refuseArguments(this.id ?? "", Object.keys(this.ctor.args), reason));
  }
}
