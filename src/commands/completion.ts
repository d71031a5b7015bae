import { basename } from "node:path";
import { Command } from "../cli/command.js";
import { bashCompletion } from "../cli/completion/bash.js";
import { fishCompletion } from "../cli/completion/fish.js";
import { completionTable } from "../cli/completion/table.js";
import { zshCompletion } from "../cli/completion/zsh.js";
import { Args } from "../cli/flags/flag.js";
import { printText } from "../io/terminal.js";

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
const SHELLS = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[];

export default class Completion extends Command {
  static override summary = "Print the script with which a shell completes the commands.";
  static override description =
    `The script completes commands, flags, the values of flags, files and folders, for marian-tracking, parse_tc_logs, \
parse_experiment_dir and parse_tc_group. It starts no program, so a TAB is instant; print it again after an update. Without \
SHELL, it is for the shell of the variable SHELL.

Exit codes: 0 the script was printed; 2 there is no script for that shell.`;
  static override examples = [
    {
      description: "bash: a line for ~/.bashrc",
      command: 'eval "$(<%= config.bin %> completion bash)"',
    },
    {
      description: "zsh: a line for ~/.zshrc, after compinit",
      command: "source <(<%= config.bin %> completion zsh)",
    },
    {
      description: "fish: once, and after an update",
      command: "<%= config.bin %> completion fish > ~/.config/fish/conf.d/marian-tracking.fish",
    },
  ];
  static override args = {
    shell: Args.string({ description: "name of the shell", options: SHELLS, ignoreStdin: true }),
  };

  async run(): Promise<void> {
    const own = process.env["SHELL"] ?? "";
    const { shell = basename(own) } = (await this.parse(Completion)).args;
    const name = SHELLS.find((one) => one === shell);
    if (name === undefined) return this.usage(`name the shell, bash, zsh or fish: SHELL is '${own}'`);
    printText(SCRIPTS[name](completionTable(this.config)));
  }
}
