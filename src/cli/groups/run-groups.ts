/** What `archive`, `group` and `task` do: groups into tables and to Weights & Biases, with a receipt. */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { ParserOptions } from "../../core/log-parser.js";
import { EXIT } from "../../exit-code.js";
import { isBucketUrl } from "../../io/objects/object-url.js";
import { withinDescriptors } from "../../io/open-files.js";
import { printText, say, sayText } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import { inputErrorText } from "../../pipeline/error-text.js";
import type { GroupSource } from "../../pipeline/groups/group-source.js";
import { Ledger } from "../../pipeline/groups/ledger.js";
import { type GroupsResult, processGroups } from "../../pipeline/groups/process-groups.js";
import type { RunReceipt } from "../../pipeline/groups/publish-groups.js";
import type { WandbGroups } from "../../pipeline/groups/wandb-groups.js";
import type { TableFormat } from "../../publishers/tables/columns.js";
import type { Compression } from "../../publishers/tables/compression.js";
import { readCompression } from "../flags/compression.js";
import { readParserOptions } from "../flags/parser-options.js";
import { noKeyText } from "../flags/wandb-flags.js";
import { planText } from "../receipts/group-plan.js";
import { groupsExitCode, groupsReceiptJson, groupsReceiptText } from "../receipts/group-receipt.js";
import { sayNext } from "../receipts/next-command.js";
import type { Detail } from "../receipts/receipt.js";
import { watchStopSignals } from "../stop-signal.js";
import { startProgress } from "../terminal/progress.js";

