import { WandbError } from "../client/errors.js";
import type { ExistingRun } from "../client/existing-run.js";
import {
  type DeliveryState,
  newDeliveryState,
  type StreamCounts,
  type StreamName,
} from "../offline/delivery-state.js";
import type { RunRecord } from "../offline/records.js";

import type { LineRange, RunContent } from "./run-content.js";

/** The streams of a run, in the order they are reported. */
export const STREAMS: readonly StreamName[] = ["history", "events", "console"];

const NONE: StreamCounts = { history: 0, events: 0, console: 0 };

/** What a delivery starts from. */
export interface DeliverySituation {
  /** The state stored next to the file; null for a file of the official client. */
  readonly stored: DeliveryState | null;
  readonly run: RunRecord;
  readonly entity: string | undefined;
  /** The run as the server has it; undefined when it has none. */
  readonly existing: ExistingRun | undefined;
  readonly baseUrl: string;
  /** Send lines again that were acknowledged, and also to another server than before. */
  readonly force: boolean;
  /** Put the lines after those of an existing run. */
  readonly append: boolean;
}

/** Where the lines go. */
export interface DeliveryPlan {
  /** To be stored before the first line goes out. Its `acknowledged` is where sending starts. */
  readonly state: DeliveryState;
  /** Server line of the file's line 0. */
  readonly anchor: StreamCounts;
  /** Lines of the server's run, in the file's own counting (0 when all of them are before it). */
  readonly held: StreamCounts;
}

/**
 * Decides where the lines of a file go.
 *
 * @throws WandbError when that can't be known.
 */
export function planDelivery(situation: DeliverySituation): DeliveryPlan {
  return planFrom(situation, stateFor(situation), countsOf(situation.existing));
}

/** The plan if the server holds what it has acknowledged of this file, and nothing after it. */
export function planWithoutServer(situation: DeliverySituation): DeliveryPlan {
  const state = stateFor(situation);
  const { anchor, acknowledged } = state;
  return planFrom(
    situation,
    state,
    eachStream((name) => (anchor?.[name] ?? 0) + acknowledged[name]),
  );
}

function planFrom(situation: DeliverySituation, state: DeliveryState, counts: StreamCounts): DeliveryPlan {
  const { existing, force } = situation;
  const anchor = state.anchor ?? counts;
  // A training that went on prints updates again. Where the user asks for all rows of a file, all are sent.
  const trainingGoesOn = situation.stored?.resume === "append" && state.anchor === null;
  const anchorStep = trainingGoesOn ? (existing?.lastStep ?? null) : state.anchorStep;
  const held = eachStream((name) => Math.max(0, counts[name] - anchor[name]));
  // A server that has less than it acknowledged has lost the run; the content of the file is sent again.
  const acknowledged = eachStream((name) => (force ? 0 : Math.min(state.acknowledged[name], held[name])));
  return { state: { ...state, anchor, anchorStep, acknowledged }, anchor, held };
}

/**
 * Whether the file holds the run from its first row, so that it stands for all that the server has of it.
 *
 * @throws WandbError when its lines would leave a gap, or write over a part of some longer run.
 */
export function checkLines(
  plan: DeliveryPlan,
  content: RunContent,
  situation: DeliverySituation,
): { readonly whole: boolean } {
  const { state, held } = plan;
  for (const name of STREAMS) {
    const { ranges } = content.lines[name];
    checkRanges(ranges, state.acknowledged[name], held[name], name, content.run.runId);
  }
  const { ranges } = content.lines.history;
  const fromStart = state.resume === "overwrite" && ranges[0]?.from === 0;
  const end = ranges.at(-1)?.to ?? 0;
  if (fromStart && !situation.force && untouched(situation.stored) && held.history > end) {
    throw new WandbError(
      "sync-refused",
      `W&B holds ${held.history} rows of the run ${content.run.runId}, this file only ${end}: they would take the place of the first ones. Use --append to add them after the others, or --force to overwrite them.`,
    );
  }
  return { whole: fromStart || (ranges.length === 0 && state.resume === "overwrite" && held.history === 0) };
}

function checkRanges(
  ranges: readonly LineRange[],
  acknowledged: number,
  held: number,
  name: StreamName,
  runId: string,
): void {
  let reached = held;
  let last = 0;
  for (const { from, to } of ranges) {
    if (from < last) {
      throw new WandbError(
        "sync-refused",
        `the delivery state of the run ${runId} gives lines of the ${name} twice; nothing was sent`,
      );
    }
    last = to;
    if (to <= acknowledged) continue;
    const first = Math.max(from, acknowledged);
    if (first > reached) {
      throw new WandbError(
        "sync-refused",
        `W&B holds ${reached} lines of the ${name} of the run ${runId}, and this file goes on at line ${first}: the lines between are not in it. If the run was deleted, publish its log again; if it is being published elsewhere, run this command when that has ended.`,
      );
    }
    reached = Math.max(reached, to);
  }
}

function stateFor(situation: DeliverySituation): DeliveryState {
  const { stored, run, entity, existing, baseUrl, force, append } = situation;
  if (stored === null) {
    if ((existing?.rows ?? 0) > 0 && !append) {
      throw new WandbError(
        "sync-refused",
        `the run ${run.runId} exists with ${existing?.rows} rows, and nothing says whether this file's are among them. Use --append to add them after the others (rows that are there already would then be there twice).`,
      );
    }
    const first = [{ record: 0, line: 0 }];
    return {
      ...newDeliveryState({
        runId: run.runId,
        project: run.project,
        entity: entity ?? null,
        baseUrl,
        resume: append ? "append" : "overwrite",
      }),
      spans: { history: first, events: first, console: first },
    };
  }
  if (stored.runId !== run.runId) {
    throw new WandbError(
      "sync-refused",
      `the delivery state beside this file is that of the run ${stored.runId}, not of ${run.runId}: give each run a folder of its own`,
    );
  }
  const state = onServer(stored, baseUrl, force, run.entity ?? null);
  const movable =
    state.resume === "overwrite" && untouched(state) && (state.spans.history[0]?.line ?? 0) === 0;
  return append && movable ? { ...state, resume: "append", anchor: null } : state;
}

/** A state belongs to one server; another server starts with an empty one. */
function onServer(
  stored: DeliveryState,
  baseUrl: string,
  force: boolean,
  entity: string | null,
): DeliveryState {
  if (stored.baseUrl === null || stored.baseUrl === baseUrl) return { ...stored, baseUrl };
  if (!untouched(stored) && !force) {
    throw new WandbError(
      "sync-refused",
      `a part of the run ${stored.runId} was sent to ${stored.baseUrl}: set WANDB_BASE_URL to that, or use --force to send all of this file to ${baseUrl}`,
    );
  }
  return {
    ...stored,
    baseUrl,
    entity,
    acknowledged: NONE,
    anchor: stored.resume === "append" ? null : NONE,
    anchorStep: null,
  };
}

/** Whether no line was acknowledged. */
function untouched(state: DeliveryState | null): boolean {
  return state === null || STREAMS.every((name) => state.acknowledged[name] === 0);
}

function countsOf(existing: ExistingRun | undefined): StreamCounts {
  if (existing === undefined) return NONE;
  return { history: existing.rows, events: existing.events, console: existing.consoleLines };
}

/** Counts that a function gives for each stream. */
export function eachStream(count: (name: StreamName) => number): StreamCounts {
  return { history: count("history"), events: count("events"), console: count("console") };
}
