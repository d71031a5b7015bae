import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { groupFlags } from "../cli/flags/group-flags.js";
import { finishedFlag, idArgument, taskclusterFlags } from "../cli/taskcluster/client.js";
import { runGroupCommand } from "../cli/taskcluster/group.js";
import { withIds } from "../cli/taskcluster/ids.js";

export default class Group extends Command {
  static override summary = "Publish the trainings and evaluations of a Taskcluster group.";
  static override description =
    `Publishes every completed training and evaluation of the group, and of the groups that its trainings build on. \
Weights & Biases gets a run for each training, one for each model that has only evaluations, and the run group_logs of each \
group. With -o, the tables training, validation, evaluations and runs hold all groups. A ledger records what has arrived: \
the same command again sends only what is new or has changed. You need no credentials of Taskcluster.

Exit codes: 0 everything was read and delivered; 1 something could not be read, and is named; 2 wrong flags or no API key; \
3 something was not delivered or written; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "What would be done",
      command: "<%= config.bin %> group ZowUkamoRKuDlb4uAeTvgg --dry-run",
    },
    {
      description: "This group alone, as tables, without Weights & Biases",
      command: "<%= config.bin %> group ZowUkamoRKuDlb4uAeTvgg --no-recursive-lookup --no-wandb -o tables",
    },
    {
      description: "Only the scores, to Weights & Biases",
      command: "<%= config.bin %> group ZowUkamoRKuDlb4uAeTvgg --only evaluations",
    },
  ];
  static override args = {
    group: idArgument("id, address or index route of the group"),
  };
  static override flags = {
    "recursive-lookup": Flags.boolean({
      allowNo: true,
      default: true,
      description: "also the groups that its trainings build on",
    }),
    ...finishedFlag,
    depth: Flags.integer({ min: 0, description: "how many steps away to look for them", helpValue: "N" }),
    ...taskclusterFlags,
    ...groupFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Group, withIds(this.argv));
    this.exit(
      await runGroupCommand(args.group, flags, this, {
        what: `the trainings and evaluations of the group ${args.group}`,
        refuse: this.usageLine,
      }),
    );
  }
}
