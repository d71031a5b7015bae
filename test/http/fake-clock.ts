import type { Clock, SleepPurpose } from "../../src/http/index.js";

/** A sleep that the test can end by moving the clock. */
interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that stands still, but for pauses before a retry, which move it and pass at once. No test sleeps by it. */
export class FakeClock implements Clock {
  /** Every pause, in order, in milliseconds. */
  readonly pauses: number[] = [];
  #now = Date.parse("2026-01-01T00:00:00Z");
  #sleepers: Sleeper[] = [];
  /** Pauses wait for `advance` like everything else. */
  held = false;

  now(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, signal?: AbortSignal, purpose: SleepPurpose = "retry"): Promise<void> {
    if (signal?.aborted) return;
    const isPause = purpose === "retry" || purpose === "rate-limit";
    if (isPause) this.pauses.push(milliseconds);
    if (isPause && !this.held) {
      this.advance(milliseconds);
      await turn();
      return;
    }
    await new Promise<void>((resolve) => {
      const sleeper = { until: this.#now + milliseconds, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener(
        "abort",
        () => {
          this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
          resolve();
        },
        { once: true },
      );
    });
  }

  /** Moves the clock and wakes who was waiting for that time. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#sleepers.filter((sleeper) => sleeper.until <= this.#now);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.until > this.#now);
    for (const sleeper of due) sleeper.wake();
  }

  /** The outcome of some work, for which the clock is moved as often as it takes: a second every few turns. */
  async settle<Result>(work: Promise<Result>, maxSeconds = 1200): Promise<Result | Error> {
    let outcome: Result | Error | undefined;
    let done = false;
    void work.then(
      (result) => {
        [outcome, done] = [result, true];
      },
      (error: unknown) => {
        [outcome, done] = [error instanceof Error ? error : new Error(String(error)), true];
      },
    );
    for (let second = 0; !done && second < maxSeconds; second += 1) {
      // Enough for an exchange on this machine, so that only silence is waited for.
      for (let turns = 0; turns < 40 && !done; turns += 1) await turn();
      if (!done) this.advance(1000);
    }
    if (!done) throw new Error(`it did not end within ${maxSeconds} s`);
    return outcome as Result | Error;
  }
}

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
