import type { ManifestRun } from "./manifest.js";

/** One of several parts of a manifest. */
export interface Shard {
  /** From 1 on. */
  readonly index: number;
  readonly count: number;
}

/** The cost of a run besides the bytes of its logs: bytes that could be read in that time. */
const RUN_COST = 200_000;

/**
 * The runs of a shard: consecutive runs that take about as long to read as those of any other shard. All shards, one
 * after the other, are the manifest.
 */
export function runsOfShard(runs: readonly ManifestRun[], { index, count }: Shard): ManifestRun[] {
  const costs = runs.map(({ files }) => RUN_COST + files.reduce((bytes, { size }) => bytes + (size ?? 0), 0));
  const all = costs.reduce((sum, cost) => sum + cost, 0);
  let before = 0;
  return runs.filter((_run, at) => {
    const middle = before + (costs[at] ?? 0) / 2;
    before += costs[at] ?? 0;
    return Math.min(count, 1 + Math.floor((middle * count) / all)) === index;
  });
}

/** The name of a shard's folder; sorted names have the order of the shards: `shard-03-of-12`. */
export function shardName({ index, count }: Shard): string {
  return `shard-${String(index).padStart(String(count).length, "0")}-of-${count}`;
}

/** The shard of a folder; undefined if the folder has another name. */
export function readShardName(name: string): Shard | undefined {
  const [, index, count] = /^shard-(\d+)-of-(\d+)$/.exec(name) ?? [];
  return index === undefined || count === undefined
    ? undefined
    : { index: Number(index), count: Number(count) };
}
