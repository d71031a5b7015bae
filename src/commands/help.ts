import { Command } from "../cli/command.js";
import { Args } from "../cli/flags/flag.js";
import { ProgramHelp } from "../cli/help.js";

export default class HelpCommand extends Command {
  static override summary = "Describe a command, or list all commands.";
  static override examples = ["<%= config.bin %> help parse"];
  static override args = {
    command: Args.string({ description: "name of a command", ignoreStdin: true }),
  };

  async run(): Promise<void> {
    const { command } = (await this.parse(HelpCommand)).args;
    await new ProgramHelp(this.config).showHelp(command === undefined ? [] : [command]);
  }
}
