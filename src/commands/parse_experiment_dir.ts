import { CompatibilityCommand } from "../cli/compatibility-command.js";
import { Flags } from "../cli/flags/flag.js";
import { groupFlags } from "../cli/flags/group-flags.js";
import { runArchive } from "../cli/groups/archive.js";

export default class ParseExperimentDir extends CompatibilityCommand {
  static override summary = "Publish an archive as Python's parse_experiment_dir does.";
  static override description = "The command archive, with the name and flags of the Python command.";
  static override examples = ["parse_experiment_dir -d experiments -m taskcluster"];
  static override flags = {
    directory: Flags.string({
      char: "d",
      default: ".",
      description: "folder of the archive",
      helpValue: "DIR",
    }),
    mode: Flags.option({ options: ["taskcluster", "snakemake"] as const })({
      char: "m",
      description: "layout of the archive",
      required: true,
    }),
    ...groupFlags,
  };

  static override readonly reference = ["--mode", "--directory"];

  async run(): Promise<void> {
    // The Python command's documentation writes -mode.
    const argv = this.argv.map((argument) => argument.replace(/^-mode(?==|$)/, "--mode"));
    const { flags } = await this.parse(ParseExperimentDir, argv);
    this.exit(await runArchive(flags.directory, { ...flags, filter: undefined, since: undefined }, this));
  }
}
