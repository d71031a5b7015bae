import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { groupFlags } from "../cli/flags/group-flags.js";
import { runPublish } from "../cli/manifests/publish.js";

export default class Publish extends Command {
  static override summary = "Send what the machines have read to Weights & Biases.";
  static override description =
    `Reads the manifests that \`archive --manifest … -o DIR\` left with its tables (or one that \`plan\` wrote), reads their \
logs, evaluations and configurations again, and publishes them as \`archive\` does.
This is the only part of a job on many machines that writes to Weights & Biases: run one at a time. A ledger records what \
has arrived, so the same command again sends nothing.

Exit codes: 0 everything was delivered; 1 something could not be read; 2 wrong flags, a missing shard, no API key; 3 \
something was not delivered; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "After all shards are done",
      command: "<%= config.bin %> publish --from tables --ledger ledger.ndjson",
    },
    {
      description: "What would be done",
      command: "<%= config.bin %> publish --from manifest.ndjson --dry-run",
    },
  ];
  static override flags = {
    from: Flags.string({
      description: "folder of the shards, or a manifest",
      helpValue: "DIR|FILE",
      required: true,
    }),
    only: groupFlags.only,
    "time-zone": groupFlags["time-zone"],
    "wandb-client": groupFlags["wandb-client"],
    "wandb-api-key-file": groupFlags["wandb-api-key-file"],
    "retry-for": groupFlags["retry-for"],
    "override-runs": groupFlags["override-runs"],
    tags: groupFlags.tags,
    ledger: Flags.string({
      description: "W&B: file that records what has arrived  [default: ledger.ndjson in the folder]",
      helpValue: "FILE",
      helpGroup: "WEIGHTS & BIASES",
    }),
    "dry-run": groupFlags["dry-run"],
    json: groupFlags.json,
    quiet: groupFlags.quiet,
    verbose: groupFlags.verbose,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Publish);
    const { usage } = this;
    this.exit(await runPublish(flags, this.config.version, usage));
  }
}
