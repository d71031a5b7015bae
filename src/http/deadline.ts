import { type Clock, systemClock } from "./clock.js";
import { HttpError } from "./http-error.js";

/**
 * The result of some work, if it comes in time; a late one is nobody's.
 *
 * @throws HttpError (`timeout`) with the message after so many milliseconds; what the signal was aborted with as soon as it is.
 */
export async function within<Result>(
  work: Promise<Result>,
  milliseconds: number,
  message: string,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Result> {
  work.catch(() => {});
  signal?.throwIfAborted();
  const done = new AbortController();
  let stop: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    if (milliseconds === Number.POSITIVE_INFINITY) return;
    void clock.sleep(milliseconds, done.signal, "deadline").then(() => {
      if (!done.signal.aborted) reject(new HttpError("timeout", message));
    });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    done.abort();
    if (stop !== undefined) signal?.removeEventListener("abort", stop);
  }
}

/** Milliseconds as a text for messages. */
export function inSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return `${seconds >= 10 ? Math.round(seconds) : Math.round(seconds * 10) / 10} s`;
}

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
  #end = Number.POSITIVE_INFINITY;

  constructor(milliseconds: number = DEFAULT_BUDGET_MS, clock: Clock = systemClock) {
    this.#milliseconds = milliseconds;
    this.#clock = clock;
  }

  /** Milliseconds without progress after which a request is given up. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** Milliseconds that something has which begins now. */
  get left(): number {
    const now = this.#clock.now();
    return Math.max(0, this.deadline(now) - now);
  }

  /** The moment (ms since 1970) after which nothing is sent; Infinity until `endWithin` is called. */
  get end(): number {
    return this.#end;
  }

  /** Changes the budget and counts it from now. */
  set(milliseconds: number): void {
    this.#milliseconds = milliseconds;
    this.#since = this.#clock.now();
    this.#announce();
  }

  /** Ends everything within some milliseconds from now, all requests together, whatever progress there is. */
  endWithin(milliseconds: number): void {
    this.#end = Math.min(this.#end, this.#clock.now() + milliseconds);
    this.#announce();
  }

  /** The moment (ms since 1970) at which a request that has made no progress since `start` is given up. */
  deadline(start: number): number {
    return Math.min(this.#end, Math.max(start, this.#since) + this.#milliseconds);
  }

  /** Calls back at each change, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #announce(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
