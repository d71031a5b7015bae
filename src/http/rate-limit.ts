/** How long a client pauses before the next try. */
import type { Clock } from "./clock.js";

/** Growing pauses: doubled after each failure, up to the longest, times a random factor. */
export interface BackOff {
  /** Milliseconds after the first failure. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** The smallest and the largest factor. */
  readonly jitter: readonly [number, number];
}

/** Milliseconds before the next try after `failures` failed ones (1: the first has just failed). */
export function backoff(
  failures: number,
  { firstMs, longestMs, jitter }: BackOff,
  random: () => number,
): number {
  const [smallest, largest] = jitter;
  const doubled = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 40));
  return doubled * (smallest + random() * (largest - smallest));
}

/** The headers that ask for a pause, in lower case. */
export type PauseHeaders = Readonly<Record<string, string | undefined>>;

/** Seconds since 1970 are more than this; seconds to wait are not. */
const SMALLEST_MOMENT_S = 1e9;

/**
 * Milliseconds that a server asks to wait: by Retry-After, in seconds or as an HTTP date. The two clocks may differ by
 * any time, so a date counts by the one of ours and the server's by which it is nearer, but ahead. Undefined if
 * nothing is asked that can be understood; never negative.
 */
export function askedPause(headers: PauseHeaders, now: number): number | undefined {
  const text = headers["retry-after"]?.trim() ?? "";
  if (/^\+?\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^-\d/.test(text)) return 0;
  const moment = dateOf(text);
  if (moment === undefined) return undefined;
  const ahead = [now, dateOf(headers["date"]) ?? now]
    .map((clock) => moment - clock)
    .filter((wait) => wait > 0);
  return ahead.length === 0 ? 0 : Math.min(...ahead);
}

/** Milliseconds until the server takes requests again, where an answer says that no more are allowed before. */
export function limitPause(headers: PauseHeaders, now: number): number | undefined {
  if (headers["ratelimit-remaining"]?.trim() !== "0") return undefined;
  const reset = Number(headers["ratelimit-reset"]);
  if (!(reset > 0)) return undefined;
  const served = dateOf(headers["date"]) ?? now;
  return reset < SMALLEST_MOMENT_S ? reset * 1000 : Math.max(0, reset * 1000 - served);
}

/**
 * `Date.parse` accepts much that is no date: the name of a month is required. It reads a date without a zone, as C's
 * `asctime` writes it, as local time; HTTP says that it is GMT.
 */
function dateOf(text = ""): number | undefined {
  if (!/[a-z]{3}.*\d/i.test(text)) return undefined;
  const moment = Date.parse(/(?:\b[a-z]{1,3}|[+-]\d{2}:?\d{2})$/i.test(text.trim()) ? text : `${text} GMT`);
  return Number.isNaN(moment) ? undefined : moment;
}

/** The rate limit of a server: when it asks one request to wait, all wait. */
export class RateLimit {
  readonly #clock: Clock;
  #endsAt = Number.NEGATIVE_INFINITY;
  #lastSuccess = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The moment (ms since 1970) until which no request is sent. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** Sends nothing for some milliseconds from now, or longer if that was asked for before. */
  defer(milliseconds: number): void {
    this.#endsAt = Math.max(this.#endsAt, this.#clock.now() + milliseconds);
  }

  /** Notes that the server took a request. */
  succeeded(): void {
    this.#lastSuccess = this.#clock.now();
  }

  /** Whether the server took any request at or after this moment (ms since 1970). */
  succeededSince(moment: number): boolean {
    return this.#lastSuccess >= moment;
  }
}
