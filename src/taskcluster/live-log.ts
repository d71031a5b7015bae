/** The log of a task that is still running, from outside. */

import { decompress } from "../io/packed/decompress.js";
import type { Source } from "../io/source.js";
import { WholeLines } from "../io/whole-lines.js";
import type { ArtifactStore } from "./artifact-store.js";
import {
  hasCode,
  isRefused,
  type LiveArtifact,
  type Queue,
  type TaskRun,
  type TaskStatus,
} from "./client/index.js";
import { finishedLog, LIVE_LOG, TASK_LOGS, TRAIN_LOG } from "./finished-log.js";
import { ReadLines, restOf } from "./rest-of-log.js";
import { isOver, StatusPoll } from "./status-poll.js";

const WAIT_MS = 5000;
const RECONNECT_MS = 2000;
const LONGEST_WAIT_MS = 30_000;
/** How often the whole log of a run that is over is asked for while it is not there: about a minute. */
const TAIL_TRIES = 7;
/** The same if the worker was taken away, and has probably stored nothing. */
const TAIL_TRIES_TAKEN_AWAY = 3;

const SHORTER = "it is shorter than what was read while it ran";

const LINE_END = 0x0a;

/**
 * The bytes of a task's log, while it runs and to its end. Every connection begins at the first byte, so what was read
 * before is skipped. When a run ends, the rest comes from the log that it leaves; when its worker was taken away,
 * the next run follows. A run's log begins on a line of its own. Reading ends when the task does.
 */
export class LiveLogSource implements Source {
  readonly name: string;
  readonly #queue: Queue;
  readonly #store: ArtifactStore;
  readonly #options: LiveLogOptions;
  readonly #poll: StatusPoll;
  #state: LiveLogState | undefined;
  #finalState: "completed" | "failed" | "exception" | undefined;
  #trainingState: "finished" | "failed" | "running" = "running";
  /** The end of what was read of the run. */
  #lines = new ReadLines();
  /** Runs whose log lacks its end, and whether they have left it. */
  readonly #incomplete = new Map<number, "left" | "absent">();

