import { Command } from "../cli/command.js";
import { COMPARE_FORMATS, COMPARE_TABLES, printComparison, readMoment } from "../cli/compare/compare.js";
import { comparedInput } from "../cli/compare/inputs.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { addressesOf, taskclusterFlags } from "../cli/taskcluster/client.js";
import { withIds } from "../cli/taskcluster/ids.js";

export default class Compare extends Command {
  static override summary = "Compare trainings and evaluations side by side.";
  static override description =
    `Of logs, folders and reports: each metric at its best and at the last update at which all trainings were validated, the \
training cost there, and the options that differ. Of Taskcluster groups: BLEU, chrF and COMET (0 to 100) for each model and \
dataset; their trainings, too, if a log, folder or report is among the inputs or --table asks for them. The best of a row \
has a star, and differences are to the first column. Standard error names what could not be read.

Exit codes: 0 everything was read; 1 an input can't be read or holds nothing to compare; 2 wrong flags; 130, 143 stopped by \
SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "Two trainings, and the options that differ",
      command: "<%= config.bin %> compare models/teacher/train.log models/student/train.log",
    },
    {
      description: "All trainings of a folder, and those of a group",
      command: "<%= config.bin %> compare models/ ZowUkamoRKuDlb4uAeTvgg --table validation",
    },
    {
      description: "Where they stood at update 20000, and where they ended",
      command: "<%= config.bin %> compare models/ --at 20000 --at last",
    },
    {
      description: "Two experiments of Taskcluster, for an issue",
      command: `<%= config.bin %> compare ZowUkamoRKuDlb4uAeTvgg J2XoxaS9SnyWSEP9J9vJnQ --format markdown`,
    },
    {
      description: "Every metric of its evaluations",
      command: "<%= config.bin %> compare ZowUkamoRKuDlb4uAeTvgg --format csv > scores.csv",
    },
  ];
  static override strict = false;
  static override args = {
    input: Args.string({
      description:
        "log, folder, quoted pattern, report made by this program, - for standard input, or id, address or index route of a group; may be repeated",
      required: true,
      ignoreStdin: true,
    }),
  };
  static override flags = {
    at: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description:
        "where trainings are compared: best, last, common (the last update at which all were validated), or an update; may be repeated  [default: best and common]",
      helpValue: "UPDATE",
    }),
    table: Flags.option({ options: COMPARE_TABLES, multiple: true, multipleNonGreedy: true })({
      description:
        "what is printed; may be repeated  [default: all that there is; of groups alone, evaluations; as CSV, the first of these]",
    }),
    depth: Flags.integer({
      min: 0,
      default: 0,
      description: "how many steps away to look for groups that trainings build on",
      helpValue: "N",
    }),
    format: Flags.option({ options: COMPARE_FORMATS })({
      default: "table",
      description: "form of the output; text is table",
    }),
    json: Flags.boolean({ description: "the same as --format json", exclusive: ["format"] }),
    ...taskclusterFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Compare, withIds(this.argv));
    const names = [...new Set((argv as string[]).map((name) => name.trim()))];
    const inputs = addressesOf(names, comparedInput, this);
    const moments = [...new Set(flags.at ?? ["best", "common"])].map(
      (text) => readMoment(text) ?? this.usage(`--at ${text}: give best, last, common or an update`),
    );
    const format = flags.json ? "json" : flags.format;
    if (format === "csv" && (flags.table?.length ?? 0) > 1)
      this.usage("--format csv prints one table: give --table once");
    this.exit(await printComparison(inputs, { ...flags, moments, format }, this));
  }
}
