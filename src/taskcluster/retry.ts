/** What is tried again, and after how long. */

const LONGEST_DELAY_MS = 30_000;
const LONGEST_ASKED_MS = 60_000;

/** Whether an answer with this status is worth another try. */
export function isRetryable(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Delay in milliseconds before the next try after `failures` failed ones (1 = the first has just failed). */
export function backoff(failures: number, baseMs: number, random: () => number): number {
  const doubled = baseMs * 2 ** Math.min(failures - 1, 20);
  return Math.min(LONGEST_DELAY_MS, doubled) * (0.75 + random() / 2);
}

/** Milliseconds asked for by a Retry-After header (seconds or an HTTP date), a minute at most; undefined when it has none. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const asked = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(asked) ? undefined : Math.min(LONGEST_ASKED_MS, Math.max(0, asked));
}
