import { FINDING_KINDS } from "../check/finding.js";
import { type CheckedInput, checkInputs } from "../cli/check-inputs.js";
import { Command } from "../cli/command.js";
import { Args, Flags } from "../cli/flags/flag.js";
import { namedInputs } from "../cli/flags/named-inputs.js";
import { readParserOptions } from "../cli/flags/parser-options.js";
import { checkJson, findingsText, summaryText, totalsOf } from "../cli/receipts/check-text.js";
import { foldersText, RUNNING } from "../cli/receipts/receipt.js";
import { EXIT } from "../exit-code.js";
import { Echo } from "../io/stdin.js";
import { say, sayText } from "../io/terminal.js";
import { outputErrorText } from "../pipeline/error-text.js";

/** What a failing check may start from. */
const SEVERITIES = ["error", "warning", "info"] as const;

const kinds = (description: string, exclusive: string[] = []) =>
  Flags.option({ options: FINDING_KINDS, multiple: true, multipleNonGreedy: true, delimiter: "," })({
    description,
    exclusive,
    helpValue: "KIND",
  });

export default class Check extends Command {
  static override summary = "Find what went wrong: NaN, divergence, stalls, gaps, restarts.";
  static override description =
    `Prints a line for each finding, "file:line: kind: words [severity]", in the order of the log, and a summary on standard error.
Kinds: ${FINDING_KINDS.join(", ")} (docs/check.md explains them).
An error means that the training is broken, a warning that someone should look; info explains the curves.

Exit codes: 0 no finding of severity warning or above (see --fail-on); 1 there is such a finding, or an input could not be \
read or contains no measurements; 2 wrong flags or nothing to read; 3 standard output could not be written.`;
  static override examples = [
    { description: "One log", command: "<%= config.bin %> check train.log" },
    {
      description: "In CI: every training of an archive, as JSON",
      command: "<%= config.bin %> check models --json > findings.json",
    },
    {
      description: "Broken trainings only",
      command: "<%= config.bin %> check 'logs/*.log' --only nan,divergence --quiet",
    },
    {
      description: "A running training, which has not ended yet",
      command: "<%= config.bin %> check train.log --ignore unfinished --stalled 15",
    },
  ];
  static override strict = false;
  static override args = {
    input: Args.string({
      description: "file, folder of logs, quoted pattern (logs/**/*.log), or - for standard input",
      ignoreStdin: true,
    }),
  };
  static override flags = {
    only: kinds("look for these kinds only; separate several by commas"),
    ignore: kinds("leave these kinds out; separate several by commas", ["only"]),
    "fail-on": Flags.option({ options: SEVERITIES })({
      default: "warning",
      description: "lowest severity that makes the exit code 1",
    }),
    divergence: Flags.string({
      description: "a cost above its best times this diverges  [default: 1.5]",
      helpValue: "FACTOR",
    }),
    stalled: Flags.integer({
      min: 1,
      description:
        "warn if a metric did not improve in this many validations  [default: the log's early-stopping, which is info]",
      helpValue: "N",
    }),
    gap: Flags.string({
      description: "seconds of silence that count as a gap, if also ten times the usual  [default: 1800]",
      helpValue: "SECONDS",
    }),
    throughput: Flags.string({
      description: "words per second below their median times this are slow  [default: 0.5]",
      helpValue: "PART",
    }),
    "files-from": Flags.string({
      description: "read the names of inputs from FILE (- is standard input), one per line",
      helpValue: "FILE",
      helpGroup: "INPUT",
    }),
    "time-zone": Flags.string({
      description: "zone of Marian's clock, for example Europe/Paris",
      helpValue: "ZONE",
      helpGroup: "INPUT",
    }),
    json: Flags.boolean({
      description: "everything as one JSON object on standard output",
      helpGroup: "OUTPUT",
    }),
    quiet: Flags.boolean({ char: "q", description: "findings only, no summary", helpGroup: "OUTPUT" }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Check);
    const { usage } = this;
    const warn = (message: string) => this.warn(message);
    const { names, folders } = await namedInputs(argv as string[], flags["files-from"], { usage, warn });
    const options = readParserOptions([], flags["time-zone"], usage);
    const { only = FINDING_KINDS, ignore = [], stalled } = flags;
    const number = (name: "divergence" | "gap" | "throughput") => {
      const value = flags[name] === undefined ? undefined : Number(flags[name]);
      if (value !== undefined && !(value > 0 && value < Number.POSITIVE_INFINITY))
        usage(`--${name} ${flags[name]}: give a number above 0`);
      return value;
    };
    const [divergence, gap, throughput] = [number("divergence"), number("gap"), number("throughput")];
    const limits = {
      kinds: only.filter((kind) => !ignore.includes(kind)),
      ...(divergence === undefined ? {} : { divergence }),
      ...(stalled === undefined ? {} : { stalled }),
      ...(gap === undefined ? {} : { gapSeconds: gap }),
      ...(throughput === undefined ? {} : { throughput }),
    };
    const out = new Echo(process.stdout);
    const print = (text: string) => out.write(new TextEncoder().encode(text));
    const colour = process.stdout.isTTY && !process.env["NO_COLOR"];
    const inputs: CheckedInput[] = [];
    for await (const input of checkInputs({ names, options, limits, quiet: flags.quiet })) {
      inputs.push(input);
      if (!flags.json) await print(findingsText(input, colour));
      if (input.error !== undefined) say(`${input.source}: ${input.error}`);
      if (input.running && !flags.quiet && !flags.json) say(`${input.source}: ${RUNNING}`);
    }
    const totals = totalsOf(inputs.flatMap(({ findings }) => findings));
    const unread = inputs.filter(({ error }) => error !== undefined).length;
    const failing = SEVERITIES.slice(0, SEVERITIES.indexOf(flags["fail-on"]) + 1);
    const failed = unread > 0 || failing.some((severity) => totals[severity] > 0);
    const code = failed ? EXIT.input : EXIT.ok;
    if (flags.json)
      await print(checkJson(inputs, totals, out.fault === undefined ? code : EXIT.publisher, folders));
    else if (!flags.quiet) {
      for (const line of foldersText(folders)) say(line);
      sayText(summaryText(inputs.length, unread, totals));
    }
    if (out.fault !== undefined)
      say(`not everything was written to standard output: ${outputErrorText(out.fault)}`);
    this.exit(out.fault === undefined ? code : EXIT.publisher);
  }
}
