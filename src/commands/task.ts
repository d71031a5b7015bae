import { Command } from "../cli/command.js";
import { Flags } from "../cli/flags/flag.js";
import { groupFlags } from "../cli/flags/group-flags.js";
import { idArgument, taskclusterFlags } from "../cli/taskcluster/client.js";
import { withIds } from "../cli/taskcluster/ids.js";
import { runTaskCommand } from "../cli/taskcluster/task.js";

const { only: _only, ...flags } = groupFlags;

export default class Task extends Command {
  static override summary = "Publish one Taskcluster task, also while it runs.";
  static override description =
    `A finished training becomes a run; an evaluation becomes a run and a row in the table of its group. With --follow, a \
training is published from outside while it runs, through broken connections and pre-emptions, to its end. Started again, \
the command continues the same run and repeats no row. With -o and --follow, training.csv, validation.csv and \
measurements.ndjson in that folder grow row by row; without --follow the folder gets tables.

Exit codes: 0 everything was read and delivered; 1 something could not be read; 2 wrong flags or no API key; 3 something was \
not delivered or written; 4 the followed task failed; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    { description: "A finished training", command: "<%= config.bin %> task LCi0szo2RuGr-iRSP6-nRg" },
    {
      description: "A running training, with a chart in the terminal",
      command: "<%= config.bin %> task LCi0szo2RuGr-iRSP6-nRg --follow --plot chrf",
    },
    {
      description: "One of its runs, counted from 0",
      command: "<%= config.bin %> task LCi0szo2RuGr-iRSP6-nRg --run 1",
    },
    {
      description: "Only charts, of a finished training",
      command: "<%= config.bin %> task LCi0szo2RuGr-iRSP6-nRg --no-wandb --plot cost",
    },
    {
      description: "Only into files",
      command: "<%= config.bin %> task LCi0szo2RuGr-iRSP6-nRg --follow --no-wandb -o metrics",
    },
  ];
  static override args = {
    task: idArgument("id, address or index route of the task"),
  };
  static override flags = {
    follow: Flags.boolean({ char: "f", description: "publish the training while it runs" }),
    run: Flags.integer({
      min: 0,
      description: "the run, from 0  [default: that of the address, else the last]",
      helpValue: "N",
    }),
    plot: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ",",
      description:
        "draw a metric of the training on standard output, or on standard error with --json; separate several by commas",
      helpValue: "METRIC",
    }),
    ...taskclusterFlags,
    ...flags,
  };

  async run(): Promise<void> {
    const { args, flags: given } = await this.parse(Task, withIds(this.argv));
    this.exit(await runTaskCommand(args.task, { ...given, only: undefined }, this));
  }
}
