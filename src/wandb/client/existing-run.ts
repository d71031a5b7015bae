import type { RequestScope } from "../../http/index.js";
import { isObject, type JsonRecord } from "../../http/index.js";
import { WandbError } from "./errors.js";
import { RUN_RESUME_STATUS } from "./operations.js";
import {
  countOf,
  embedded,
  embeddedObject,
  listOf,
  objectAt,
  optionalText,
  requiredText,
  textsOf,
} from "./reply.js";
import type { RunPlace } from "./run-address.js";
import type { WandbClient } from "./wandb-client.js";

/** A run that the server holds, with what is needed to go on with it. */
export interface ExistingRun {
  readonly storageId: string;
  readonly displayName: string | undefined;
  /** Whether it came to a good end. Files that a run has at its end may be missing otherwise. */
  readonly finished: boolean;
  /** Lines of history, system metrics and console log. */
  readonly rows: number;
  readonly events: number;
  readonly consoleLines: number;
  /** Highest step so far. -1 if there is none. */
  readonly lastStep: number;
  /** The last row. Empty if there is none. */
  readonly lastRow: JsonRecord;
  /** Time of the last row in seconds since 1970. Undefined if there is none. */
  readonly lastTimestamp: number | undefined;
  /** Seconds that the run has lasted so far. */
  readonly runtime: number;
  readonly tags: readonly string[];
  /** As stored: each value wrapped. */
  readonly config: JsonRecord;
  readonly summary: JsonRecord;
}

const FINISHED = "finished";

/** Looks a run up; undefined when the project or the run isn't there. */
export async function findRun(
  client: WandbClient,
  { entity, project, runId }: RunPlace,
  scope: RequestScope,
): Promise<ExistingRun | undefined> {
  const variables = { project, entity: entity ?? null, name: runId };
  const data = await client.graphql(RUN_RESUME_STATUS, variables, scope);
  const model = objectAt(data, "model");
  if (model === undefined) return undefined;
  const bucket = objectAt(model, "bucket");
  if (bucket === undefined) {
    if (model.bucket === null) return undefined;
    throw new WandbError("malformed-answer", "the W&B server's answer does not say whether there is a run");
  }
  const summary = embeddedObject(bucket, "summaryMetrics");
  const lastRow = lastOf(bucket, "historyTail");
  const lastEvent = lastOf(bucket, "eventsTail");
  const runtimes = [
    lastRow._runtime,
    lastEvent._runtime,
    summary._runtime,
    objectAt(summary, "_wandb")?.runtime,
  ].map((value) => (typeof value === "number" && Number.isFinite(value) ? value : 0));
  return {
    storageId: requiredText(bucket, "id"),
    displayName: optionalText(bucket, "displayName"),
    finished: (optionalText(bucket, "state") ?? FINISHED) === FINISHED,
    rows: countOf(bucket, "historyLineCount"),
    events: countOf(bucket, "eventsLineCount"),
    consoleLines: countOf(bucket, "logLineCount"),
    lastStep: numberOf(lastRow._step) ?? numberOf(summary._step) ?? -1,
    lastRow,
    lastTimestamp: numberOf(lastRow._timestamp) ?? numberOf(summary._timestamp),
    runtime: Math.max(0, ...runtimes),
    tags: textsOf(bucket, "tags"),
    config: embeddedObject(bucket, "config"),
    summary,
  };
}

/** The last line of a tail: a JSON list of JSON texts, itself as a text. */
function lastOf(bucket: JsonRecord, name: string): JsonRecord {
  const last = listOf({ lines: embedded(bucket, name) }, "lines").at(-1);
  if (typeof last === "string") return embeddedObject({ last }, "last");
  return isObject(last) ? last : {};
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
