import { Command } from "../cli/command.js";
import { parseCommand } from "../cli/parse.js";

export default class Parse extends Command {
  static override summary = "Turn logs into CSV, NDJSON, charts, TensorBoard or W&B runs.";
  static override description =
    `Reads files, folders, patterns and standard input, also packed with gzip or zstd. \
CSV goes to training.csv and validation.csv in the output folder, Parquet to files of the same names, with a folder for each of several inputs; NDJSON goes to \
standard output. A receipt on standard error says what was read and what could not be read.

Exit codes: 0 everything was read and written; 1 an input failed or had no measurement, or --strict found unmatched lines; \
2 wrong flags or nothing to read; 3 something could not be written; 4 a training did not finish (--fail-unfinished); 130, 143 stopped by SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "One log to output/training.csv and output/validation.csv",
      command: "<%= config.bin %> parse train.log",
    },
    {
      description: "Many logs into one pair of files; the column source tells them apart",
      command: "<%= config.bin %> parse 'logs/**/train.log.gz' --combine -o tables",
    },
    {
      description: "Everything as lines of JSON",
      command: "<%= config.bin %> parse train.log --format ndjson",
    },
    {
      description: "In the pipe of a training: the log passes through unchanged",
      command: "marian -c config.yml 2>&1 | <%= config.bin %> parse --tee -o metrics",
    },
    {
      description: "Charts of several trainings in the terminal",
      command: "<%= config.bin %> parse models/*/train.log --plot cost --plot chrf",
    },
    {
      description: "For TensorBoard, with the tags of marian-tensorboard",
      command: "<%= config.bin %> parse models/*/train.log --tensorboard runs && tensorboard --logdir runs",
    },
    {
      description: "Logs that other programs are writing",
      command: "<%= config.bin %> parse --follow models/*/train.log -o metrics",
    },
    {
      description: "Numbers from other lines",
      command: "<%= config.bin %> parse train.log --pattern 'memory=Reserving (?P<mb>[0-9]+) MB'",
    },
  ];
  static override strict = parseCommand.strict;
  static override args = parseCommand.args;
  static override flags = parseCommand.flags;

  async run(): Promise<void> {
    return this.runPlain(parseCommand);
  }
}
