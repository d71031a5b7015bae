import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import {
  addressesOf,
  idArgument,
  printProblems,
  taskclusterFlags,
  withTaskcluster,
} from "../cli/taskcluster/client.js";
import { withIds } from "../cli/taskcluster/ids.js";
import { type Listing, listGroups, STAGE_KINDS, STATES } from "../cli/taskcluster/ls.js";
import { listingsJson, listingText } from "../cli/taskcluster/ls-text.js";
import { suggestion } from "../cli/usage-error.js";
import { printText } from "../io/terminal.js";
import { groupAddress } from "../taskcluster/client/index.js";

export default class Ls extends Command {
  static override summary = "List the trainings and evaluations of Taskcluster groups.";
  static override description =
    `Prints a tree: each training with the evaluations of its model, then the models that are only evaluated. Each task has its \
state, the number of its runs, the time they took together, the last update of a training (from its log, also while it \
runs), the time when it ended or began, and its id. Below a task that could not start are the tasks upstream that failed or \
that it waits for.

Exit codes: 0 every group was listed; 1 a group can't be fetched; 2 wrong flags; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    { description: "A group", command: "<%= config.bin %> ls ZowUkamoRKuDlb4uAeTvgg" },
    {
      description: "At once, without reading logs",
      command: "<%= config.bin %> ls --no-updates ZowUkamoRKuDlb4uAeTvgg",
    },
    {
      description: "What failed or still runs",
      command: "<%= config.bin %> ls ZowUkamoRKuDlb4uAeTvgg --state failed,running",
    },
    {
      description: "The trainings alone",
      command: "<%= config.bin %> ls ZowUkamoRKuDlb4uAeTvgg --kind train",
    },
    {
      description: "For a program",
      command: "<%= config.bin %> ls ZowUkamoRKuDlb4uAeTvgg --json > group.json",
    },
  ];
  static override strict = false;
  static override args = {
    group: idArgument("id, address or index route of each group"),
  };
  static override flags = {
    state: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ",",
      description: `only tasks in this state: ${STATES.join(", ")}; may be repeated, or a list`,
      helpValue: "STATE",
    }),
    kind: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ",",
      description:
        "only tasks of this kind: train, evaluate, a kind of Taskcluster's, or its first words (evaluate-teacher); may be repeated, or a list",
      helpValue: "KIND",
    }),
    updates: Flags.boolean({
      allowNo: true,
      default: true,
      description: "read the last update from the logs of the trainings",
    }),
    json: Flags.boolean({
      description: "the listing as JSON on standard output; of several groups, an array",
    }),
    ...taskclusterFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Ls, withIds(this.argv));
    const addresses = addressesOf(argv as string[], groupAddress, this);
    const { state = [], kind: kinds = [], updates: withUpdates } = flags;
    const states = state.map(
      (given) =>
        STATES.find((known) => known === given) ??
        this.usage(
          [`--state ${given}: the states are ${STATES.join(", ")}`, ...suggestion(given, STATES)].join(". "),
        ),
    );
    const code = await withTaskcluster(this, addresses, flags, async (access) => {
      const listings = await listGroups(addresses, access, { withUpdates, states, kinds });
      this.#checkKinds(kinds, listings);
      if (flags.json) printText(listingsJson(listings));
      let exitCode = 0;
      for (const [index, listing] of listings.entries()) {
        if (!flags.json && listing.counts.size > 0)
          printText(`${index > 0 ? "\n" : ""}${listingText(listing)}`);
        const problems = listing.problems.filter(({ severity }) => !flags.json || severity === "failure");
        exitCode = Math.max(exitCode, printProblems(problems));
      }
      return exitCode;
    });
    this.exit(code);
  }

  /** Refuses a kind that no task of the groups has. */
  #checkKinds(kinds: readonly string[], listings: readonly Listing[]): void {
    const known = [...new Set(listings.flatMap((listing) => listing.kinds))].sort();
    for (const kind of kinds) {
      if (kind in STAGE_KINDS || known.some((one) => one === kind || one.startsWith(`${kind}-`))) continue;
      const there = known.length === 0 ? "" : `: there are ${known.join(", ")}`;
      const meant = suggestion(kind, [...Object.keys(STAGE_KINDS), ...known]);
      this.usage(
        [`--kind ${kind}: no training and no evaluation has this kind${there}`, ...meant].join(". "),
      );
    }
  }
}
