import { Command } from "../cli/command.js";
import { filterFlags } from "../cli/flags/filter-flags.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { groupFlags } from "../cli/flags/group-flags.js";
import { shardFlag } from "../cli/flags/shard.js";
import { runPlan } from "../cli/manifests/plan.js";

export default class Plan extends Command {
  static override summary = "List the runs of an archive for machines that share the work.";
  static override description =
    `Writes a manifest: a line of JSON for each run, with the files of its log, its evaluations and its configuration. \
The lines and their order depend only on the names, sizes and times of the files; no log is read. \
\`archive --manifest\` and \`parse --manifest\` read the runs of a manifest or a part of them, and \`publish\` sends them. \
SOURCE is a folder as for \`archive\`, or the same in a bucket: s3://bucket/folder, gs://bucket/folder. The manifest may go into a bucket, too.

Exit codes: 0 everything was listed; 1 something could not be listed; 2 wrong flags or nothing to list; 3 the manifest could \
not be written; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "All runs of an archive",
      command: "<%= config.bin %> plan experiments -o manifest.ndjson",
    },
    {
      description: "A public bucket",
      command: "<%= config.bin %> plan gs://releng-translations-dev -o manifest.ndjson",
    },
    {
      description: "A manifest for each of sixteen shards, and the work on the third",
      command:
        "<%= config.bin %> plan experiments --shards 16 -o plan && <%= config.bin %> archive --manifest plan --shard 3/16 -o tables",
    },
  ];
  static override args = {
    source: Args.string({
      description: "folder of the archive, s3://bucket/folder or gs://bucket/folder",
      required: true,
    }),
  };
  static override flags = {
    output: Flags.string({
      char: "o",
      description: "the manifest's file, or - for standard output; with --shards a folder  [default: -]",
      helpValue: "FILE",
    }),
    ...filterFlags,
    only: groupFlags.only,
    ...shardFlag,
    shards: Flags.integer({
      min: 1,
      max: 100_000,
      description: "write a manifest for each of N shards of about the same bytes into the folder of -o",
      helpValue: "N",
      helpGroup: "MANY MACHINES",
    }),
    "dry-run": Flags.boolean({ description: "list the runs, say what would be written, and write nothing" }),
    quiet: Flags.boolean({ char: "q", description: "no message unless something is wrong" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Plan);
    const { usage } = this;
    this.exit(await runPlan(args.source, flags, this.config.version, usage));
  }
}
