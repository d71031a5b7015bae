/** The definition of a Taskcluster task for a shard, as a hook makes it. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** What a hook is triggered with. */
export interface ShardPayload {
  readonly plan: string;
  readonly shard: number;
  readonly shards: number;
}

/** The part of a task that its worker reads. */
export interface ShardTask {
  readonly payload: {
    readonly image: string;
    readonly maxRunTime: number;
    readonly env: Readonly<Record<string, string>>;
    readonly command: readonly string[];
    readonly artifacts: Readonly<Record<string, { readonly path: string }>>;
    readonly onExitStatus: unknown;
  };
}

/** Fills the template in: the few parts of JSON-e that it uses. */
export function shardTask(payload: ShardPayload): ShardTask {
  const path = new URL("../../jobs/taskcluster/reprocess.yml", import.meta.url);
  const fill = (text: string) =>
    text.replace(/\$\{payload\.(\w+)\}/g, (_all, name: keyof ShardPayload) => String(payload[name]));
  const template = JSON.stringify(parse(readFileSync(path, "utf8")));
  return JSON.parse(template, (_key, value) =>
    typeof value === "string" ? fill(value) : timed(value),
  ) as ShardTask;
}

/** The time that `$fromNow` or Taskgraph's `relative-datestamp` stands for. */
export function timed(value: unknown): unknown {
  const { $fromNow, "relative-datestamp": relative } = (value ?? {}) as Record<string, unknown>;
  const from = $fromNow ?? relative;
  if (typeof from !== "string") return value;
  const [, count = "0", unit = ""] = /^(\d+) (second|day)s?$/.exec(from) ?? [];
  if (unit === "") throw new Error(`no such time: ${from}`);
  return new Date(Date.UTC(2026, 0, 1) + Number(count) * (unit === "day" ? 86_400_000 : 1000)).toISOString();
}
