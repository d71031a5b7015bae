import { Command } from "../cli/command.js";
import { summaryCommand } from "../cli/summary/summary.js";

export default class Summary extends Command {
  static override summary = "Say how trainings are doing: state, best validations, speed.";
  static override description =
    `One log gets a few lines, several get a table with a row each; nothing is written to files. \
marian-tracking FILE is the same as marian-tracking summary FILE.
A training is finished, failed, running, or silent: neither finished nor failed, and without a record for three times the \
usual distance of its records, 30 minutes at least. That is measured from the time of its last record; if the log does not \
say its time zone, from the time at which the file was written last.

Exit codes: 0 all logs were read; 1 an input could not be read or contains no measurements; 2 wrong flags or nothing to read; \
3 standard output could not be written; 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    { description: "One log", command: "<%= config.bin %> train.log" },
    {
      description: "All trainings of a folder, the best chrF first",
      command: "<%= config.bin %> summary models/ --sort chrf",
    },
    {
      description: "A table for an issue",
      command: "<%= config.bin %> summary 'models/**/train.log' --format markdown",
    },
    {
      description: "Names of the trainings that have fallen silent",
      command:
        "<%= config.bin %> summary models/ --json | jq -r '.runs[] | select(.state == \"silent\") | .source'",
    },
  ];
  static override strict = summaryCommand.strict;
  static override args = summaryCommand.args;
  static override flags = summaryCommand.flags;

  async run(): Promise<void> {
    return this.runPlain(summaryCommand);
  }
}
