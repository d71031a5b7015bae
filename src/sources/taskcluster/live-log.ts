/** The log of a task that is still running, from outside. */
import {
  type LiveArtifact,
  NotFoundError,
  type Queue,
  RefusedError,
  type TaskRun,
  type TaskStatus,
} from "../../taskcluster/index.js";
import { decompress } from "../decompress.js";
import type { Source } from "../source.js";
import { LineHold } from "../whole-lines.js";
import type { ArtifactStore } from "./artifact-store.js";
import type { LiveLogEvent, LiveLogOptions, LiveLogState } from "./live-log-options.js";
import { isOver, StatusPoll } from "./status-poll.js";

const LIVE_LOG = "public/logs/live.log";
const WHOLE_LOG = "public/logs/live_backing.log";

const WAIT_MS = 5000;
const RECONNECT_MS = 2000;
const LONGEST_WAIT_MS = 30_000;
/** How often the whole log of a run that is over is asked for while it is not there: about a minute. */
const TAIL_TRIES = 7;
/** The same where the worker was taken away, and has probably stored nothing. */
const TAIL_TRIES_TAKEN_AWAY = 3;

const LINE_END = 0x0a;

/**
 * The bytes of a task's log, while it runs and to its end. Every connection begins at the first byte, so what was read
 * before is passed over. When a run ends, the rest comes from the log that it leaves; when its worker was taken away,
 * the next run follows. A run's log begins on a line of its own. Reading ends when the task does.
 */
export class LiveLogSource implements Source {
  readonly name: string;
  readonly #queue: Queue;
  readonly #store: ArtifactStore;
  readonly #options: LiveLogOptions;
  readonly #poll: StatusPoll;
  #state: LiveLogState | undefined;
  #fate: "completed" | "failed" | "exception" | undefined;
  #trainingFate: "finished" | "failed" | "running" = "running";
  /** Runs of which the end of the log is missing, with whether they have left it. */
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
  get fate(): "completed" | "failed" | "exception" | undefined {
    return this.#fate;
  }

  /** How the training stands: as the task does, also where one run alone is read. */
  get trainingFate(): "finished" | "failed" | "running" {
    return this.#trainingFate;
  }

  /**
   * Whether something is missing: the end of the last run's log, or that of an earlier one that has left it. A worker
   * that was taken away leaves none, and the next run begins with what its training had saved.
   */
  get incomplete(): boolean {
    const last = this.#state?.runId;
    return [...this.#incomplete].some(([runId, log]) => runId === last || log === "left");
  }

  /** @throws TaskclusterError when the task is unknown, the queue can't be reached for an hour, or the client is stopped. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { runId: first, onlyRun = false, wholeLines = false } = this.#options;
    const hold = wholeLines ? new LineHold() : undefined;
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
        if (isOver(status.state)) this.#trainingFate = status.state === "completed" ? "finished" : "failed";
        this.#fate = (onlyRun ? run.state : status.state) as "completed" | "failed" | "exception";
        this.#say({ kind: "ended", state: this.#fate, reason: run.reasonResolved });
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
    return torn ? [Uint8Array.of(LINE_END)] : [];
  }

  /** Everything of one run; returns when it is over. */
  async *#readRun(
    runId: number,
  ): AsyncGenerator<Uint8Array, { readonly status: TaskStatus; readonly run: TaskRun }> {
    let waits = 0;
    let connections = 0;
    for (;;) {
      const status = await this.#poll.status();
      const run = status.runs.find((one) => one.runId === runId);
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
      connections = (yield* this.#stream(runId)) ? 1 : connections + 1;
    }
  }

  /** What a connection brings; returns whether that was anything new. */
  async *#stream(runId: number): AsyncGenerator<Uint8Array, boolean> {
    let live: LiveArtifact | undefined;
    let news = false;
    try {
      live = await this.#queue.live({ taskId: this.#options.taskId, runId, name: LIVE_LOG });
      // Packed is only what the run has left: it is over.
      if (live.gzip) return false;
      for await (const chunk of this.#fresh(live.chunks)) {
        news = true;
        yield chunk;
      }
    } catch (error) {
      if (this.#queue.signal?.aborted) throw error;
      // While the worker sets itself up there is no log.
      if (error instanceof NotFoundError) this.#say({ kind: "waiting", state: "running" });
      else
        this.#say({ kind: "reconnecting", reason: error instanceof Error ? error.message : String(error) });
    } finally {
      live?.close();
    }
    return news;
  }

  /** What the log that a run leaves has beyond what was read while it ran. */
  async *#tail({ runId, state }: TaskRun): AsyncGenerator<Uint8Array> {
    const ref = { taskId: this.#options.taskId, runId, name: WHOLE_LOG };
    const most = state === "exception" ? TAIL_TRIES_TAKEN_AWAY : TAIL_TRIES;
    for (let tries = 1; ; tries += 1) {
      try {
        return yield* this.#fresh(decompress(this.#store.chunks(ref)));
      } catch (error) {
        if (this.#queue.signal?.aborted) throw error;
        if (error instanceof NotFoundError && tries < most) {
          await this.#sleep(RECONNECT_MS, tries - 1);
          continue;
        }
        this.#incomplete.set(runId, error instanceof RefusedError ? "absent" : "left");
        const reason = error instanceof Error ? error.message : String(error);
        return this.#say({ kind: "incomplete", runId, reason });
      }
    }
  }

  /** The bytes of a run from its first on, without those that were read before. */
  async *#fresh(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const chunk of chunks) {
      const { runId = 0, bytes: read = 0 } = this.#state ?? {};
      const fresh = chunk.subarray(Math.max(0, read - at));
      at += chunk.length;
      if (fresh.length === 0) continue;
      this.#state = { runId, bytes: read + fresh.length, atLineStart: fresh.at(-1) === LINE_END };
      yield fresh;
    }
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

/** Holds half lines back; returns what the reading returns. */
async function* lines<End>(
  reading: AsyncGenerator<Uint8Array, End>,
  hold: LineHold | undefined,
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
