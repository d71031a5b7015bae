/** Time as the client of HTTP sees it. */
import { setTimeout as delay } from "node:timers/promises";

/** Why somebody sleeps. Tests let retries pass at once and drive the others by hand. */
export type SleepPurpose =
  | "retry"
  | "rate-limit"
  | "deadline"
  | "pace"
  | "heartbeat"
  | "open-row"
  | "conflict";

/** A clock that tests can replace. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Resolves after any number of milliseconds; at once when the signal is aborted (it never
   * rejects). The purpose is "retry" unless another is given.
   */
  sleep(milliseconds: number, signal?: AbortSignal, purpose?: SleepPurpose): Promise<void>;
}

const IDLE: ReadonlySet<SleepPurpose> = new Set(["heartbeat", "open-row"]);

/** What a timer of Node's takes; it makes one millisecond of anything larger. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Waiting for a heartbeat, or for a row to be shown, doesn't keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal, purpose = "retry") {
    const options = { ref: !IDLE.has(purpose), ...(signal === undefined ? {} : { signal }) };
    for (let left = milliseconds; left > 0 && !signal?.aborted; left -= LONGEST_TIMER_MS)
      await delay(Math.min(left, LONGEST_TIMER_MS), undefined, options).catch(() => undefined);
  },
};
