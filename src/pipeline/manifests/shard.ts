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
 * The least cost of a shard, in bytes, with which a process spends less than 10% of its time on its start: see
 * docs/scale.md.
 */
export const MIN_SHARD_COST = 400e6;

/** Divides consecutive runs into shards that take about as long to read as each other. Holds eight bytes a run. */
export class ShardSplit {
  readonly #costs = new Numbers();
  /** The cost of all runs, in bytes. */
  cost = 0;

  get runs(): number {
    return this.#costs.length;
  }

  add({ files }: Pick<ManifestRun, "files">): void {
    const cost = RUN_COST + files.reduce((bytes, { size }) => bytes + (size ?? 0), 0);
    this.#costs.push(cost);
    this.cost += cost;
  }

  /** The number of the first run of each shard, and at the end that of all runs. */
  starts(count: number): number[] {
    const starts = [0];
    let before = 0;
    for (let run = 0; run < this.runs; run += 1) {
      const cost = this.#costs.at(run);
      const middle = before + cost / 2;
      before += cost;
      const shard = Math.min(count, 1 + Math.floor((middle * count) / this.cost));
      while (starts.length < shard) starts.push(run);
    }
    while (starts.length <= count) starts.push(this.runs);
    return starts;
  }

  /** The first run of a shard, and the run after its last. */
  rangeOf({ index, count }: Shard): readonly [number, number] {
    const starts = this.starts(count);
    return [starts[index - 1] ?? 0, starts[index] ?? 0];
  }
}

/** A list of numbers without objects. */
export class Numbers {
  length = 0;
  #values = new Float64Array(1024);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const longer = new Float64Array(2 * this.length);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}

/** The runs of a shard. All shards, one after the other, are the manifest. */
export function runsOfShard(runs: readonly ManifestRun[], shard: Shard): ManifestRun[] {
  const split = new ShardSplit();
  for (const run of runs) split.add(run);
  return runs.slice(...split.rangeOf(shard));
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

/** The name of the folder in which a process writes a shard: hidden, and its own, as others may write the same shard. */
export function unfinishedShardName(shard: Shard, owner: string): string {
  return `.${shardName(shard)}.${owner}.partial`;
}

/** The name of the shard that is written in such a folder; undefined if the folder has another name. */
export function readUnfinishedShardName(name: string): string | undefined {
  return /^\.(shard-\d+-of-\d+)\.[A-Za-z0-9_.]+-\d+-\d+\.partial$/.exec(name)?.[1];
}

/** The name of a shard's own manifest. */
export function shardManifestName(shard: Shard): string {
  return `${shardName(shard)}.ndjson`;
}

/** The shard of such a manifest; undefined if the file has another name. */
export function readShardManifestName(name: string): Shard | undefined {
  return name.endsWith(".ndjson") ? readShardName(name.slice(0, -".ndjson".length)) : undefined;
}
