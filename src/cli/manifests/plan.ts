/** What `plan` does. */

import type { ArchiveMode } from "../../archive/layout.js";
import { EXIT, stopCode } from "../../exit-code.js";
import { isTransient } from "../../io/input-error.js";
import { printableUrl } from "../../io/objects/object-url.js";
import { readable } from "../../io/source.js";
import { say } from "../../io/terminal.js";
import type { StopRequest } from "../../live/pipe-signals.js";
import { outputErrorText } from "../../pipeline/error-text.js";
import { ManifestAccess } from "../../pipeline/manifests/access.js";
import { manifestLine } from "../../pipeline/manifests/manifest.js";
import { type PlannedRuns, planArchive } from "../../pipeline/manifests/plan.js";
import { runsOfShard } from "../../pipeline/manifests/shard.js";
import { standardOutput } from "../../publishers/files.js";
import { LineFile } from "../../publishers/ndjson.js";
import { STDOUT } from "../flags/row-output.js";
import { readShard } from "../flags/shard.js";
import { count, size } from "../receipts/numbers.js";
import { watchStopSignals } from "../stop-signal.js";

/** The values of the flags. */
export interface PlanFlagValues extends PlanFilterFlags {
  readonly output: string | undefined;
  readonly only: "training" | "evaluations" | undefined;
  readonly shard: string | undefined;
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

/** Lists the runs and returns the exit code; `refuse` ends the command with its message. */
export async function runPlan(
  source: string,
  flags: PlanFlagValues,
  version: string,
  refuse: (message: string) => never,
): Promise<number> {
  const shard = readShard(flags.shard, process.env, refuse);
  const stop = watchStopSignals();
  const access = new ManifestAccess(version, stop.signal);
  try {
    const planned = await planOrRefuse(source, flags, { access, stop, refuse });
    if (typeof planned === "number") return planned;
    const runs = shard === undefined ? planned.runs : runsOfShard(planned.runs, shard);
    const lines =
      flags.output === undefined || flags.output === STDOUT
        ? standardOutput()
        : new LineFile(flags.output, "whole");
    try {
      for (let at = 0; at < runs.length; at += LINES)
        await lines.write(
          runs
            .slice(at, at + LINES)
            .map(manifestLine)
            .join(""),
        );
      await lines.close();
    } catch (error) {
      await lines.discard();
      say(`not written: ${outputErrorText(error)}`);
      return EXIT.publisher;
    }
    return report(planned, runs, flags.quiet);
  } finally {
    await access.close();
  }
}

/** The runs of a source, or the exit code if the command was stopped or may succeed the next time. */
export async function planOrRefuse(
  source: string,
  flags: PlanFilterFlags & { readonly only: "training" | "evaluations" | undefined },
  {
    access,
    stop,
    refuse,
  }: { readonly access: ManifestAccess; readonly stop: StopRequest; refuse(message: string): never },
): Promise<PlannedRuns | number> {
  const since = flags.since === undefined ? undefined : readDate(flags.since, refuse);
  const { mode, filter, only } = flags;
  const name = printableUrl(source);
  let planned: PlannedRuns;
  try {
    planned = await planArchive(source, {
      mode,
      filter,
      since,
      only,
      signal: stop.signal,
      store: () => access.store(),
    });
  } catch (error) {
    if (stop.received !== undefined) return stopCode(stop.received);
    const message = `${name}: ${readable(error).message}`;
    if (!isTransient(error)) return refuse(message);
    say(message);
    return EXIT.input;
  }
  if (planned.runs.length > 0) return planned;
  for (const { source: place, reason } of planned.problems) say(`${place}: ${reason}`);
  return refuse(planned.groups === 0 ? noRunText(name) : "no run matches --filter, --since and --only");
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

function report({ problems }: PlannedRuns, runs: PlannedRuns["runs"], quiet: boolean): number {
  const failed = problems.some(({ severity }) => severity === "failure");
  for (const { source, reason, severity } of problems) {
    if (severity === "failure") say(`ERROR ${source}: ${reason}`);
    else if (!quiet) say(`warning: ${source}: ${reason}`);
  }
  if (!quiet) {
    const logs = runs.flatMap(({ files }) => files);
    const bytes = logs.reduce((sum, file) => sum + (file.size ?? 0), 0);
    say(`${count(runs.length, "run")}, ${count(logs.length, "log")} (${size(bytes)})`);
  }
  return failed ? EXIT.input : EXIT.ok;
}
