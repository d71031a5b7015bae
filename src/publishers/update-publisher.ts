/** How the program feeds its own publishers: with columns, chunk by chunk. */
import type { RunUpdate } from "../run/run-reader.js";

/** Takes one run. Calls come one after the other; each is awaited. See `publisher.ts` for one with plain rows. */
export interface UpdatePublisher {
  /** What the receipt calls it. */
  readonly name: string;
  /**
   * Takes what a chunk of the log brought. The update's batch holds until the promise settles.
   *
   * @throws Error in words for the user; the other publishers go on.
   */
  publish(update: RunUpdate): Promise<void>;
  /** Ends the run: everything is in its place when the promise settles. */
  close(): Promise<PublisherOutcome>;
  /** Gives the run up: nothing of it is left where results are expected. */
  discard(): Promise<void>;
  /** Gives the run up, keeps what it was given, and says where that is. Absent where `discard` leaves nothing. */
  keep?(): Promise<PublisherOutcome>;
}

/** What a publisher has done with a run. */
export interface PublisherOutcome {
  /** Files and pages that hold the run. */
  readonly outputs: readonly string[];
  /** Offline files that hold what no server has acknowledged; absent where there are none. */
  readonly offlineFiles?: readonly string[];
  /** What deserves a word in the receipt. */
  readonly notes?: readonly string[];
  /** What did not arrive, in words; absent where everything did. */
  readonly undelivered?: string | undefined;
  /** Figures for the receipt as JSON. */
  readonly json?: Readonly<Record<string, unknown>>;
}
