/** `parse`: its flags, and what it does. */
import type { WriteStream } from "node:tty";
import { openInputs } from "../archive/input-source.js";
import { EXIT } from "../exit-code.js";
import { STDIN } from "../io/inputs.js";
import { printableUrl } from "../io/objects/object-url.js";
import { Echo } from "../io/stdin.js";
import { say } from "../io/terminal.js";
import { signalsDelivered, watchPipeSignals } from "../live/pipe-signals.js";
import { parseLogs } from "../pipeline/parse-logs.js";
import type { CommandContext, PlainCommand, ReadArguments } from "./command-context.js";
import { compressionFlag, readCompression } from "./flags/compression.js";
import { silentAfterFlag } from "./flags/duration.js";
import { failUnfinishedFlag } from "./flags/fail-unfinished.js";
import { Args, Flags } from "./flags/flag.js";
import { namedInputs } from "./flags/named-inputs.js";
import { readParserOptions } from "./flags/parser-options.js";
import { flagPublishers, publisherFlags } from "./flags/publisher-flags.js";
import { inputReceiptFlags } from "./flags/receipt-flags.js";
import { rowOutput, tableFlag } from "./flags/row-output.js";
import { manifestFlags, maxErrorsFlag, shardFlag } from "./flags/shard.js";
import { unusedFlagsText, wandbFlags } from "./flags/wandb-flags.js";
import { report } from "./receipts/report.js";
import { watchStopSignals } from "./stop-signal.js";
import { FollowStatus } from "./terminal/follow-status.js";
import { canRedraw, showLive } from "./terminal/live-view.js";
import { Plot, printCharts } from "./terminal/plot.js";
import { startProgress } from "./terminal/progress.js";

const args = {
  input: Args.string({
    description:
      "file, folder of logs, quoted pattern (logs/**/*.log), URL (https:// or gs://) of a public object, or - for standard input",
    ignoreStdin: true,
  }),
};

const flags = {
  format: Flags.option({ options: ["csv", "ndjson", "parquet", "tsv"] as const })({
    description: "what to write; tsv: with -o - or --manifest  [default: csv; with --manifest: ndjson]",
  }),
  compression: compressionFlag,
  "output-dir": Flags.string({
    char: "o",
    aliases: ["output"],
    description:
      "folder of the results, or - for standard output  [default: ./output for CSV and Parquet, unless --plot is given; standard output for NDJSON]",
    helpValue: "DIR",
  }),
  table: tableFlag,
  "files-from": Flags.string({
    description: "read the names of inputs from FILE (- is standard input), one per line",
    helpValue: "FILE",
    helpGroup: "INPUT",
  }),
  combine: Flags.boolean({ description: "one set of files for all inputs, with a first column source" }),
  follow: Flags.boolean({
    description: "read growing files until SIGINT or SIGTERM, also if they are renamed or cut",
    exclusive: ["combine", "tee", "dry-run", "jobs"],
    helpGroup: "INPUT",
  }),
  tee: Flags.boolean({ description: "pass standard input through to standard output, byte for byte" }),
  pattern: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    description: "a kind of line to search for; may be repeated",
    helpValue: "NAME=REGEX",
    helpGroup: "INPUT",
  }),
  "time-zone": Flags.string({
    description: "zone of Marian's clock, for example Europe/Paris",
    helpValue: "ZONE",
    helpGroup: "INPUT",
  }),
  plot: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ",",
    description:
      "draw a metric (cost, rate, chrf, ce-mean-words_stalled, …) on standard output, or on standard error if that is taken; separate several by commas",
    helpValue: "METRIC",
    helpGroup: "CHARTS",
  }),
  "log-scale": Flags.boolean({
    description: "draw on a logarithmic scale",
    dependsOn: ["plot"],
    helpGroup: "CHARTS",
  }),
  outliers: Flags.boolean({
    description: "scale the chart to all values; without it, a few that lie far from all others are cut off",
    dependsOn: ["plot"],
    helpGroup: "CHARTS",
  }),
  ...publisherFlags,
  ...silentAfterFlag,
  ...failUnfinishedFlag,
  strict: Flags.boolean({ description: "unmatched lines are an error (exit code 1)", helpGroup: "INPUT" }),
  json: Flags.boolean({
    description: "the receipt as JSON on standard output (on standard error if rows go to standard output)",
    helpGroup: "RECEIPT",
  }),
  ...inputReceiptFlags,
  jobs: Flags.integer({
    char: "j",
    min: 1,
    description:
      "inputs read at once, if each has files of its own  [default: by size, at most the number of cores]",
    helpGroup: "INPUT",
    helpValue: "N",
  }),
  ...manifestFlags,
  ...shardFlag,
  ...maxErrorsFlag,
  wandb: Flags.boolean({
    description: "W&B: publish to the project that WANDB_PROJECT names",
    helpGroup: "WEIGHTS & BIASES",
  }),
  ...wandbFlags,
  "override-runs": Flags.boolean({
    description: "W&B: replace the rows of runs with the same id",
    helpGroup: "WEIGHTS & BIASES",
  }),
  "dry-run": Flags.boolean({
    description:
      "W&B: print what would be published, compared with what is there, and change nothing; with --manifest: say what would be read and written",
    helpGroup: "WEIGHTS & BIASES",
  }),
};

