import { hasCode, type Queue, TaskclusterError, type TaskRun, type TaskStatus } from "./client/index.js";

const PAUSE_MS = 30_000;
/** A training runs for days; an hour without the queue is more than an outage. */
const PATIENCE_MS = 3_600_000;

/** Whether a task, or a run, in this state goes on no more. */
export function isOver(state: TaskStatus["state"] | TaskRun["state"]): boolean {
  return state === "completed" || state === "failed" || state === "exception";
}

/** Asks where a task stands, through outages of the queue. */
export class StatusPoll {
  readonly #queue: Queue;
  readonly #taskId: string;
  readonly #onFault: (reason: string) => void;

  constructor(queue: Queue, taskId: string, onFault: (reason: string) => void) {
    this.#queue = queue;
    this.#taskId = taskId;
    this.#onFault = onFault;
  }

  /** @throws TaskclusterError if the task is unknown, or nothing was answered for an hour. */
  async status(): Promise<TaskStatus> {
    const { clock, signal } = this.#queue;
    const start = clock.now();
    for (;;) {
      try {
        return await this.#queue.status(this.#taskId);
      } catch (error) {
        const final = hasCode(error, "not-found", "forbidden") || signal?.aborted;
        if (final || !(error instanceof TaskclusterError) || clock.now() - start > PATIENCE_MS) throw error;
        this.#onFault(error.message);
        await clock.sleep(PAUSE_MS, signal);
      }
    }
  }
}
