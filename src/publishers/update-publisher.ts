/** How the program feeds its publishers: with columns, chunk by chunk. */
import type { TrainingSummary } from "../check/training-summary.js";
import type { RunTally, RunUpdate } from "../run/run-reader.js";

/** A run whose log is about to be read. */
export interface OpenedRun {
  /** The log, as the user named it; `-` is standard input. */
  readonly source: string;
  /** What the run holds up to now. */
  tally(): RunTally;
  /** How the training is doing up to now, without its state; undefined before the first record. */
  summary(): TrainingSummary | undefined;
}

/**
 * Takes one run, or several one after another if they share its output. Calls come in order; each is awaited.
 * `publisher.ts` has the interface for users, whose publishers get plain rows.
 */
export interface UpdatePublisher {
  /** The receipt puts it before notes and errors; outputs stand alone. */
  readonly name: string;
  /** Begins a run. */
  open?(run: OpenedRun): void;
  /**
   * Takes what a chunk of the log brought. The update's batch is valid until the promise settles.
   *
   * @throws Error with a message for the user; the other publishers go on.
   */
  publish(update: RunUpdate): Promise<void>;
  /** Finishes: everything is in its place when the promise settles. */
  close(): Promise<PublisherOutcome>;
  /** Gives up: leaves no partial results in the output paths. */
  discard(): Promise<void>;
  /** Gives up, but keeps what was published and says where it is. Absent if `discard` leaves nothing. */
  keep?(): Promise<PublisherOutcome>;
}

/** A sentence for the receipt. */
export interface Note {
  readonly text: string;
  /** It only says that all is well: receipts of many runs leave it out. */
  readonly isRoutine?: boolean;
}

/** What a publisher has done with a run. */
export interface PublisherOutcome {
  /** Files and pages that hold the run. */
  readonly outputs: readonly string[];
  /** Offline files with the rows that no server has acknowledged; absent if there are none. */
  readonly offlineFiles?: readonly string[];
  /** The run has no measurement, so nothing was written and the files of an earlier run stay. */
  readonly nothingWritten?: true;
  readonly notes?: readonly Note[];
  /** What did not arrive, for the receipt; absent if everything arrived. */
  readonly undelivered?: string | undefined;
  /** Fields for the receipt as JSON. */
  readonly json?: Readonly<Record<string, unknown>>;
}
