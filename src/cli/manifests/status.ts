/** What `status` does. */
import { EXIT } from "../../exit-code.js";
import { jsonText } from "../../io/escape.js";
import { InputError } from "../../io/input-error.js";
import { print, printText } from "../../io/terminal.js";
import { hasTooManyErrors, type MaxErrors } from "../../pipeline/manifests/max-errors.js";
import { shardName } from "../../pipeline/manifests/shard.js";
import {
  type JobStatus,
  jobStatus,
  jobTotals,
  type ShardState,
  type ShardStatus,
} from "../../pipeline/manifests/status.js";
import { count, grouped, size } from "../receipts/numbers.js";

interface StatusFlags {
  readonly maxErrors: MaxErrors | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** So many shards have a line each; of more, those that are done have none. */
const LISTED = 64;
const STATES: readonly ShardState[] = ["done", "failed", "unfinished", "missing"];

/** Prints how the job in a folder stands and returns the exit code; `refuse` ends the command with its message. */
export async function runStatus(
  folder: string,
  { maxErrors, json, quiet }: StatusFlags,
  refuse: (message: string) => never,
): Promise<number> {
  let status: JobStatus;
  try {
    status = await jobStatus(folder);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return refuse(error.message);
  }
  const totals = jobTotals(status);
  const isMixed = status.others.length > 0 || status.doubled.length > 0;
  const tooMany = hasTooManyErrors({ runs: totals.runs, faulty: totals.with_errors }, maxErrors);
  const complete = status.shards.every(({ state }) => state === "done") && !isMixed && !tooMany;
  if (json) printText(jsonText(statusJson(folder, status, { complete, mixed: isMixed, tooMany })));
  else if (!quiet) printStatus(folder, status, tooMany);
  return complete ? EXIT.ok : EXIT.input;
}

function statusJson(
  folder: string,
  status: JobStatus,
  {
    complete,
    mixed,
    tooMany,
  }: { readonly complete: boolean; readonly mixed: boolean; readonly tooMany: boolean },
) {
  const counts = Object.fromEntries(STATES.map((state) => [state, countOf(status, state)]));
  return {
    folder,
    complete,
    count: status.count,
    ...counts,
    mixed,
    too_many_errors: tooMany,
    ...jobTotals(status),
    other_jobs: status.others,
    doubled_runs: status.doubled,
    shards: status.shards.map(({ index, state, record, changed }) => ({
      shard: index,
      state,
      ...record,
      ...(changed === undefined ? {} : { changed: changed.toISOString() }),
    })),
  };
}

function countOf({ shards }: JobStatus, wanted: ShardState): number {
  return shards.filter(({ state }) => state === wanted).length;
}

function printStatus(folder: string, status: JobStatus, tooMany: boolean): void {
  const { shards, others, doubled } = status;
  const shown = shards.filter(({ state }) => shards.length <= LISTED || state !== "done");
  for (const shard of shown) print(`${shardName(shard)}  ${stateText(shard)}`);
  for (const name of others) print(`${name}  of another job: remove it`);
  for (const { run, shards: both } of doubled.slice(0, LISTED))
    print(`${run} is in ${both.join(" and in ")}: they are of two plans`);
  if (doubled.length > LISTED) print(`${grouped(doubled.length - LISTED)} more runs are in two shards`);
  const totals = jobTotals(status);
  const counts = STATES.flatMap((state) => {
    const number = countOf(status, state);
    return number === 0 ? [] : [`${grouped(number)} ${state}`];
  });
  print(`${folder}: ${count(shards.length, "shard")}: ${counts.join(", ")}`);
  print(
    `${count(totals.runs, "run")}, ${grouped(totals.with_errors)} with errors${tooMany ? ", more than --max-errors allows" : ""}: ${count(totals.training_rows, "training row")}, ${count(totals.validation_points, "validation point")}`,
  );
}

function stateText({ state, record, changed }: ShardStatus): string {
  if (state === "done" && record !== undefined) {
    const { runs, with_errors: errors, bytes, cpu_seconds: cpu } = record;
    return `done        ${count(runs, "run")}, ${errors} with errors, ${size(bytes)}, ${cpu.toFixed(1)} CPU s`;
  }
  if (state === "failed") return `failed      ${record?.reason ?? ""}`.trimEnd();
  if (changed !== undefined) return `unfinished  last changed ${changed.toISOString()}`;
  return state;
}
