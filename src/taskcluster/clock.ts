import { setTimeout as delay } from "node:timers/promises";

/** Time as the Taskcluster client sees it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after some milliseconds; at once when the signal is aborted (it never rejects). */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    await delay(Math.max(0, milliseconds), undefined, signal === undefined ? {} : { signal }).catch(() => {});
  },
};
