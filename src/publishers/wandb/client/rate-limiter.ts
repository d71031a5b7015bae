import type { Clock } from "./clock.js";

/** One gate for all requests to a server: when the server asks one of them to wait, all wait. */
export class RateLimiter {
  readonly #clock: Clock;
  #openAt = 0;
  #lastSuccess = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps the gate shut for some milliseconds from now, or longer when it already is. */
  defer(milliseconds: number): void {
    this.#openAt = Math.max(this.#openAt, this.#clock.now() + milliseconds);
  }

  /** Notes that the server took a request. */
  succeeded(): void {
    this.#lastSuccess = this.#clock.now();
  }

  /** Whether the server took any request at or after this moment (ms since 1970). */
  succeededSince(moment: number): boolean {
    return this.#lastSuccess >= moment;
  }

  /** Milliseconds until the gate opens; 0 when it is open. */
  remaining(): number {
    return Math.max(0, this.#openAt - this.#clock.now());
  }
}
