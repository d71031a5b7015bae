/** What a worker says of its shard, as JSON: `metrics.json` beside the tables, or `shard-i-of-n.failed.json`. */
import { readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { writeWhole } from "../../io/output-file.js";
import { isObject } from "../../json.js";
import { hasTooManyErrors } from "./max-errors.js";
import type { ManifestTally, ManifestWork } from "./work.js";

/** The record of a shard that is done, in its folder. */
export const METRICS = "metrics.json";

/** The record of a shard that has failed, beside its folder. */
export function failurePath(folder: string): string {
  return `${folder}${FAILED}`;
}

/** What its name ends with. */
export const FAILED = ".failed.json";

/** What a shard's record says. */
export interface ShardRecord {
  readonly runs: number;
  readonly with_errors: number;
  readonly training_rows: number;
  readonly validation_points: number;
  /** Of the logs as stored. */
  readonly bytes: number;
  readonly seconds: number;
  readonly cpu_seconds: number;
  readonly peak_mb: number;
  readonly started: string;
  readonly ended: string;
  readonly host: string;
  readonly version: string;
  /** Differs whenever the files could, by the runs, their inputs and the options; absent if nothing tells. */
  readonly inputs?: string;
  /** The bytes of each file of the shard; absent if `inputs` is. */
  readonly files?: Readonly<Record<string, number>>;
  /** Why it has failed. */
  readonly reason?: string;
}

/** Makes the record of a shard. */
export class ShardRecorder {
  readonly #work: ManifestWork;
  readonly #tally: ManifestTally;
  readonly #started = new Date();
  readonly #clock = performance.now();

  constructor(work: ManifestWork, tally: ManifestTally) {
    this.#work = work;
    this.#tally = tally;
  }

  text(state: "done" | "failed", more: Pick<ShardRecord, "inputs" | "files" | "reason">): string {
    const { shard, version } = this.#work;
    const tally = this.#tally;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const record: ShardRecord = {
      runs: tally.runs,
      with_errors: tally.faulty,
      training_rows: tally.trainingRows,
      validation_points: tally.validationPoints,
      bytes: tally.bytes,
      seconds: rounded((performance.now() - this.#clock) / 1000),
      cpu_seconds: rounded((userCPUTime + systemCPUTime) / 1e6),
      peak_mb: Math.round(maxRSS / 1000),
      started: this.#started.toISOString(),
      ended: new Date().toISOString(),
      host: hostname(),
      version,
      ...more,
    };
    const place = shard === undefined ? {} : { shard: shard.index, shards: shard.count };
    return `${JSON.stringify({ state, ...place, ...record }, undefined, 1)}\n`;
  }

  /** Says beside the folder why there is none. Never rejects: the command says it, too. */
  async writeFailure(folder: string, reason = this.#reason()): Promise<void> {
    const text = this.text("failed", { reason });
    await writeWhole(failurePath(folder), (part) => writeFile(part, text)).catch(() => {});
  }

  #reason(): string {
    const { access, maxErrors } = this.#work;
    const unread = [...access.retryable, ...(access.hasFailed ? access.unavailable : [])];
    const [first] = unread;
    if (first !== undefined) {
      const more = unread.length > 1 ? ` (and ${unread.length - 1} more)` : "";
      return `${first.join(": ")}${more}`;
    }
    const { faulty, runs, outputErrors } = this.#tally;
    if (hasTooManyErrors(this.#tally, maxErrors)) return `${faulty} of ${runs} runs have errors`;
    return outputErrors[0] ?? "stopped before its end";
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Reads a record; undefined if the file is missing or holds something else. */
export async function readShardRecord(path: string): Promise<ShardRecord | undefined> {
  try {
    return shardRecordOf(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** The record in a text. @throws SyntaxError if it is not JSON. */
export function shardRecordOf(text: string): ShardRecord | undefined {
  const value: unknown = JSON.parse(text);
  return isObject(value) && typeof value["runs"] === "number" ? (value as unknown as ShardRecord) : undefined;
}
