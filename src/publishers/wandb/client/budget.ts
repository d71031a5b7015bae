import { type Clock, systemClock } from "./clock.js";

/** Budget of batch commands without any progress, in milliseconds. */
export const DEFAULT_BUDGET_MS = 5 * 60_000;

/**
 * Milliseconds that are left for delivery after a signal. With the last questions before it and the offline file after
 * it, a command ends within ten seconds.
 */
export const BUDGET_AFTER_STOP = 6000;

/**
 * How long a request may be retried without progress. A live run starts with Infinity and calls `set` when the
 * training has ended; the time then counts from that call, also for requests that have been failing for hours.
 */
export class Budget {
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  #milliseconds: number;
  #since = Number.NEGATIVE_INFINITY;

  constructor(milliseconds: number = DEFAULT_BUDGET_MS, clock: Clock = systemClock) {
    this.#milliseconds = milliseconds;
    this.#clock = clock;
  }

  /** Milliseconds without progress after which a request is given up. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** Changes the budget and counts it from now. */
  set(milliseconds: number): void {
    this.#milliseconds = milliseconds;
    this.#since = this.#clock.now();
    for (const watcher of this.#watchers) watcher();
  }

  /** The moment (ms since 1970) at which a request that has made no progress since `start` is given up. */
  deadline(start: number): number {
    return Math.max(start, this.#since) + this.#milliseconds;
  }

  /** Calls back at each change, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
