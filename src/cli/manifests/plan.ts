/** What `plan` does. */

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Problem } from "../../archive/group.js";
import type { ArchiveMode } from "../../archive/layout.js";
import { EXIT, stopCode } from "../../exit-code.js";
import { isTransient } from "../../io/input-error.js";
import { isObjectUrl, printableUrl } from "../../io/objects/object-url.js";
import { readable } from "../../io/source.js";
import { say } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import { outputErrorText } from "../../pipeline/error-text.js";
import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { type ManifestRun, manifestLine } from "../../pipeline/manifests/manifest.js";
import { ManifestSpool } from "../../pipeline/manifests/manifest-spool.js";
import { planRuns } from "../../pipeline/manifests/plan.js";
import {
  MIN_SHARD_COST,
  readShardManifestName,
  type Shard,
  ShardSplit,
  shardManifestName,
} from "../../pipeline/manifests/shard.js";
import { limitHeapGrowth, YoungObjects } from "../../pipeline/young-objects.js";
import { standardOutput } from "../../publishers/files.js";
import { LineFile, type LineOutput } from "../../publishers/ndjson.js";
import { STDOUT } from "../flags/row-output.js";
import { readShard } from "../flags/shard.js";
import { count, size } from "../receipts/numbers.js";
import { watchStopSignals } from "../stop-signal.js";
import { showProgress } from "../terminal/progress.js";

/** The values of the flags. */
export interface PlanFlagValues extends PlanFilterFlags {
  readonly output: string | undefined;
  readonly only: "training" | "evaluations" | undefined;
  readonly shard: string | undefined;
  readonly shards: number | undefined;
  readonly "dry-run": boolean;
  readonly quiet: boolean;
}

/** The values of the flags that choose runs. */
export interface PlanFilterFlags {
  readonly mode: ArchiveMode | undefined;
  readonly filter: string[] | undefined;
  readonly since: string | undefined;
}

/** Lines that are written together. */
const LINES = 1000;

/** What has been listed. */
class PlanTally {
  readonly split = new ShardSplit();
  logs = 0;
  bytes = 0;

  add(run: ManifestRun): void {
    this.split.add(run);
    this.logs += run.files.length;
    for (const { size: bytes } of run.files) this.bytes += bytes ?? 0;
  }
}

/** Where the lines of a manifest go. */
interface PlanOutput {
  add(lines: readonly string[]): Promise<void>;
  /** Puts everything at its place. */
  finish(split: ShardSplit): Promise<void>;
  discard(): Promise<void>;
}

/** Lists the runs and returns the exit code; `refuse` ends the command with its message. */
export async function runPlan(
  source: string,
  flags: PlanFlagValues,
  version: string,
  refuse: (message: string) => never,
): Promise<number> {
  const shard = readShard(flags.shard, process.env, refuse);
  const output = await planOutput(flags, shard, refuse);
  const stop = watchStopSignals();
  const access = new ManifestAccess(version, stop.signal);
  const tally = new PlanTally();
  const young = new YoungObjects();
  limitHeapGrowth();
  let failed = false;
  let lines: string[] = [];
  let fault: string | undefined;
  const write = async (work: () => Promise<void>) => {
    fault ??= await work().then(
      () => undefined,
      (error: unknown) => outputErrorText(error),
    );
  };
  const progress = showProgress(
    (elapsed) => `${count(tally.split.runs, "run")} listed, ${elapsed}`,
    process.stderr,
    flags.quiet,
  );
  try {
    const ended = await eachRun(source, flags, {
      ...{ access, stop, refuse },
      async run(run) {
        tally.add(run);
        progress.update();
        lines.push(manifestLine(run));
        if (lines.length === LINES) {
          await write(() => output.add(lines));
          lines = [];
          young.limit();
          limitHeapGrowth();
        }
        return fault === undefined;
      },
      problem(problem) {
        failed ||= problem.severity === "failure";
        sayProblem(problem, flags.quiet);
      },
    });
    progress.stop();
    if (ended !== undefined) return ended;
    await write(() => output.add(lines));
    await write(() => output.finish(tally.split));
    if (fault !== undefined) {
      say(`not written: ${fault}`);
      return EXIT.publisher;
    }
    if (!flags.quiet || flags["dry-run"]) sayTally(tally, flags);
    return failed ? EXIT.input : EXIT.ok;
  } finally {
    progress.stop();
    await output.discard();
    await access.close();
  }
}

