/**
 * What a server already has of an offline run, and where its lines go: `marian-tracking.json` next to the
 * offline file, which its writer writes, and `marian-tracking.delivered.json`, which a delivery writes. Two files,
 * because a delivery may come while the writer is still at work.
 *
 * W&B stores history, system metrics and console as numbered lines; writing a line again under its number
 * changes nothing, so a delivery that knows the numbers can be repeated. The offline file has no place for
 * them, so this file holds them, as spans: from the `record`-th record of a stream on (counted from 0), lines
 * are numbered upwards from `line`. A span is stored before the first record it speaks of.
 */

import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isObject } from "../../json.js";
import { TransactionLogError } from "./transaction-log-error.js";

/** The numbered streams of a run. A console record is one line. */
export type StreamName = "history" | "events" | "console";

/** A count of lines for each stream. */
export type StreamCounts = { readonly [name in StreamName]: number };

/** From this record of a stream on, lines are numbered from `line`. */
export type LineSpan = { readonly record: number; readonly line: number };

/** The delivery of one offline run. */
export type DeliveryState = {
  readonly version: 1;
  readonly runId: string;
  readonly project: string;
  /** Null: the default entity of the key. */
  readonly entity: string | null;
  /** The server that lines were sent to, or are for; null when none is known yet. */
  readonly baseUrl: string | null;
  /**
   * `overwrite`: line numbers are those of the server's files. `append`: they count from what the server held
   * when the first delivery began; that delivery stores it as `anchor`.
   */
  readonly resume: "overwrite" | "append";
  /** Server line of our line 0; null as long as an appending run was never delivered. */
  readonly anchor: StreamCounts | null;
  /**
   * Highest step that the server had when an appending run was first delivered: rows of steps up to it are there.
   * Null where all rows are to be sent.
   */
  readonly anchorStep: number | null;
  /** Lines from 0 on that the server acknowledged, which is the number of the first undelivered line. */
  readonly acknowledged: StreamCounts;
  readonly spans: { readonly [name in StreamName]: readonly LineSpan[] };
};

/** What a delivery finds out. */
type Delivered = Pick<
  DeliveryState,
  "version" | "entity" | "baseUrl" | "resume" | "anchor" | "anchorStep" | "acknowledged"
>;

/** Names of the files, in the folder of the run. */
const DELIVERY_FILE = "marian-tracking.json";
const DELIVERED_FILE = "marian-tracking.delivered.json";

/** The state of a run before any delivery. */
export function newDeliveryState(
  run: Pick<DeliveryState, "runId" | "project" | "entity" | "baseUrl" | "resume">,
): DeliveryState {
  const none = { history: 0, events: 0, console: 0 };
  return {
    version: 1,
    runId: run.runId,
    project: run.project,
    entity: run.entity,
    baseUrl: run.baseUrl,
    resume: run.resume,
    anchor: run.resume === "overwrite" ? none : null,
    anchorStep: null,
    acknowledged: none,
    spans: { history: [], events: [], console: [] },
  };
}

/** The line of a record (both counted from 0); undefined when no span speaks of it. */
export function lineOfRecord(spans: readonly LineSpan[], record: number): number | undefined {
  const span = spans.findLast((candidate) => candidate.record <= record);
  return span === undefined ? undefined : span.line + record - span.record;
}

/** Spans that also say that `record` is `line`; the same spans when they say so already. */
export function withLine(spans: readonly LineSpan[], record: number, line: number): readonly LineSpan[] {
  return lineOfRecord(spans, record) === line ? spans : [...spans, { record, line }];
}

/** Stores the state as the writer of the run knows it. */
export async function writeDeliveryState(runDirectory: string, state: DeliveryState): Promise<void> {
  await replaceFile(join(runDirectory, DELIVERY_FILE), state);
}

/** Stores what a delivery has found out. */
export async function writeDelivered(
  runDirectory: string,
  { version, entity, baseUrl, resume, anchor, anchorStep, acknowledged }: DeliveryState,
): Promise<void> {
  const delivered: Delivered = { version, entity, baseUrl, resume, anchor, anchorStep, acknowledged };
  await replaceFile(join(runDirectory, DELIVERED_FILE), delivered);
}

/**
 * Reads the state. Null if there is none, as for a run of the official client.
 *
 * @throws TransactionLogError when it is damaged: sending lines under guessed numbers would destroy rows.
 */
export async function readDeliveryState(runDirectory: string): Promise<DeliveryState | null> {
  const own = await readJson(join(runDirectory, DELIVERY_FILE), isDeliveryState);
  if (own === null) return null;
  const delivered = await readJson(join(runDirectory, DELIVERED_FILE), isDelivered);
  if (delivered === null) return { ...own, anchorStep: own.anchorStep ?? null };
  const sameServer = own.baseUrl === null || own.baseUrl === delivered.baseUrl;
  const larger = (name: StreamName) =>
    Math.max(delivered.acknowledged[name], sameServer ? own.acknowledged[name] : 0);
  const acknowledged = { history: larger("history"), events: larger("events"), console: larger("console") };
  return { ...own, ...delivered, acknowledged };
}

/** Replaces a file at once: a reader sees the old or the new one, never half of it. */
async function replaceFile(path: string, value: DeliveryState | Delivered): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(value, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
}

/** @throws TransactionLogError when the file is there and holds something else. */
async function readJson<Value>(path: string, is: (value: unknown) => value is Value): Promise<Value | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TransactionLogError("delivery-state", `${path} is not JSON`);
  }
  if (!is(value))
    throw new TransactionLogError("delivery-state", `${path} is not a delivery state of version 1`);
  return value;
}

function isDelivered(value: unknown): value is Delivered {
  if (!isObject(value)) return false;
  const { anchor, anchorStep, resume } = value;
  return (
    value.version === 1 &&
    isTextOrNull(value.entity) &&
    isTextOrNull(value.baseUrl) &&
    (resume === "overwrite" || resume === "append") &&
    (anchor === null || isCounts(anchor)) &&
    // Files of the first versions don't have it.
    (anchorStep === undefined || anchorStep === null || typeof anchorStep === "number") &&
    isCounts(value.acknowledged)
  );
}

function isDeliveryState(value: unknown): value is DeliveryState {
  if (!isObject(value)) return false;
  const { runId, project, spans } = value;
  return (
    isDelivered(value) &&
    typeof runId === "string" &&
    typeof project === "string" &&
    isObject(spans) &&
    STREAMS.every((name) => {
      const list = spans[name];
      return Array.isArray(list) && list.every(isSpan);
    })
  );
}

const STREAMS: readonly StreamName[] = ["history", "events", "console"];

function isCounts(value: unknown): boolean {
  return isObject(value) && STREAMS.every((name) => isCount(value[name]));
}

function isSpan(value: unknown): boolean {
  return isObject(value) && isCount(value.record) && isCount(value.line);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}