/** The values of the flags that all commands of groups share. */
export interface GroupFlagValues {
  /** Undefined if the command has no such flag: it publishes. */
  readonly wandb: boolean | undefined;
  readonly "wandb-client": string | undefined;
  readonly "wandb-api-key-file": string | undefined;
  readonly "retry-for"?: number | undefined;
  readonly "override-runs": boolean;
  readonly tags: string[] | undefined;
  readonly "output-dir": string | undefined;
  readonly format: TableFormat[] | undefined;
  /** The compatibility binaries have no such flag. */
  readonly compression?: Compression | undefined;
  /** Only `archive` has these. */
  readonly "partition-by"?: "project" | undefined;
  readonly "max-file-size"?: number | undefined;
  readonly verify?: boolean | undefined;
  readonly only: "training" | "evaluations" | undefined;
  readonly jobs: number | undefined;
  readonly "time-zone": string | undefined;
  readonly ledger: string | undefined;
  /** Metrics that are drawn; only `task` has this flag. */
  readonly plot?: readonly string[] | undefined;
  readonly "dry-run": boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** What a command of groups knows before it looks for them. */
export interface GroupsJob {
  readonly flags: GroupFlagValues;
  readonly target: WandbGroups | undefined;
  readonly parser: ParserOptions;
  /** Of the tables. */
  readonly formats: readonly TableFormat[];
  readonly compression: Compression;
  readonly stop: StopRequest;
  /** Of the program. */
  readonly version: string;
  /** `performance.now()` at the start. */
  readonly started: number;
  /** The command that is useful after this one; none for the compatibility binaries. */
  readonly next?: string | undefined;
}

/** How a command that has no key ends. */
export interface NoKey {
  /** What it would publish. */
  readonly what: string;
  /** Ends the command with this line. */
  readonly refuse: (line: string) => never;
}

/** Reads the flags; `refuse` ends the command with its message, as it does without a key if `noKey` is absent. */
export async function prepareGroups(
  flags: GroupFlagValues,
  tags: readonly string[],
  version: string,
  refuse: (message: string) => never,
  noKey?: NoKey,
): Promise<GroupsJob> {
  const started = performance.now();
  const parser = readParserOptions([], flags["time-zone"], refuse);
  const formats = flags.format ?? ["csv", "parquet"];
  const compression = readCompression(flags.compression, formats, refuse);
  const stop = watchStopSignals();
  const open = async (client = flags["wandb-client"]) => {
    // Without W&B its client need not be loaded.
    const wandb = await import("../../pipeline/groups/wandb-groups.js");
    return wandb.WandbGroups.open({
      client,
      apiKeyFile: flags["wandb-api-key-file"],
      budget: flags["retry-for"],
      override: flags["override-runs"],
      tags,
      userTags: flags.tags,
      parser,
      stop: stop.signal,
      environment: process.env,
    });
  };
  const explain = async (error: Error & { readonly code?: unknown }) => {
    if (error.code === "no-key" && flags["dry-run"]) {
      if (!flags.quiet)
        say("there is no API key: runs that only the server and its ledger know count as new");
      return await open("offline");
    }
    if (error.code !== "no-key" || !flags.wandb) return refuse(error.message);
    if (noKey === undefined) return refuse(`${error.message}; --no-wandb turns publishing off`);
    const { resolveSettings } = await import("../../wandb/index.js");
    return noKey.refuse(noKeyText(noKey.what, resolveSettings()));
  };
  const target = flags.wandb === false ? undefined : await open().catch(explain);
  if (target === undefined && flags["output-dir"] === undefined && flags.plot === undefined)
    refuse(
      flags.wandb === undefined
        ? "nothing to do: Weights & Biases is switched off by WANDB_MODE or WANDB_DISABLED"
        : "nothing to do: Weights & Biases is switched off, and no folder for tables is named with -o",
    );
  return { flags, target, parser, formats, compression, stop, version, started };
}

/** Runs that are published at once: most of the time they wait for the server. */
const RUNS_AT_ONCE = 8;
/** Files that a run has open: its log, the offline file, the console log, and one that is being written whole. */
const FILES_PER_RUN = 4;

/**
 * Does what is asked for, prints the receipt and returns the exit code.
 *
 * @param name What the user named: a folder, a group id.
 */
export async function runGroups(name: string, source: GroupSource, job: GroupsJob): Promise<number> {
  const { flags, target, parser, stop } = job;
  const folder = flags["output-dir"];
  const detail = flags.quiet ? "quiet" : flags.verbose ? "verbose" : "normal";
  const ledger = await openLedger(name, job).catch((error: Error) => {
    say(error.message);
    return undefined;
  });
  if (ledger === undefined) return EXIT.publisher;
  for (const note of ledger.notes) say(note);
  const dryRun = flags["dry-run"];
  const passes = (target === undefined ? 0 : 1) + (folder === undefined || dryRun ? 0 : 1);
  const extent = { bytes: source.bytes * passes, runs: source.trainings * passes };
  const bar = startProgress(extent, process.stderr, detail === "quiet", { heartbeat: true });
  const common = {
    ledger,
    parser,
    again: flags["override-runs"],
    only: flags.only,
    dryRun,
    signal: stop.signal,
    progress: bar.add,
    done({ kind, errors }: RunReceipt) {
      if (kind === "training") bar.done(1, Math.min(1, errors.length));
    },
    runsDone: bar.done,
  };
  const tables =
    folder === undefined
      ? undefined
      : {
          ...common,
          folder,
          formats: job.formats,
          compression: job.compression,
          partitionBy: flags["partition-by"],
          maxFileBytes: flags["max-file-size"],
          verify: flags.verify === true,
          threads: flags.jobs,
          version: job.version,
        };
  const publication =
    target === undefined
      ? undefined
      : { ...common, target, atOnce: withinDescriptors(RUNS_AT_ONCE, FILES_PER_RUN) };
  try {
    const done = await processGroups(source, { tables, publication, signal: stop.signal });
    bar.stop();
    const result = stop.received === undefined ? done : { ...done, signal: stop.received };
    if (dryRun && !flags.json) printText(planText(result.published ?? []));
    printReceipt(result, job, dryRun && detail === "normal" ? "quiet" : detail);
    return groupsExitCode(result);
  } finally {
    bar.stop();
    await ledger.close();
    await target?.close();
  }
}

function printReceipt(result: GroupsResult, { flags, started, next }: GroupsJob, detail: Detail): void {
  const cpu = process.cpuUsage();
  const clock = {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
  if (flags.json) printText(groupsReceiptJson(result, clock));
  else {
    sayText(groupsReceiptText(result, clock, detail));
    // Undelivered rows have a command of their own in the receipt.
    if (detail !== "quiet" && groupsExitCode(result) === EXIT.ok) sayNext(next);
  }
}

/** Opens the ledger that the user named, else that of the output folder, else that of this target and input in the cache. */
async function openLedger(name: string, { flags, target }: GroupsJob): Promise<Ledger> {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const about = `${target?.place ?? ""}\n${resolve(name)}`;
  const digest = createHash("sha256").update(about).digest("hex").slice(0, 16);
  const folder = flags["output-dir"];
  const path =
    flags.ledger ??
    (folder === undefined || isBucketUrl(folder)
      ? join(cache, "marian-tracking", "ledgers", `${digest}.ndjson`)
      : join(folder, "ledger.ndjson"));
  try {
    return await Ledger.open(path);
  } catch (error) {
    throw new Error(`the ledger ${path} can't be read: ${inputErrorText(error)}; name another with --ledger`);
  }
}
