import { channel } from "node:diagnostics_channel";
import type { Clock, SleepPurpose } from "./clock.js";
import type { Budget } from "./deadline.js";
import { inSeconds } from "./deadline.js";
import type { HttpError, HttpErrorCode } from "./http-error.js";
import type { HttpPolicy } from "./policy.js";
import type { RateLimit } from "./rate-limit.js";
import { backoff } from "./rate-limit.js";

/** A request waits before it is sent. */
export interface Pause {
  /** `retry` after a try that failed; `rate-limit` because the server asked other requests to wait. */
  readonly kind: "retry" | "rate-limit";
  readonly milliseconds: number;
  /** Whether the server asked for the pause, as by Retry-After. */
  readonly isAsked: boolean;
  /** Ready to be printed. */
  readonly reason: string;
}

/** Gets a {@link Pause} from every client of HTTP in this process. */
export const pauses = channel("marian-tracking:pause");

/** While others get through, a request that is told to wait has this many budgets at most. */
const MAX_BUDGETS = 10;

/** What a request's tries go by. */
interface RetryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly policy: HttpPolicy;
  readonly rateLimit: RateLimit;
  readonly scope: { readonly budget: Budget; readonly signal?: AbortSignal | undefined };
}

/**
 * The tries of one request. There is one rule: the pause is the greater of the growing pauses and what the server asks
 * for, and at most what is left of the budget; what is asked beyond the budget ends the tries at once.
 */
export class Retry {
  readonly #what: string;
  readonly #options: RetryOptions;
  #failures = 0;
  /** The moment of the last progress of its own. */
  #begun: number;
  /** That moment, or the later one until which it had to wait for its turn. */
  #start: number;

  constructor(what: string, options: RetryOptions) {
    this.#what = what;
    this.#options = options;
    this.#begun = options.clock.now();
    this.#start = this.#begun;
  }

  /** The moment (ms since 1970) at which the request is given up if nothing arrives before. */
  get deadline(): number {
    const { budget } = this.#options.scope;
    const last = budget.deadline(this.#begun) + (MAX_BUDGETS - 1) * budget.milliseconds;
    return Math.min(budget.deadline(this.#start), last);
  }

  /** Whether the server takes requests now. */
  get isReady(): boolean {
    const { rateLimit, clock } = this.#options;
    return rateLimit.endsAt <= clock.now();
  }

  /** Notes that something arrived: the count of tries starts again. */
  progressed(): void {
    this.#failures = 0;
    this.#begun = this.#options.clock.now();
    this.#start = this.#begun;
  }

  /** Notes that a try begins. Before the first one it waited for its turn, which is no lack of progress. */
  begin(): void {
    if (this.#failures === 0) this.progressed();
  }

  /** @throws the policy's error if the scope's signal is aborted. */
  throwIfStopped(): void {
    const { policy, scope } = this.#options;
    if (scope.signal?.aborted) throw policy.errors.stopped(this.#what);
  }

  /**
   * Waits until the server takes requests.
   *
   * @throws the policy's error if that is after the end of the budget, or the scope's signal is aborted.
   */
  async ready(): Promise<void> {
    const { rateLimit, clock, scope } = this.#options;
    const waits = !this.isReady;
    const wait = { message: "the server asks all requests to wait", code: "status" } as const;
    if (waits)
      publish({
        kind: "rate-limit",
        milliseconds: rateLimit.endsAt - clock.now(),
        isAsked: true,
        reason: wait.message,
      });
    await this.#until(() => rateLimit.endsAt, "rate-limit", wait);
    // While others got through, to wait for one's turn was no lack of progress.
    if (waits && rateLimit.succeededSince(this.#start)) this.#start = clock.now();
    if (clock.now() >= scope.budget.end) throw this.#undelivered("the time was up", "timeout");
  }

  /**
   * Pauses after a try that failed.
   *
   * @throws the policy's error if there is to be no other try.
   */
  async after(error: HttpError): Promise<void> {
    const { clock, random, policy, rateLimit } = this.#options;
    this.throwIfStopped();
    this.#failures += 1;
    const now = clock.now();
    const asked = error.askedMs ?? 0;
    const own = backoff(this.#failures, policy.backOff, random);
    // Being told to wait while the server takes other requests is no lack of progress.
    if (error.status === 429 && rateLimit.succeededSince(this.#start)) this.#start = now;
    const moment = (): number => Math.max(now + asked, Math.min(now + own, this.deadline));
    if (error.status === 429 || error.askedMs !== undefined) rateLimit.defer(moment() - now);
    if (this.#failures >= policy.tries || now >= this.deadline)
      throw this.#undelivered(error.message, error.code);
    const isAsked = asked > 0 && now + asked >= moment();
    publish({ kind: "retry", milliseconds: moment() - now, isAsked, reason: error.message });
    await this.#until(moment, "retry", error);
  }

  async #until(
    moment: () => number,
    purpose: SleepPurpose,
    { message, code }: Pick<HttpError, "message" | "code">,
  ): Promise<void> {
    const { clock, scope } = this.#options;
    for (;;) {
      this.throwIfStopped();
      const left = moment() - clock.now();
      if (!(left > 0)) return;
      if (moment() > this.deadline)
        throw this.#undelivered(`${message}; the server asks to wait ${inSeconds(left)}`, code);
      await sleepUntilChange(clock, scope.budget, left, scope.signal, purpose);
    }
  }

  #undelivered(last: string, code: HttpErrorCode): Error {
    const { clock, policy } = this.#options;
    const spent = { tries: this.#failures, milliseconds: clock.now() - this.#start, code };
    return policy.errors.undelivered(this.#what, last, spent);
  }
}

function publish(pause: Pause): void {
  pauses.publish(pause);
}

/** Sleeps, and no longer than until the budget is changed. */
export async function sleepUntilChange(
  clock: Clock,
  budget: Budget,
  milliseconds: number,
  signal: AbortSignal | undefined,
  purpose: SleepPurpose,
): Promise<void> {
  const changed = new AbortController();
  const wake = (): void => changed.abort();
  const unwatch = budget.watch(wake);
  signal?.addEventListener("abort", wake, { once: true });
  try {
    if (!signal?.aborted) await clock.sleep(milliseconds, changed.signal, purpose);
  } finally {
    unwatch();
    signal?.removeEventListener("abort", wake);
  }
}
