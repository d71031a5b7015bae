const FIRST_DELAY_MS = 2000;
const LONGEST_DELAY_MS = 60_000;
const JITTER = 0.25;
const FINAL_CLIENT_ERRORS: ReadonlySet<number> = new Set([400, 401, 403, 404, 409, 410, 413, 422]);

/** Whether an answer with this status is worth another try. */
export function isRetryable(status: number): boolean {
  if (status >= 500) return status !== 501;
  return status >= 400 && !FINAL_CLIENT_ERRORS.has(status);
}

/** Delay in milliseconds before the next try after `failures` failed ones (1 = the first has just failed). */
export function backoff(failures: number, random: () => number = Math.random): number {
  const doubled = FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20);
  return Math.min(LONGEST_DELAY_MS, doubled * (1 + random() * JITTER));
}

/** Milliseconds asked for by a Retry-After header (seconds or an HTTP date); undefined when it is absent or unreadable. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
