/** `summary`: its flags, and what they ask for. */
import type { CommandContext, PlainCommand, ReadArguments } from "../command-context.js";
import { silentAfterFlag } from "../flags/duration.js";
import { Args, Flags } from "../flags/flag.js";
import { namedInputs } from "../flags/named-inputs.js";
import { readParserOptions } from "../flags/parser-options.js";
import { watchStopSignals } from "../stop-signal.js";
import { suggestion } from "../usage-error.js";
import { SUMMARY_FORMATS, summarize } from "./summarize.js";

const args = {
  input: Args.string({
    description:
      "file, folder, quoted pattern (logs/**/*.log), tar, URL of a public object, or - for standard input",
    ignoreStdin: true,
  }),
};

const flags = {
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

export const summaryCommand: PlainCommand<typeof flags> = { flags, args, strict: false, run };

async function run(
  { argv, flags }: ReadArguments<typeof summaryCommand.flags>,
  context: CommandContext,
): Promise<number> {
  const { usage } = context;
  const named = await namedInputs(argv, flags["files-from"], context);
  await context.warned();
  return summarize({
    ...named,
    options: readParserOptions([], flags["time-zone"], usage),
    threads: flags.jobs,
    silentAfter: flags["silent-after"],
    format: flags.json ? "json" : flags.format,
    sort: flags.sort,
    reverse: flags.reverse,
    quiet: flags.quiet,
    version: context.version,
    stop: watchStopSignals(),
    unsortable: (key, keys) =>
      usage(
        [
          `--sort ${key}: no training has this metric; give one of ${keys.join(", ")}`,
          ...suggestion(key, keys),
        ].join(". "),
      ),
  });
}