async function planOutput(
  { output = STDOUT, shards, "dry-run": dryRun, shard: asked }: PlanFlagValues,
  shard: Shard | undefined,
  refuse: (message: string) => never,
): Promise<PlanOutput> {
  if (shards !== undefined && asked !== undefined)
    refuse("--shards writes all shards, --shard lists one of them");
  if (shards !== undefined && output === STDOUT)
    refuse("--shards writes a manifest for each shard: name their folder with -o");
  if (shards !== undefined) await checkFolder(output, shards, refuse);
  if (dryRun) return NOWHERE;
  if (shards !== undefined) return new ShardManifests(output, shards);
  const lines = output === STDOUT ? standardOutput() : new LineFile(output, "whole");
  return shard === undefined ? new WholeManifest(lines) : new PartOfManifest(lines, shard);
}

/** Shards of two plans in one folder would give each run twice. */
async function checkFolder(
  folder: string,
  shards: number,
  refuse: (message: string) => never,
): Promise<void> {
  if (isObjectUrl(folder)) refuse("--shards writes its manifests to a folder of this machine");
  const names = await readdir(folder).catch(() => []);
  const other = names.find((name) => (readShardManifestName(name)?.count ?? shards) !== shards);
  if (other !== undefined)
    refuse(
      `${folder} has the manifests of another number of shards (${other}): remove them, or name another folder`,
    );
}

const NOWHERE: PlanOutput = { add: async () => {}, finish: async () => {}, discard: async () => {} };

class WholeManifest implements PlanOutput {
  readonly #output: LineOutput;
  #isDone = false;

  constructor(output: LineOutput) {
    this.#output = output;
  }

  add(lines: readonly string[]): Promise<void> {
    return this.#output.write(lines.join(""));
  }

  async finish(): Promise<void> {
    await this.#output.close();
    this.#isDone = true;
  }

  async discard(): Promise<void> {
    if (!this.#isDone) await this.#output.discard();
  }
}

/** Keeps the lines until all runs are known. */
abstract class SpooledManifest implements PlanOutput {
  #spool: ManifestSpool | undefined;

  async add(lines: readonly string[]): Promise<void> {
    this.#spool ??= await ManifestSpool.open();
    await this.#spool.add(lines);
  }

  async finish(split: ShardSplit): Promise<void> {
    if (this.#spool !== undefined) await this.copy(this.#spool, split);
  }

  protected abstract copy(spool: ManifestSpool, split: ShardSplit): Promise<void>;

  async discard(): Promise<void> {
    await this.#spool?.close();
    this.#spool = undefined;
  }
}

class PartOfManifest extends SpooledManifest {
  readonly #output: LineOutput;
  readonly #shard: Shard;

  constructor(output: LineOutput, shard: Shard) {
    super();
    this.#output = output;
    this.#shard = shard;
  }

