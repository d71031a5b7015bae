import { Args, Command, Flags } from "@oclif/core";
import { runArchive } from "../cli/archive-run.js";
import { groupFlags } from "../cli/group-flags.js";

export default class Archive extends Command {
  static override summary = "Publish years of experiments: a folder or tar of training logs and evaluations.";
  static override description =
    `Reads an archive in the layout of Taskcluster (logs/<pair>/<experiment>_<group id>/<model>/train.log) or of Snakemake
(models/<pair>/<experiment>/<model>/train.log), with its evaluations and configurations. Logs may be gzip or zstd, the
archive a .tar, .tar.gz or .tar.zst.
To Weights & Biases goes a run for each training, one for each model that has evaluations alone, and the run group_logs
of each group. With -o the tables training, validation, evaluations and runs hold the whole archive.
What has arrived is in a ledger: the same command again sends only what is new or has changed.

Exit codes: 0 all was read and delivered; 1 something could not be read; 2 wrong flags, nothing to read, no API key;
3 something was not delivered or written; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "What would be done",
      command: "<%= config.bin %> archive /data/archive --dry-run",
    },
    {
      description: "The whole archive as tables, without Weights & Biases",
      command: "<%= config.bin %> archive /data/archive --no-wandb -o tables",
    },
    {
      description: "Students of one language pair, to Weights & Biases",
      command: "<%= config.bin %> archive /data/archive --filter 'en-hu/*/student*'",
    },
    {
      description: "Without a server: offline files, for marian-tracking sync",
      command: "<%= config.bin %> archive archive.tar.zst --wandb-client offline",
    },
  ];
  static override args = {
    dir: Args.string({ description: "folder or tar of the archive", required: true }),
  };
  static override flags = {
    mode: Flags.option({ options: ["taskcluster", "snakemake"] as const })({
      char: "m",
      description: "layout of the archive  [default: found from the folders]",
    }),
    filter: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "only runs whose project/group/model matches; may be repeated",
      helpValue: "PATTERN",
    }),
    since: Flags.string({
      description: "only runs whose log was written since then, for example 2026-01-31",
      helpValue: "DATE",
    }),
    ...groupFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Archive);
    this.exit(await runArchive(args.dir, flags, this));
  }
}