  constructor(queue: Queue, store: ArtifactStore, options: LiveLogOptions) {
    this.name = `${options.taskId}/${LIVE_LOG}`;
    this.#queue = queue;
    this.#store = store;
    this.#options = options;
    this.#state = options.from;
    this.#poll = new StatusPoll(queue, options.taskId, (reason) =>
      this.#say({ kind: "unreachable", reason }),
    );
  }

  /** What has been read, the last chunk included; undefined before the first run. */
  get state(): LiveLogState | undefined {
    return this.#state;
  }

  /** How the task ended, or the only run asked for; undefined while it goes on. */
  get finalState(): "completed" | "failed" | "exception" | undefined {
    return this.#finalState;
  }

  /** How the training stands: as the task does, also where one run alone is read. */
  get trainingState(): "finished" | "failed" | "running" {
    return this.#trainingState;
  }

  /**
   * Whether something is missing: the end of the last run's log, or that of an earlier one that has left it. A worker
   * that was taken away leaves none, and the next run begins with what its training had saved.
   */
  get incomplete(): boolean {
    const last = this.#state?.runId;
    return [...this.#incomplete].some(([runId, log]) => runId === last || log === "left");
  }

  /** @throws TaskclusterError if the task is unknown, the queue can't be reached for an hour, or the client is stopped. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { runId: first, onlyRun = false, wholeLines = false } = this.#options;
    const hold = wholeLines ? new WholeLines() : undefined;
    let runId = this.#state?.runId ?? first ?? (await this.#lastRun());
    for (;;) {
      const separator = this.#enter(runId);
      if (hold === undefined) yield* separator;
      // What is held back of the run before is left out.
      else hold.rest();
      const { status, run } = yield* lines(this.#readRun(runId), hold);
      const followed = status.runs.some((one) => one.runId > runId);
      if (onlyRun || (isOver(status.state) && !followed)) {
        const rest = hold?.rest() ?? new Uint8Array();
        if (rest.length > 0) yield rest;
        if (isOver(status.state)) this.#trainingState = status.state === "completed" ? "finished" : "failed";
        this.#finalState = (onlyRun ? run.state : status.state) as "completed" | "failed" | "exception";
        this.#say({ kind: "ended", state: this.#finalState, reason: run.reasonResolved });
        return;
      }
      this.#say({ kind: "next-run", runId, reason: run.reasonResolved });
      runId += 1;
    }
  }

  /** The last run of the task, as soon as it has one. */
  async #lastRun(): Promise<number> {
    for (let waits = 0; ; waits += 1) {
      const status = await this.#poll.status();
      const last = status.runs.at(-1);
      if (last !== undefined) return last.runId;
      await this.#wait(status.state, waits);
    }
  }

  /** Begins a run; returns what stands between it and the one before. */
  #enter(runId: number): Uint8Array[] {
    if (this.#state?.runId === runId) return [];
    const torn = this.#state?.atLineStart === false;
    this.#state = { runId, bytes: 0, atLineStart: true };
    this.#lines = new ReadLines();
    return torn ? [Uint8Array.of(LINE_END)] : [];
  }

  /** Everything of one run; returns when it is over. */
  async *#readRun(
    runId: number,
  ): AsyncGenerator<Uint8Array, { readonly status: TaskStatus; readonly run: TaskRun }> {
    let waits = 0;
    let connections = 0;
    let broken: string | undefined;
    for (;;) {
      const status = await this.#poll.status();
      const run = runIn(status, runId);
      if (run !== undefined && isOver(run.state)) {
        yield* this.#tail(run);
        return { status, run };
      }
      // A task that was ended by hand while it waited for a next run gets none.
      if (run === undefined && isOver(status.state)) {
        const last = status.runs.at(-1);
        if (last !== undefined) return { status, run: last };
      }
      if (run?.state !== "running") {
        await this.#wait(run?.state ?? status.state, waits++);
        continue;
      }
      if (connections > 0) await this.#sleep(RECONNECT_MS, connections - 1);
      if (broken !== undefined) {
        // A run that ends takes its live log away; the queue learns of the end a little later.
        const now = runIn(await this.#poll.status(), runId);
        if (now === undefined || isOver(now.state)) continue;
        this.#say({ kind: "reconnecting", reason: broken });
      }
      const { isNew, reason } = yield* this.#stream(runId);
      connections = isNew ? 1 : connections + 1;
      broken = reason;
    }
  }

  /** Yields what a connection brings; returns whether that was anything new, and why it broke. */
  async *#stream(
    runId: number,
  ): AsyncGenerator<Uint8Array, { readonly isNew: boolean; readonly reason?: string }> {
    let live: LiveArtifact | undefined;
    let isNew = false;
    try {
      live = await this.#queue.live({ taskId: this.#options.taskId, runId, name: LIVE_LOG });
      // Packed is only what the run has left: it is over.
      if (live.gzip) return { isNew };
      for await (const chunk of this.#fresh(live.chunks)) {
        isNew = true;
        yield chunk;
      }
    } catch (error) {
      if (this.#queue.signal?.aborted) throw error;
      const isBegun = (this.#state?.bytes ?? 0) > 0;
      if (isBegun || !hasCode(error, "not-found"))
        return { isNew, reason: error instanceof Error ? error.message : String(error) };
      // While the worker sets itself up there is no log.
      this.#say({ kind: "waiting", state: "running" });
    } finally {
      live?.close();
    }
    return { isNew };
  }

  /** What the logs that a run leaves have beyond what was read while it ran. */
  async *#tail({ runId, state }: TaskRun): AsyncGenerator<Uint8Array> {
    const run = { taskId: this.#options.taskId, runId };
    const most = state === "exception" ? TAIL_TRIES_TAKEN_AWAY : TAIL_TRIES;
    const isBegun = (this.#state?.bytes ?? 0) > 0;
    const shorter = new Set<string>();
    for (let tries = 1; ; tries += 1) {
      const names = (await this.#logsLeft(runId, isBegun)).filter((name) => !shorter.has(name));
      const { log, isEmpty, reason, errors } = await finishedLog(this.#store, run, names);
      const isLate = errors.some((error) => hasCode(error, "not-found") && error.status === 404);
      if (isLate && (log === undefined || isEmpty) && tries < most) {
        await this.#sleep(RECONNECT_MS, tries - 1);
        continue;
      }
      try {
        if (log === undefined) throw errors[0] ?? new Error(SHORTER);
        if (reason !== undefined && !isEmpty) this.#say({ kind: "other-log", runId, reason });
        const chunks = () => decompress(log.chunks());
        if (log.name.endsWith(TRAIN_LOG))
          return yield* this.#ofTraining(isBegun ? restOf(chunks, this.#lines) : chunks());
        if (yield* this.#fresh(chunks())) return;
        shorter.add(names.find((name) => log.name.endsWith(name)) ?? "");
        if (names.length > 1) this.#say({ kind: "other-log", runId, reason: `${log.name}: ${SHORTER}` });
      } catch (error) {
        if (this.#queue.signal?.aborted) throw error;
        this.#incomplete.set(runId, isRefused(error) ? "absent" : "left");
        const message = error instanceof Error ? error.message : String(error);
        return this.#say({ kind: "incomplete", runId, reason: message });
      }
    }
  }

  /** The logs to look at, the best first; of those that a run need not leave, the ones that it lists. */
  async #logsLeft(runId: number, isBegun: boolean): Promise<readonly string[]> {
    const { taskId, logs = TASK_LOGS } = this.#options;
    const listed = await this.#queue.artifacts(taskId, runId).catch((error: unknown) => {
      if (this.#queue.signal?.aborted) throw error;
      return [];
    });
    const left = logs.filter((name) => {
      const artifact = listed.find((one) => one.name === name);
      // While a run goes on, its live.log leads to the worker, and that is gone now.
      if (name === LIVE_LOG) return artifact !== undefined && artifact.storageType !== "reference";
      return name !== TRAIN_LOG || artifact !== undefined;
    });
    // What was begun goes on in the same text; Marian's own log lacks what the task's other programs print.
    return isBegun ? left.toSorted((one, other) => rank(one) - rank(other)) : left;
  }

  /** Marian's own log. Its bytes differ from those of the task's log. */
  async *#ofTraining(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      if (chunk.length === 0) continue;
      if (this.#state !== undefined) this.#state = { ...this.#state, atLineStart: chunk.at(-1) === LINE_END };
      yield chunk;
    }
  }

  /** The bytes of a run from its first on, without those that were read before; false if there are fewer. */
  async *#fresh(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, boolean> {
    let at = 0;
    for await (const chunk of chunks) {
      const { runId = 0, bytes: read = 0 } = this.#state ?? {};
      const fresh = chunk.subarray(Math.max(0, read - at));
      at += chunk.length;
      if (fresh.length === 0) continue;
      this.#state = { runId, bytes: read + fresh.length, atLineStart: fresh.at(-1) === LINE_END };
      this.#lines.take(fresh);
      yield fresh;
    }
    return at >= (this.#state?.bytes ?? 0);
  }

  async #wait(state: TaskStatus["state"], waits: number): Promise<void> {
    if (waits === 0) this.#say({ kind: "waiting", state });
    await this.#sleep(WAIT_MS, waits);
  }

  #sleep(firstMs: number, doublings: number): Promise<void> {
    return this.#queue.clock.sleep(
      Math.min(LONGEST_WAIT_MS, firstMs * 2 ** Math.min(doublings, 10)),
      this.#queue.signal,
    );
  }

  #say(event: LiveLogEvent): void {
    this.#options.onEvent?.(event);
  }
}

