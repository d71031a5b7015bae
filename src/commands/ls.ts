import { Flags } from "@oclif/core";
import { Command } from "../cli/command.js";
import {
  addressesOf,
  idArgument,
  printProblems,
  taskclusterFlags,
  withIds,
  withTaskcluster,
} from "../cli/taskcluster/client.js";
import { listGroup } from "../cli/taskcluster/ls.js";
import { listingJson, listingText } from "../cli/taskcluster/ls-text.js";
import { EXIT } from "../exit-code.js";
import { printText } from "../io/terminal.js";
import { groupAddress } from "../taskcluster/client/index.js";
import { groupIdOf } from "../taskcluster/listed-group.js";

export default class Ls extends Command {
  static override summary = "List the trainings and evaluations of a Taskcluster group.";
  static override description =
    `Prints a tree: each training with the evaluations of its model, then the models that are only evaluated. Each task has its \
state, the number of its runs, the time they took together, the last update of a training (from its log, also while it \
runs), the time when it ended or began, and its id.

Exit codes: 0 the group was listed; 1 it can't be fetched; 2 wrong flags; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    { description: "A group", command: "<%= config.bin %> ls ZowUkamoRKuDlb4uAeTvgg" },
    {
      description: "At once, without reading logs",
      command: "<%= config.bin %> ls --no-updates ZowUkamoRKuDlb4uAeTvgg",
    },
    {
      description: "For a program",
      command: "<%= config.bin %> ls ZowUkamoRKuDlb4uAeTvgg --json > group.json",
    },
  ];
  static override args = {
    group: idArgument("id or address of the group"),
  };
  static override flags = {
    updates: Flags.boolean({
      allowNo: true,
      default: true,
      description: "read the last update from the logs of the trainings",
    }),
    json: Flags.boolean({ description: "the listing as JSON on standard output" }),
    ...taskclusterFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Ls, withIds(this.argv));
    const addresses = addressesOf([args.group], groupAddress, this);
    const [address = { groupId: "" }] = addresses;
    const code = await withTaskcluster(this, addresses, flags, async (access) => {
      const listing = await listGroup(await groupIdOf(access.queue, address), access, flags.updates);
      printText(flags.json ? listingJson(listing) : listingText(listing));
      if (!flags.json) printProblems(listing.problems);
      return EXIT.ok;
    });
    this.exit(code);
  }
}
