import { setTimeout as delay } from "node:timers/promises";

/** Why somebody sleeps. Tests let retries pass at once and drive the others by hand. */
export type SleepPurpose = "retry" | "rate-limit" | "pace" | "heartbeat" | "open-row" | "conflict";

/** Time as the client sees it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after some milliseconds; at once when the signal is aborted (it never rejects). */
  sleep(milliseconds: number, purpose: SleepPurpose, signal?: AbortSignal): Promise<void>;
}

const IDLE: ReadonlySet<SleepPurpose> = new Set(["heartbeat", "open-row"]);

/** The machine's clock. Waiting for a heartbeat, or for a row to be shown, doesn't keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, purpose, signal) {
    const options = { ref: !IDLE.has(purpose), ...(signal === undefined ? {} : { signal }) };
    await delay(Math.max(0, milliseconds), undefined, options).catch(() => undefined);
  },
};
