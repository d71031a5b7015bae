import { Command } from "../cli/command.js";
import { silentAfterFlag } from "../cli/flags/duration.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { namedInputs } from "../cli/flags/named-inputs.js";
import { readParserOptions } from "../cli/flags/parser-options.js";
import { watchStopSignals } from "../cli/stop-signal.js";
import { SUMMARY_FORMATS, summarize } from "../cli/summary/summarize.js";
import { suggestion } from "../cli/usage-error.js";

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
  static override strict = false;
  static override args = {
    input: Args.string({
      description:
        "file, folder, quoted pattern (logs/**/*.log), tar, URL of a public object, or - for standard input",
      ignoreStdin: true,
    }),
  };
  static override flags = {
    sort: Flags.string({
      description:
        "what to sort by, the best first: a metric, or name, state, update, epoch, cost, stalled, speed, duration, ended  [default: the order of the inputs]",
      helpValue: "KEY",
    }),
    reverse: Flags.boolean({ description: "the other way round" }),
    format: Flags.option({ options: SUMMARY_FORMATS })({
      default: "table",
      description: "form of the table",
    }),
    json: Flags.boolean({ description: "the same as --format json", exclusive: ["format"] }),
    ...silentAfterFlag,
    "files-from": Flags.string({
      description: "read the names of inputs from FILE (- is standard input), one per line",
      helpValue: "FILE",
    }),
    "time-zone": Flags.string({
      description: "zone of Marian's clock, for example Europe/Paris",
      helpValue: "ZONE",
    }),
    quiet: Flags.boolean({ char: "q", description: "the summary and what could not be read, nothing else" }),
    jobs: Flags.integer({
      char: "j",
      min: 1,
      description: "inputs read at once  [default: by size, at most the number of cores]",
      helpValue: "N",
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Summary);
    const { usage } = this;
    const warn = (message: string) => this.warn(message);
    const named = await namedInputs(argv as string[], flags["files-from"], { usage, warn });
    const code = await summarize({
      ...named,
      options: readParserOptions([], flags["time-zone"], usage),
      threads: flags.jobs,
      silentAfter: flags["silent-after"],
      format: flags.json ? "json" : flags.format,
      sort: flags.sort,
      reverse: flags.reverse,
      quiet: flags.quiet,
      version: this.config.version,
      stop: watchStopSignals(),
      unsortable: (key, keys) =>
        usage(
          [
            `--sort ${key}: no training has this metric; give one of ${keys.join(", ")}`,
            ...suggestion(key, keys),
          ].join(". "),
        ),
    });
    this.exit(code);
  }
}
