import { Command } from "../cli/command.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { namedInputs } from "../cli/flags/named-inputs.js";
import { readParserOptions } from "../cli/flags/parser-options.js";
import { inputReceiptFlags } from "../cli/flags/receipt-flags.js";
import { STDOUT } from "../cli/flags/row-output.js";
import { makeReport } from "../cli/report/write-report.js";
import { watchStopSignals } from "../cli/stop-signal.js";
import { withIds } from "../cli/taskcluster/ids.js";

export default class ReportCommand extends Command {
  static override summary = "Draw trainings into one HTML file that opens anywhere.";
  static override description =
    `The file holds the charts, the data and the viewer itself: it needs no server and no network, and you can drop more logs on it. \
Inputs are logs (also gzip and zstd), .metrics and .metrics.json files of evaluations, and folders of these. \
--summary writes the best validations and the findings of check as Markdown, for the page of a job.

Exit codes: 0 everything was read and written; 1 an input failed or had no measurement, or --strict found unmatched lines \
(the report is written and names it); 2 wrong flags or nothing to read; 3 a file could not be written; 130, 143 stopped by \
SIGINT, SIGTERM.`;
  static override examples = [
    {
      description: "One training, opened in the browser",
      command: "<%= config.bin %> report train.log --open",
    },
    {
      description: "All trainings of a folder, with their evaluations",
      command: "<%= config.bin %> report models/ -o models.html",
    },
    {
      description: "A Taskcluster group, with the groups that it builds on",
      command: "<%= config.bin %> report --from group ZowUkamoRKuDlb4uAeTvgg",
    },
    {
      description: "A whole archive",
      command: "<%= config.bin %> report --from archive experiments -o archive.html",
    },
    {
      description: "In a job of GitHub Actions",
      command: "<%= config.bin %> report train.log -o report.html --summary - >> $GITHUB_STEP_SUMMARY",
    },
  ];
  static override strict = false;
  static override args = {
    input: Args.string({
      description:
        "log, .metrics file, folder of these, quoted pattern (logs/**/*.log), or - for standard input",
      ignoreStdin: true,
    }),
  };
  static override flags = {
    output: Flags.string({
      char: "o",
      default: "report.html",
      description: "the file, or - for standard output",
      helpValue: "FILE",
    }),
    summary: Flags.string({
      description: "write the best validations and the findings to FILE as Markdown (- is standard output)",
      helpValue: "FILE",
    }),
    title: Flags.string({
      description: "title of the page  [default: the names of its runs]",
      helpValue: "TITLE",
    }),
    from: Flags.option({ options: ["files", "archive", "group", "task"] as const })({
      default: "files",
      description:
        "what the inputs are: files and folders; archives (folders or tars, as for the command archive); ids or addresses of Taskcluster groups or tasks",
    }),
    open: Flags.boolean({ description: "open the file in the browser" }),
    "files-from": Flags.string({
      description: "read the names of inputs from FILE (- is standard input), one per line",
      helpValue: "FILE",
      helpGroup: "INPUT",
    }),
    pattern: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "a kind of line to search for, drawn if its groups are numbers; may be repeated",
      helpValue: "NAME=REGEX",
      helpGroup: "INPUT",
    }),
    "time-zone": Flags.string({
      description: "zone of Marian's clock, for example Europe/Paris",
      helpValue: "ZONE",
      helpGroup: "INPUT",
    }),
    strict: Flags.boolean({ description: "unmatched lines are an error (exit code 1)", helpGroup: "INPUT" }),
    json: Flags.boolean({
      description:
        "the receipt as JSON on standard output (on standard error if the page or the summary goes there)",
      helpGroup: "RECEIPT",
    }),
    ...inputReceiptFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(ReportCommand, withIds(this.argv));
    const started = performance.now();
    const { usage } = this;
    const warn = (message: string) => this.warn(message);
    if (flags.from !== "files" && flags["files-from"] !== undefined)
      usage("--files-from names files: it does not go with --from");
    if (flags.from !== "files" && argv.length === 0) usage(`--from ${flags.from}: name one`);
    if (flags.output === STDOUT && flags.open) usage("--open opens a file: give -o FILE");
    if (flags.output === STDOUT && flags.summary === STDOUT)
      usage("-o and --summary can't both go to standard output: give one of them a FILE");
    const inputs =
      flags.from === "files"
        ? await namedInputs(argv as string[], flags["files-from"], { usage, warn }, { scores: true })
        : { names: argv as string[], folders: [] };
    const options = readParserOptions(flags.pattern ?? [], flags["time-zone"], usage);
    this.exit(
      await makeReport(inputs, {
        from: flags.from,
        output: flags.output,
        summary: flags.summary,
        title: flags.title,
        open: flags.open,
        options,
        strict: flags.strict,
        json: flags.json,
        detail: flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal",
        stop: watchStopSignals(),
        started,
        command: this,
      }),
    );
  }
}
