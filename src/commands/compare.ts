import { Args, Flags } from "@oclif/core";
import type { Group, Problem } from "../archive/group.js";
import { Command } from "../cli/command.js";
import { COMPARE_FORMATS, compareScores, scoreTableText } from "../cli/compare/scores.js";
import { addressesOf, printProblems, taskclusterFlags, withTaskcluster } from "../cli/taskcluster/client.js";
import { withIds } from "../cli/taskcluster/ids.js";
import { EXIT } from "../exit-code.js";
import { printData, printText } from "../io/terminal.js";
import { groupAddress, TaskclusterError } from "../taskcluster/client/index.js";
import { readGroups } from "../taskcluster/group.js";
import { groupIdOf } from "../taskcluster/listed-group.js";

export default class Compare extends Command {
  static override summary = "Compare the evaluations of Taskcluster groups side by side.";
  static override description =
    `Prints a row for each model and dataset, with BLEU, chrF and COMET (0 to 100) of each group. CSV and JSON have every metric. \
A single group works too. Standard error names what could not be read.

Exit codes: 0 everything was read; 1 a group or an evaluation can't be fetched; 2 wrong flags; 130, 143 stopped by SIGINT, \
SIGTERM.`;
  static override examples = [
    {
      description: "Two experiments",
      command: "<%= config.bin %> compare ZowUkamoRKuDlb4uAeTvgg J2XoxaS9SnyWSEP9J9vJnQ",
    },
    {
      description: "For an issue or a report",
      command: "<%= config.bin %> compare ZowUkamoRKuDlb4uAeTvgg J2XoxaS9SnyWSEP9J9vJnQ --format markdown",
    },
    {
      description: "Every metric",
      command: "<%= config.bin %> compare ZowUkamoRKuDlb4uAeTvgg --format csv > scores.csv",
    },
  ];
  static override strict = false;
  static override args = {
    group: Args.string({
      description: "id or address of a group; may be repeated",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    format: Flags.option({ options: COMPARE_FORMATS })({ default: "text", description: "form of the table" }),
    json: Flags.boolean({ description: "the same as --format json", exclusive: ["format"] }),
    ...taskclusterFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Compare, withIds(this.argv));
    const addresses = addressesOf(argv as string[], groupAddress, this);
    const code = await withTaskcluster(this, addresses, flags, async ({ queue, store }) => {
      const groups: Group[] = [];
      const problems: Problem[] = [];
      const ids = new Set<string>();
      for (const address of addresses) {
        try {
          const id = await groupIdOf(queue, address);
          if (ids.has(id)) continue;
          ids.add(id);
          const read = await readGroups(id, { queue, store, depth: 0, only: "evaluations" });
          groups.push(...read.groups);
          problems.push(...read.problems, ...read.groups.flatMap((group) => group.problems));
        } catch (error) {
          // A group that can't be had leaves the others to be compared.
          if (!(error instanceof TaskclusterError) || error.code === "stopped") throw error;
          problems.push({ source: address.groupId, reason: error.message, severity: "failure" });
        }
      }
      const exitCode = printProblems(problems);
      if (groups.length === 0) return EXIT.input;
      const format = flags.json ? "json" : flags.format;
      const write = format === "csv" ? printData : printText;
      write(scoreTableText(compareScores(groups), format));
      return exitCode;
    });
    this.exit(code);
  }
}