  protected async copy(spool: ManifestSpool, split: ShardSplit): Promise<void> {
    await spool.copy(...split.rangeOf(this.#shard), this.#output);
  }
}

class ShardManifests extends SpooledManifest {
  readonly #folder: string;
  readonly #count: number;

  constructor(folder: string, shards: number) {
    super();
    this.#folder = folder;
    this.#count = shards;
  }

  protected async copy(spool: ManifestSpool, split: ShardSplit): Promise<void> {
    const starts = split.starts(this.#count);
    const paths = Array.from({ length: this.#count }, (_, at) =>
      join(this.#folder, shardManifestName({ index: at + 1, count: this.#count })),
    );
    // A kill must not leave shards of two plans together.
    for (const path of paths) await rm(path, { force: true });
    for (const [at, path] of paths.entries())
      await spool.copy(starts[at] ?? 0, starts[at + 1] ?? 0, new LineFile(path, "whole"));
  }
}

/** Where runs go, and how the listing is stopped. */
interface RunTaker {
  readonly access: ManifestAccess;
  readonly stop: StopRequest;
  refuse(message: string): never;
  /** Returns whether to go on. */
  run(run: ManifestRun): Promise<boolean>;
  problem(problem: Problem): void;
}

/** Lists the runs of a source; returns an exit code if the command was stopped or may succeed the next time. */
async function eachRun(
  source: string,
  flags: PlanFilterFlags & { readonly only: "training" | "evaluations" | undefined },
  { access, stop, refuse, run, problem }: RunTaker,
): Promise<number | undefined> {
  const since = flags.since === undefined ? undefined : readDate(flags.since, refuse);
  const { mode, filter, only } = flags;
  const name = printableUrl(source);
  const [problems, store] = [[] as Problem[], () => access.store()];
  let [groups, runs] = [0, 0];
  const request = {
    ...{ mode, filter, since, only, signal: stop.signal, store },
    group: () => {
      groups += 1;
    },
    problem(one: Problem) {
      if (runs > 0) problem(one);
      else problems.push(one);
    },
  };
  try {
    for await (const one of planRuns(source, request)) {
      runs += 1;
      for (const earlier of problems.splice(0)) problem(earlier);
      if (!(await run(one))) return undefined;
      stop.signal.throwIfAborted();
    }
  } catch (error) {
    if (stop.received !== undefined) return stopCode(stop.received);
    const message = `${name}: ${readable(error).message}`;
    if (!isTransient(error)) return refuse(message);
    say(message);
    return EXIT.input;
  }
  if (runs > 0) return undefined;
  for (const { source: place, reason } of problems) say(`${place}: ${reason}`);
  return refuse(groups === 0 ? noRunText(name) : "no run matches --filter, --since and --only");
}

/** The runs of an archive. */
export interface PlannedRuns {
  readonly runs: readonly ManifestRun[];
  readonly problems: readonly Problem[];
}

/** The runs of a source, or the exit code if the command was stopped or may succeed the next time. */
export async function planOrRefuse(
  source: string,
  flags: PlanFilterFlags & { readonly only: "training" | "evaluations" | undefined },
  end: Pick<RunTaker, "access" | "stop" | "refuse">,
): Promise<PlannedRuns | number> {
  const runs: ManifestRun[] = [];
  const problems: Problem[] = [];
  const run = async (one: ManifestRun) => runs.push(one) > 0;
  const ended = await eachRun(source, flags, { ...end, run, problem: (one) => problems.push(one) });
  return ended ?? { runs, problems };
}

/** Says that an archive has no run, and what to do. */
export function noRunText(name: string): string {
  return `${name}: no run was found: an archive has folders such as models/en-cs/EXPERIMENT/MODEL (docs/archive.md); parse reads any folder of logs`;
}

/** A date of `--since`. */
export function readDate(text: string, refuse: (message: string) => never): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) refuse(`--since '${text}': write a date such as 2026-01-31`);
  return date;
}

function sayProblem({ source, reason, severity }: Problem, quiet: boolean): void {
  if (severity === "failure") say(`ERROR ${source}: ${reason}`);
  else if (!quiet) say(`warning: ${source}: ${reason}`);
}

function sayTally({ split, logs, bytes }: PlanTally, flags: PlanFlagValues): void {
  const { runs, cost } = split;
  say(`${count(runs, "run")}, ${count(logs, "log")} (${size(bytes)})`);
  const most = Math.max(1, Math.floor(cost / MIN_SHARD_COST));
  const { shards, output } = flags;
  const advice = `up to ${count(most, "shard")} take less than 10% more CPU time than one process`;
  if (shards === undefined) say(`${advice}: --shards writes a manifest for each`);
  else {
    const each = `${count(shards, "shard")} of about ${size(bytes / shards)}`;
    say(shards > most ? `${each}: small ones, ${advice}` : each);
    if (flags["dry-run"])
      say(`would write ${output}/${shardManifestName({ index: 1, count: shards })} and so on`);
    return;
  }
  if (flags["dry-run"])
    say(`would write ${output === undefined || output === STDOUT ? "standard output" : output}`);
}