function runIn({ runs }: TaskStatus, runId: number): TaskRun | undefined {
  return runs.find((one) => one.runId === runId);
}

function rank(name: string): number {
  return name === TRAIN_LOG ? 1 : 0;
}

/** Holds half lines back; returns what the reading returns. */
async function* lines<End>(
  reading: AsyncGenerator<Uint8Array, End>,
  hold: WholeLines | undefined,
): AsyncGenerator<Uint8Array, End> {
  if (hold === undefined) return yield* reading;
  try {
    for (;;) {
      const next = await reading.next();
      if (next.done) return next.value;
      const whole = hold.take(next.value);
      if (whole !== undefined) yield whole;
    }
  } finally {
    await reading.return(undefined as never);
  }
}

/** How far a log was read: enough to go on after the command was started again. */
export interface LiveLogState {
  readonly runId: number;
  /** Bytes of this run's log, as its task prints it. */
  readonly bytes: number;
  /** Whether the last of them was a line end. */
  readonly atLineStart: boolean;
}

/** What happens while a log is followed. */
export type LiveLogEvent =
  /** There is no log yet: the task waits for a worker, or the worker for its log. */
  | { readonly kind: "waiting"; readonly state: TaskStatus["state"] }
  /** The connection broke while the run goes on; another follows. */
  | { readonly kind: "reconnecting"; readonly reason: string }
  /** The queue does not answer; it is asked again. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** The run is over but not the task: its next run follows. */
  | { readonly kind: "next-run"; readonly runId: number; readonly reason: string | undefined }
  /** The run is over, and the log that is best of those it leaves can't be had: the rest comes from another. */
  | { readonly kind: "other-log"; readonly runId: number; readonly reason: string }
  /** The run is over, and the rest of its log can't be had. */
  | { readonly kind: "incomplete"; readonly runId: number; readonly reason: string }
  /** The task is over. */
  | {
      readonly kind: "ended";
      readonly state: "completed" | "failed" | "exception";
      readonly reason: string | undefined;
    };

/** What is followed, and from where. */
export interface LiveLogOptions {
  readonly taskId: string;
  /** The first run to read. Default: the last one that there is. */
  readonly runId?: number;
  /** Ends with the first run, whatever becomes of the task. */
  readonly onlyRun?: boolean;
  /**
   * Gives whole lines only, but for the end of the task's log: half a line of a run whose worker was taken away is left
   * out, since it may hold half a number.
   */
  readonly wholeLines?: boolean;
  /** The logs from which the rest is read when a run is over, the best first. Default: those of the task. */
  readonly logs?: readonly string[];
  /** What an earlier command has read. */
  readonly from?: LiveLogState;
  onEvent?(event: LiveLogEvent): void;
}
