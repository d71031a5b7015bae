/** What a sink is: the extension point of the library. */
import type { RunUpdate } from "../run/run-reader.js";

/** Takes one run. Calls come one after the other; each is awaited. */
export interface Publisher {
  /** What the receipt calls it. */
  readonly name: string;
  /**
   * Takes what a chunk of the log brought. The update's batch holds until the promise settles.
   *
   * @throws Error in words for the user; the other publishers go on.
   */
  publish(update: RunUpdate): Promise<void>;
  /** Ends the run: everything is in its place when the promise settles. Returns where that is. */
  close(): Promise<readonly string[]>;
  /** Gives the run up: nothing of it is left where results are expected. */
  discard(): Promise<void>;
}
