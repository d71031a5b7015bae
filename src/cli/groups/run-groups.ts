/** What `archive`, `group` and `task` do: groups into tables and to Weights & Biases, with a receipt. */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Group, Problem } from "../../archive/group.js";
import { wholeLog } from "../../archive/validation-log/join.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { EXIT } from "../../exit-code.js";
import { withinDescriptors } from "../../io/open-files.js";
import { printText, say, sayText } from "../../io/terminal.js";
import { inputErrorText } from "../../pipeline/error-text.js";
import { Ledger } from "../../pipeline/groups/ledger.js";
import { type GroupTarget, publishGroups } from "../../pipeline/groups/publish-groups.js";
import type { TableFormat } from "../../publishers/tables/columns.js";
import { readParserOptions } from "../flags/parser-options.js";
import { planText } from "../receipts/group-plan.js";
import {
  type GroupsResult,
  groupsExitCode,
  groupsReceiptJson,
  groupsReceiptText,
} from "../receipts/group-receipt.js";
import type { Detail } from "../receipts/receipt.js";
import { type StopSignal, watchStopSignals } from "../stop-signal.js";
import { startProgress } from "../terminal/progress.js";
import { makeTables } from "./group-tables.js";
import { type GroupTargetFlags, groupTarget } from "./group-target.js";

/** Groups that were found; each is read when it is asked for. */
export interface GroupsFound {
  /** Trainings, and bytes of their logs, for the progress. */
  readonly runs: number;
  readonly bytes: number;
  /** What is wrong apart from the groups themselves. */
  readonly problems: readonly Problem[];
  groups(): AsyncIterable<Group>;
}

/** The values of the flags that all commands of groups share. */
export interface GroupFlagValues extends GroupTargetFlags {
  readonly "output-dir": string | undefined;
  readonly format: TableFormat[] | undefined;
  readonly only: "training" | "evaluations" | undefined;
  readonly jobs: number | undefined;
  readonly "time-zone": string | undefined;
  readonly ledger: string | undefined;
  readonly "dry-run": boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** What a command of groups has before it looks for them. */
export interface GroupsJob {
  readonly flags: GroupFlagValues;
  readonly target: GroupTarget | undefined;
  readonly parser: ParserOptions;
  readonly stop: StopSignal;
  /** Of the program. */
  readonly version: string;
  /** `performance.now()` at the start. */
  readonly started: number;
}

/** Reads the flags; `refuse` ends the command with its message. */
export async function prepareGroups(
  flags: GroupFlagValues,
  tags: readonly string[],
  version: string,
  refuse: (message: string) => never,
): Promise<GroupsJob> {
  const started = performance.now();
  const parser = readParserOptions([], flags["time-zone"], refuse);
  const stop = watchStopSignals();
  const environment = process.env;
  const target = await groupTarget(flags, { tags, parser, stop: stop.signal, environment }).catch(
    (error: Error) => refuse(error.message),
  );
  if (target === undefined && flags["output-dir"] === undefined)
    refuse("nothing to do: Weights & Biases is switched off, and no folder for tables is named with -o");
  return { flags, target, parser, stop, version, started };
}

/** Runs of W&B that are worked on at once: most of their time is waiting for the server. */
const RUNS_AT_ONCE = 8;
/** Files that a run of W&B has open: its log, the offline file, the console log, and one that is being written whole. */
const FILES_PER_RUN = 4;

/**
 * Does what is asked for, prints the receipt and returns the exit code.
 *
 * @param name What the user named: a folder, a group id.
 */
export async function runGroups(name: string, found: GroupsFound, job: GroupsJob): Promise<number> {
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
  const extent = { bytes: found.bytes * passes, runs: found.runs * passes };
  const bar = await startProgress(extent, process.stderr, detail === "quiet");
  const common = {
    ledger,
    parser,
    again: flags["override-runs"],
    only: flags.only,
    signal: stop.signal,
    progress: bar.add,
    done: bar.done,
  };
  const problems = [...found.problems];
  const known = new Set<string>();
  const groups = () => noting(found.groups(), problems, known);
  try {
    const tables =
      folder === undefined
        ? undefined
        : await makeTables(groups(), {
            ...common,
            folder,
            formats: flags.format ?? ["csv", "parquet"],
            threads: flags.jobs,
            version: job.version,
            dryRun,
          });
    const published =
      target === undefined || stop.signal.aborted
        ? undefined
        : await publishGroups(groups(), wholeLog, {
            ...common,
            target,
            dryRun,
            atOnce: withinDescriptors(RUNS_AT_ONCE, FILES_PER_RUN),
          });
    bar.stop();
    const result: GroupsResult = {
      problems,
      ...(tables === undefined ? {} : { tables }),
      ...(published === undefined ? {} : { published }),
      ...(stop.received === undefined ? {} : { signal: stop.received }),
    };
    if (dryRun && !flags.json) printText(planText(published ?? []));
    printReceipt(result, job, dryRun && detail === "normal" ? "quiet" : detail);
    return groupsExitCode(result);
  } finally {
    bar.stop();
    await ledger.close();
    await target?.close();
  }
}

/** Adds what is wrong with each group to the list, once. */
async function* noting(
  groups: AsyncIterable<Group>,
  problems: Problem[],
  known: Set<string>,
): AsyncGenerator<Group> {
  for await (const group of groups) {
    for (const problem of group.problems) {
      const key = JSON.stringify(problem);
      if (!known.has(key)) problems.push(problem);
      known.add(key);
    }
    yield group;
  }
}

function printReceipt(result: GroupsResult, { flags, started }: GroupsJob, detail: Detail): void {
  const cpu = process.cpuUsage();
  const clock = {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
  if (flags.json) printText(groupsReceiptJson(result, clock));
  else sayText(groupsReceiptText(result, clock, detail));
}

/**
 * The ledger that the user named, else one in the output folder, else in the user's cache, one for each place to
 * publish to and each archive.
 */
async function openLedger(name: string, { flags, target }: GroupsJob): Promise<Ledger> {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const about = `${target?.place ?? ""}\n${resolve(name)}`;
  const digest = createHash("sha256").update(about).digest("hex").slice(0, 16);
  const folder = flags["output-dir"];
  const path =
    flags.ledger ??
    (folder === undefined
      ? join(cache, "marian-tracking", "ledgers", `${digest}.ndjson`)
      : join(folder, "ledger.ndjson"));
  try {
    return await Ledger.open(path);
  } catch (error) {
    throw new Error(`the ledger ${path} can't be read: ${inputErrorText(error)}; name another with --ledger`);
  }
}
