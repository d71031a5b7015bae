import type { Clock } from "./clock.js";

/** One gate for all requests to a server: when the server asks one of them to wait, all wait. */
export class Gate {
  readonly #clock: Clock;
  #opensAt = Number.NEGATIVE_INFINITY;
  #lastSuccess = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The moment (ms since 1970) at which it opens, or opened. */
  get opensAt(): number {
    return this.#opensAt;
  }

  /** Keeps the gate shut for some milliseconds from now, or longer when it already is. */
  defer(milliseconds: number): void {
    this.#opensAt = Math.max(this.#opensAt, this.#clock.now() + milliseconds);
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
