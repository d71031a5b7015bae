import { Command } from "../cli/command.js";
import { filterFlags } from "../cli/flags/filter-flags.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { groupFlags } from "../cli/flags/group-flags.js";
import { manifestFlags, maxErrorsFlag, shardFlag } from "../cli/flags/shard.js";
import { tableFileFlags } from "../cli/flags/table-files.js";
import { runArchive } from "../cli/groups/archive.js";
import { archiveManifest } from "../cli/manifests/archive.js";

export default class Archive extends Command {
  static override summary = "Publish an archive of experiments: a folder or tar of many runs.";
  static override description =
    `Reads an archive in the layout of Taskcluster (logs/<pair>/<experiment>_<group id>/<model>/train.log) or of Snakemake \
(models/<pair>/<experiment>/<model>/train.log), with its evaluations and configurations. Logs may be gzip or zstd, the \
archive a .tar, .tar.gz or .tar.zst, or a folder of a bucket (s3://bucket/folder, gs://bucket/folder).

Weights & Biases gets a run for each training, one for each model that has only evaluations, and the run group_logs of each \
group. With -o, the tables training, validation, evaluations and runs hold the whole archive. A ledger records what has \
arrived: the same command again sends only what is new or has changed.

The output folder remembers what its tables were made of: the next command reads only the logs that are new or have \
changed, and copies the rows of the others.

With --manifest (or --shard) the command is one worker of many: it reads the runs of the manifest, or its part of them, and \
prints their rows on standard output (--format ndjson or tsv) or writes tables with -o. \`publish\` sends them to Weights & \
Biases. A damaged log is then a row of the table runs with an error, and the exit code stays 0; a file of the manifest that \
is missing or may not be read ends the worker with exit code 1 and no output. --max-errors changes both.

Exit codes: 0 everything was read and delivered; 1 something could not be read; 2 wrong flags, nothing to read, no API key; \
3 something was not delivered or written; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "What would be done",
      command: "<%= config.bin %> archive experiments --dry-run",
    },
    {
      description: "The whole archive as tables, without Weights & Biases",
      command: "<%= config.bin %> archive experiments --no-wandb -o tables",
    },
    {
      description: "A folder of Parquet files for each language pair",
      command:
        "<%= config.bin %> archive experiments --no-wandb -o tables --format parquet --partition-by project",
    },
    {
      description: "Students of one language pair, to Weights & Biases",
      command: "<%= config.bin %> archive experiments --filter 'en-hu/*/student*'",
    },
    {
      description: "One worker of sixteen, without Weights & Biases",
      command: "<%= config.bin %> archive --manifest manifest.ndjson --shard 3/16 --format parquet -o tables",
    },
    {
      description: "Without a server: offline files, for marian-tracking sync",
      command: "<%= config.bin %> archive archive.tar.zst --wandb-client offline",
    },
  ];
  static override args = {
    dir: Args.string({
      description: "folder or tar of the archive, s3://bucket/folder or gs://bucket/folder",
      // A manifest may come that way.
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...filterFlags,
    ...groupFlags,
    format: Flags.option({
      options: ["csv", "parquet", "ndjson", "tsv"] as const,
      multiple: true,
      multipleNonGreedy: true,
    })({
      description:
        "form of the tables; may be repeated  [default: csv and parquet]; tsv: with --manifest or --shard, all rows in one stream of fixed columns",
      helpGroup: "TABLES",
    }),
    ...tableFileFlags,
    ...manifestFlags,
    ...shardFlag,
    ...maxErrorsFlag,
    table: Flags.option({ options: ["training", "validation", "evaluations", "runs"] as const })({
      description: "only rows of this table, on standard output or as tsv",
      helpGroup: "MANY MACHINES",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Archive);
    const { usage } = this;
    if (flags.manifest !== undefined || flags.shard !== undefined) {
      for (const name of ["partition-by", "max-file-size", "verify"] as const)
        if (flags[name] !== undefined && flags[name] !== false)
          usage(`--${name} can't be used with --manifest or --shard: each worker writes one file a table`);
      this.exit(await archiveManifest(args.dir, flags, this.config.version, usage));
    }
    if (flags["max-errors"] !== undefined) usage("--max-errors needs --manifest or --shard");
    if (flags.force) usage("--force needs --manifest or --shard");
    const { dir } = args;
    if (dir === undefined) return usage("name the folder or tar of the archive, or a --manifest");
    const { format, table } = flags;
    if (table !== undefined || format?.includes("tsv"))
      usage("--table and --format tsv need --manifest or --shard");
    if (format !== undefined && flags["output-dir"] === undefined)
      usage("--format needs -o, a folder for the tables");
    const formats = format?.filter((one) => one !== "tsv");
    this.exit(
      await runArchive(dir, { ...flags, format: formats }, this, {
        what: `the trainings and evaluations of ${dir}`,
        refuse: this.usageLine,
      }),
    );
  }
}
