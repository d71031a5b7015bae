/** What the W&B publisher writes to: the server by our own client or by the SDK, or the offline file. */
import type { JsonObject } from "../client/format/json.js";
import type { RowTable } from "../client/format/row-table.js";

/** A run as it is to appear in W&B. */
export interface RunDescription {
  /** Also its display name. */
  readonly id: string;
  readonly project: string;
  /** Absent: the default entity of the key's owner. */
  readonly entity?: string;
  readonly group?: string;
  readonly tags: readonly string[];
  readonly config: JsonObject;
  /** Start of the training in seconds since 1970, from which `_runtime` counts; absent where the log has no times. */
  readonly startedAt?: number;
}

/** A line of the console log. `timestamp` is seconds since 1970; absent where the line has none. */
export interface LogLine {
  readonly text: string;
  readonly timestamp?: number;
}

/** Where a row belongs: its step, and seconds since 1970, the log's own time. */
export interface RowPosition {
  readonly step: number;
  readonly timestamp: number;
}

/** One run that takes rows. Steps must rise. */
export interface Transport {
  /** One row with all its values and tables. */
  history(values: JsonObject, position: RowPosition, tables?: readonly RowTable[]): Promise<void>;
  /**
   * Shows rows that may still change; each has to come by `history` in the end. Absent where what was sent can't be
   * changed.
   */
  show?(rows: readonly { readonly values: JsonObject; readonly position: RowPosition }[]): void;
  /**
   * Adds what the last row of the run lacks, before the first new row. Absent where nothing is known of a run that is
   * there.
   */
  completeLastRow?(values: JsonObject, tables?: readonly RowTable[]): Promise<void>;
  console(lines: readonly LogLine[]): Promise<void>;
  /** Takes lines that the server holds, for the file with the whole log. Absent where that is made of something else. */
  heldConsole?(lines: readonly LogLine[]): Promise<void>;
  /** Adds a sample of system metrics, by the official client's names without `system.`. Absent where they have no place. */
  systemMetrics?(sample: Readonly<Record<string, number>>, timestamp: number): Promise<void>;
  /** Tells, at once, that the machine is about to be taken away. Absent where there is nobody to tell. */
  preempting?(): Promise<void>;
  /** Settles when everything so far is delivered, or is in the offline file on disk. Absent where nobody can tell. */
  flush?(): Promise<void>;
  updateConfig(values: JsonObject): void;
  /** Sets values of the summary that no row has. */
  summary(values: JsonObject): void;
  /**
   * Has values of the summary asked for with each delivery, for a run that has so many rows with it: those of rows that
   * are still on their way don't fit. Absent where all goes together.
   */
  summaryOf?(values: (rows: number) => JsonObject): void;
  directoryArtifact(name: string, type: string, directory: string): Promise<void>;
  /**
   * Ends the run with its exit code; null says nothing of an end, so that the run goes on running for W&B. Never rejects
   * because of the server.
   */
  finish(exitCode: number | null): Promise<RunOutcome>;
}

/** What became of a run. */
export interface RunOutcome {
  /** The run's page; absent offline. */
  readonly url?: string;
  readonly rows: {
    /** Rows that went out at least once. */
    readonly sent: number;
    /** Rows that the server confirmed. */
    readonly acknowledged: number;
    /** Rows that are in the offline file. */
    readonly spooled: number;
  };
  /** The folder of the offline file, if one was written. */
  readonly spool?: string;
  /** What did not arrive, or deserves a word, in sentences. */
  readonly problems: readonly string[];
  /** Requests that went out, retries included. */
  readonly requests: number;
  /** Whether everything arrived, or, offline, is in the file. */
  readonly complete: boolean;
}
