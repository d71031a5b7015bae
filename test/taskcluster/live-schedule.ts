/** A task whose runs go as a schedule says, for tests of any schedule. */
import fc from "fast-check";
import type { PlannedConnection, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { runOf } from "../servers/taskcluster/own-groups.js";

/** A log of numbered lines. */
export interface LogShape {
  readonly lines: number;
  readonly width: number;
  /** Whether its last line has an end. */
  readonly whole: boolean;
}

/** One run of the task. */
export interface RunSchedule {
  readonly log: LogShape;
  /** What connections get, as a part of the log. */
  readonly connections: readonly { readonly part: number; readonly end: PlannedConnection["end"] }[];
  /** Questions about the status before the run begins, and after its last connection. */
  readonly pollsBefore: number;
  /** How often the log that it leaves is not there yet. */
  readonly late: number;
}

/** A whole task. */
export interface Schedule {
  readonly runs: readonly RunSchedule[];
  /** Statuses that are answered with 502. */
  readonly outages: number;
  /** Chunks after which the command is started again. */
  readonly restartsAfter: readonly number[];
}

/** Schedules of up to three runs. */
export function schedules(): fc.Arbitrary<Schedule> {
  // Not "hang": that one takes real time, and has a test of its own.
  const end = fc.constantFrom("kill" as const, "end" as const, "refuse" as const);
  const connection = fc.record({ part: fc.double({ min: 0, max: 1, noNaN: true }), end });
  // Some logs fit in one packet, others don't.
  const log = fc.record({ lines: fc.nat(12), width: fc.constantFrom(1, 40, 30_000), whole: fc.boolean() });
  const run = fc.record({
    log,
    connections: fc.array(connection, { minLength: 1, maxLength: 6 }),
    pollsBefore: fc.nat(3),
    late: fc.nat(2),
  });
  return fc.record({
    runs: fc.array(run, { minLength: 1, maxLength: 3 }),
    outages: fc.nat(8),
    restartsAfter: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
  });
}

/** Plays a schedule: the task moves on each time somebody asks how it stands. */
export class TaskScript {
  /** The logs of all runs, each beginning on a line of its own. */
  readonly wholeLog: Buffer;
  readonly #server: TaskclusterStandIn;
  readonly #taskId: string;
  readonly #schedule: Schedule;
  readonly #logs: readonly Buffer[];
  #current = -1;
  #polls = 0;
  #late = 0;

  /** @param textOf What the log of a run says; numbered lines, unless given. */
  constructor(
    server: TaskclusterStandIn,
    taskId: string,
    schedule: Schedule,
    textOf: (log: LogShape, run: number) => string = numberedLines,
  ) {
    this.#server = server;
    this.#taskId = taskId;
    this.#schedule = schedule;
    this.#logs = schedule.runs.map(({ log }, index) => Buffer.from(textOf(log, index)));
    this.wholeLog = Buffer.concat(
      this.#logs.flatMap((log, index) => {
        const before = this.#logs[index - 1];
        const torn = before !== undefined && before.length > 0 && before.at(-1) !== 0x0a;
        return torn ? [Buffer.from("\n"), log] : [log];
      }),
    );
    const { status } = server.store.task(taskId);
    status.runs.length = 0;
    status.state = "unscheduled";
    if (schedule.outages > 0)
      server.inject({ endpoint: "status", fault: { kind: "status", status: 502 }, times: schedule.outages });
    server.onRequest = ({ endpoint, path }) => {
      if (endpoint === "status") this.#step();
      if (endpoint === "artifact" && path.endsWith("live_backing.log")) this.#provide(path);
    };
  }

  #step(): void {
    const { status } = this.#server.store.task(this.#taskId);
    const run = this.#schedule.runs[this.#current];
    const live = run && this.#server.live(this.#taskId, this.#current);
    if (run === undefined || live === undefined) {
      this.#begin(0);
      return;
    }
    this.#polls += 1;
    const last = status.runs[this.#current];
    if (last?.state === "pending" && this.#polls > run.pollsBefore) {
      status.runs[this.#current] = runOf("running", this.#current);
      status.state = "running";
    } else if (last?.state === "running" && live.plan.length === 0) {
      const final = this.#current === this.#schedule.runs.length - 1;
      status.runs[this.#current] = runOf(final ? "completed" : "worker-shutdown", this.#current);
      status.state = final ? "completed" : "pending";
      if (!final) this.#begin(this.#current + 1);
    }
  }

  #begin(runId: number): void {
    const { status } = this.#server.store.task(this.#taskId);
    const run = this.#schedule.runs[runId];
    this.#current = runId;
    this.#polls = 0;
    status.runs.push(runOf("pending", runId));
    status.state = "pending";
    const live = this.#server.live(this.#taskId, runId);
    const log = this.#logs[runId] ?? Buffer.alloc(0);
    live.append(log);
    for (const { part, end } of run?.connections ?? [])
      live.plan.push({ bytes: Math.round(part * log.length), end });
  }

  /** The log that a run leaves comes late. */
  #provide(path: string): void {
    const runId = Number(/\/runs\/(\d+)\//.exec(path)?.[1]);
    const run = this.#schedule.runs[runId];
    this.#late += 1;
    if (run === undefined || this.#late <= run.late) return;
    this.#late = 0;
    this.#server.setContent(this.#taskId, runId, "public/logs/live_backing.log", this.#logs[runId] ?? "");
  }
}

/** Every line is another, so that a shifted byte shows. */
function numberedLines({ lines, width, whole }: LogShape, run: number): string {
  const texts = Array.from({ length: lines }, (_, line) =>
    `run ${run} line ${line} `.padEnd(width, String(line * 7)),
  );
  return texts.join("\n") + (whole && lines > 0 ? "\n" : "");
}
