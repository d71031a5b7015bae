import { type Clock, type SleepPurpose, systemClock } from "../../../src/http/index.js";

/** A sleep that a test can end by moving the clock. */
interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still. Waiting before a retry moves it forward and ends at once; waiting for the next batch or
 * heartbeat ends only when the test moves the clock with `advance`.
 */
export class TestClock implements Clock {
  /** Set to make every sleep wait for `advance`. */
  manual = false;
  /** Every sleep that was asked for, in order. */
  readonly slept: { readonly milliseconds: number; readonly purpose: SleepPurpose }[] = [];
  #now = Date.parse("2026-01-01T00:00:00Z");
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, signal?: AbortSignal, purpose: SleepPurpose = "retry"): Promise<void> {
    // Of a server that really hangs, real time has to pass.
    if (purpose === "deadline") return systemClock.sleep(milliseconds, signal);
    this.slept.push({ milliseconds, purpose });
    if (signal?.aborted) return;
    if (!this.manual && ["retry", "rate-limit", "conflict"].includes(purpose)) {
      this.#now += milliseconds;
      // Those who met at a run are not to meet again.
      if (purpose === "conflict") await new Promise((resolve) => setTimeout(resolve, milliseconds / 10));
      // One turn of the event loop, so that other requests see the time in between.
      await new Promise((resolve) => setImmediate(resolve));
      return;
    }
    await new Promise<void>((resolve) => {
      this.#sleepers.push({ until: this.#now + milliseconds, wake: resolve });
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Delays before retries, in milliseconds. */
  get retries(): number[] {
    return this.slept.filter((one) => one.purpose === "retry").map((one) => one.milliseconds);
  }

  /** Moves the clock and wakes who was waiting for that time. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#sleepers.filter((sleeper) => sleeper.until <= this.#now);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.until > this.#now);
    for (const sleeper of due) sleeper.wake();
  }
}