/** `parse`. */
export const parseCommand: PlainCommand<typeof flags> = { flags, args, strict: false, run };

async function run(
  { argv, flags }: ReadArguments<typeof parseCommand.flags>,
  context: CommandContext,
): Promise<number> {
  const started = performance.now();
  const { usage, warn, version }: CommandContext = context;
  const publishes = flags.wandb || flags["wandb-project"] !== undefined;
  if (!publishes && flags["dry-run"] && flags.manifest === undefined)
    usage("--dry-run shows what would be published: give --wandb-project, or --wandb and WANDB_PROJECT");
  const unused = unusedFlagsText(flags);
  if (unused !== undefined) warn(unused);
  if (flags.manifest !== undefined) {
    const { parseManifest } = await import("./manifests/parse.js");
    return parseManifest(flags.manifest, argv, flags, version, usage);
  }
  if (flags["max-errors"] !== undefined) usage("--max-errors needs a --manifest");
  if (flags.force) usage("--force needs a --manifest");
  if (flags.shard !== undefined) usage("--shard is a part of a manifest: name one with --manifest");
  const { names: inputs, folders } = await namedInputs(
    argv,
    flags["files-from"],
    { usage, warn },
    { growing: flags.follow },
  );
  await context.warned();
  if (flags.tee && !inputs.includes(STDIN))
    usage("--tee passes standard input through: give - as an input, or pipe a log in");
  const unfollowed = flags.follow ? inputs.find((name) => name === STDIN || name.includes("://")) : undefined;
  if (unfollowed !== undefined)
    usage(
      unfollowed === STDIN
        ? "--follow reads files that grow: name them, or pipe a log in without --follow"
        : `--follow reads files that grow, and ${printableUrl(unfollowed)} is an object: read it without --follow`,
    );
  const output = rowOutput(flags, inputs, usage);
  const compression = readCompression(flags.compression, [flags.format ?? "csv"], usage);
  const options = readParserOptions(flags.pattern ?? [], flags["time-zone"], usage);

  // In a pipe after a training, the training decides when to end, whatever signal comes.
  const stop = flags.tee ? watchPipeSignals() : watchStopSignals();
  const wandb = publishes
    ? await (await import("./flags/wandb-target.js"))
        .wandbTarget(flags, {
          sources: inputs,
          stop: stop.signal,
          override: flags["override-runs"],
          parser: options,
          environment: process.env,
        })
        .catch((error: Error) => usage(error.message))
    : undefined;
  if (publishes && wandb === undefined && !flags.quiet)
    say("Weights & Biases is switched off by WANDB_MODE or WANDB_DISABLED: nothing is published");
  if (flags["dry-run"]) {
    const { printPreviews } = await import("./receipts/wandb-preview.js");
    return printPreviews(inputs, wandb, options, flags.json);
  }

  const plot = flags.plot === undefined ? undefined : new Plot(flags.plot);
  const isWatched = flags.follow && !flags.quiet && !flags.json && canRedraw(process.stderr);
  const status = isWatched ? new FollowStatus() : undefined;
  const openers = [
    ...(plot === undefined ? [] : [plot.opener]),
    ...(status === undefined ? [] : [status.opener]),
    ...(await flagPublishers(flags, usage)),
    ...(wandb === undefined ? [] : [wandb.publisher]),
  ];
  const opened = openInputs(inputs);
  const isQuiet = flags.quiet || flags.follow || inputs.includes(STDIN);
  const progress = startProgress({ bytes: opened.bytes }, process.stderr, isQuiet);
  const stdoutTaken = output.kind === "lines" || output.kind === "table" || flags.tee;
  const terminal: WriteStream = stdoutTaken || flags.json ? process.stderr : process.stdout;
  const settings = { logarithmic: flags["log-scale"], outliers: flags.outliers };
  const view = showLive({
    charts: flags.follow && plot !== undefined ? { plot, terminal, settings } : undefined,
    status,
  });
  const result = await parseLogs({
    names: inputs,
    inputs: opened,
    format: flags.format === "ndjson" || flags.format === "parquet" ? flags.format : "csv",
    compression,
    output,
    combine: flags.combine,
    echo: flags.tee ? new Echo(process.stdout) : undefined,
    follow: flags.follow,
    options,
    threads: flags.jobs,
    silentAfter: flags["silent-after"],
    signal: stop.signal,
    progress: progress.add,
    version,
    openers,
  }).finally(() => {
    progress.stop();
    view.stop();
  });
  await wandb?.close();
  if (plot !== undefined) await printCharts(plot, terminal, settings);
  await signalsDelivered();
  const verdict = {
    strict: flags.strict,
    publisherErrors: result.errors,
    ...(stop.received ? { signal: stop.received } : {}),
    ...(flags["fail-unfinished"] ? { unfinished: "last" as const } : {}),
  };
  const detail = flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal";
  const code = report(result.receipts, verdict, {
    detail,
    json: flags.json,
    stdoutTaken,
    hints: true,
    started,
    folders,
  });
  // Of a log that was not read to its end nobody knows what it lacks.
  const faults = stop.received === undefined ? (plot?.faults ?? []) : [];
  for (const fault of faults) say(fault);
  return faults.length > 0 ? EXIT.usage : code;
}
