/** How a job of many shards stands, by the files of its folder. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../io/input-error.js";
import { FileSource, readable } from "../../io/source.js";
import { readManifest } from "./manifest.js";
import { readShardName, readUnfinishedShardName, type Shard, shardName } from "./shard.js";
import { FAILED, METRICS, readShardRecord, type ShardRecord } from "./shard-record.js";

/**
 * `unfinished`: a worker is at it, or was stopped or killed; `missing`: there is no trace of it.
 */
export type ShardState = "done" | "failed" | "unfinished" | "missing";

/** A shard of a job. */
export interface ShardStatus extends Shard {
  readonly state: ShardState;
  /** Of a shard that is done or has failed; absent if the worker was an earlier version. */
  readonly record?: ShardRecord;
  /** When something was last written to a shard that is unfinished. */
  readonly changed?: Date;
}

/** A job of many shards. */
export interface JobStatus {
  readonly count: number;
  readonly shards: readonly ShardStatus[];
  /** Shards of other jobs in the same folder, by their names. */
  readonly others: readonly string[];
  /** Runs that two shards have: they are of two plans. */
  readonly doubled: readonly { readonly run: string; readonly shards: readonly [string, string] }[];
}

/**
 * Reads how a job stands.
 *
 * @throws InputError if there is no shard.
 */
export async function jobStatus(folder: string): Promise<JobStatus> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new InputError(`${folder}: ${readable(error).message}`);
  });
  const found = new Map<string, Shard>();
  for (const name of names) {
    const base = readUnfinishedShardName(name) ?? name.replace(/\.failed\.json$/, "");
    const shard = readShardName(base);
    if (shard !== undefined) found.set(base, shard);
  }
  const count = usualCount([...found.values()]);
  if (count === undefined)
    throw new InputError(
      `${folder}: there is no shard in it: name the folder that \`archive --manifest … --shard i/n -o\` writes to`,
    );
  const there = new Set(names);
  const shards: ShardStatus[] = [];
  for (let index = 1; index <= count; index += 1)
    shards.push(await statusOf(folder, { index, count }, there));
  const others = [...found].filter(([, shard]) => shard.count !== count).map(([name]) => name);
  const done = shards.filter(({ state }) => state === "done").map(shardName);
  const doubled = await doubledRuns(folder, [...done, ...others.filter((name) => there.has(name))]);
  return { count, shards, others: others.sort(), doubled };
}

/** The number of shards that most of them name; of several, the greatest. */
function usualCount(shards: readonly Shard[]): number | undefined {
  const votes = new Map<number, number>();
  for (const { count } of shards) votes.set(count, (votes.get(count) ?? 0) + 1);
  return [...votes].sort(([a, votesA], [b, votesB]) => votesB - votesA || b - a)[0]?.[0];
}

async function statusOf(folder: string, shard: Shard, there: ReadonlySet<string>): Promise<ShardStatus> {
  const name = shardName(shard);
  const known = (record: ShardRecord | undefined) => (record === undefined ? {} : { record });
  if (there.has(name))
    return { ...shard, state: "done", ...known(await readShardRecord(join(folder, name, METRICS))) };
  const changed = async (other: string) =>
    (await stat(join(folder, other)).catch(() => undefined))?.mtimeMs ?? 0;
  const failure = `${name}${FAILED}`;
  const failed = there.has(failure) ? await changed(failure) : 0;
  const unfinished = [...there].filter((other) => readUnfinishedShardName(other) === name);
  const written = Math.max(0, ...(await Promise.all(unfinished.map(changed))));
  // What a worker left behind says less than why the last one failed.
  if (failed > 0 && failed >= written)
    return { ...shard, state: "failed", ...known(await readShardRecord(join(folder, failure))) };
  if (written > 0) return { ...shard, state: "unfinished", changed: new Date(written) };
  return { ...shard, state: "missing" };
}

async function doubledRuns(folder: string, names: readonly string[]): Promise<JobStatus["doubled"]> {
  const seen = new Map<string, string>();
  const doubled: JobStatus["doubled"][number][] = [];
  for (const name of names) {
    const path = join(folder, name, "manifest.ndjson");
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    for await (const { project, run_id } of readManifest(new FileSource(path))) {
      const run = `${project}/${run_id}`;
      const before = seen.get(run);
      if (before === undefined) seen.set(run, name);
      else doubled.push({ run, shards: [before, name] });
    }
  }
  return doubled;
}

/** What all shards that are done have, added up. */
export function jobTotals({ shards }: JobStatus) {
  const totals = {
    runs: 0,
    with_errors: 0,
    training_rows: 0,
    validation_points: 0,
    bytes: 0,
    cpu_seconds: 0,
  };
  for (const { state, record } of shards) {
    if (state !== "done" || record === undefined) continue;
    for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += record[key];
  }
  return totals;
}
