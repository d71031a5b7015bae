/** What carries a run: our own client, the SDK, or the offline file. */
import type { JsonObject } from "../client/format/json.js";
import type { RowTable } from "../client/format/row-table.js";
import type { PositionedRow, RowPosition, RunLine } from "../client/wandb-run.js";

/** A run as it is to appear in W&B. */
export interface RunDescription {
  /** Also its display name. */
  readonly id: string;
  readonly project: string;
  /** Absent: the default entity of the key's owner. */
  readonly entity?: string;
  readonly group?: string;
  readonly tags: readonly string[];
  readonly notes?: string;
  readonly jobType?: string;
  readonly config: JsonObject;
  /** Start of the training in seconds since 1970, from which `_runtime` counts. Absent if the log has no times. */
  readonly startedAt?: number;
  /** The folder in which the training runs; absent if it is over. */
  readonly folder?: string;
}

/** A run that takes rows. Steps must rise. */
export interface RunWriter {
  /** Adds a row with all its values and tables. */
  history(values: JsonObject, position: RowPosition, tables?: readonly RowTable[]): Promise<void>;
  /** Shows rows that may still change; each must be added by `history` in the end. Absent if nothing sent can change. */
  show?(rows: readonly PositionedRow[]): void;
  /** Adds what the last row of an existing run lacks, before the first new row. Absent if nothing is known of that row. */
  completeLastRow?(values: JsonObject, tables?: readonly RowTable[]): Promise<void>;
  console(lines: readonly RunLine[]): Promise<void>;
  /** Takes console lines that the server holds, for the file with the whole log. Absent if there is no such file. */
  heldConsole?(lines: readonly RunLine[]): Promise<void>;
  /** Adds a sample of system metrics, by the official client's names without `system.`. */
  systemMetrics?(sample: Readonly<Record<string, number>>, timestamp: number): Promise<void>;
  /** Tells the server, at once, that the machine is about to be taken away. */
  preempting?(): Promise<void>;
  updateConfig(values: JsonObject): void;
  /** Sets values of the summary that no row has. */
  summary(values: JsonObject): void;
  /**
   * Sets a function that gives summary values for each request, from the number of rows that the run has with it. Absent
   * if everything is sent together.
   */
  summaryOf?(values: (rows: number) => JsonObject): void;
  directoryArtifact(name: string, type: string, directory: string): Promise<void>;
}

/** One run on its way. */
export interface Transport {
  readonly kind: "native" | "sdk" | "offline";
  readonly run: RunWriter;
  /** Settles when everything so far is delivered or is in the offline file on disk. Absent if that can't be known. */
  flush?(): Promise<void>;
  /**
   * Ends the run with its exit code. With null, the run goes on running for W&B. Never rejects because of the server.
   */
  finish(exitCode: number | null): Promise<RunOutcome>;
}

/** What became of a run. */
export interface RunOutcome {
  /** The run's page. Absent offline. */
  readonly url?: string;
  readonly rows: {
    /** Rows that were sent at least once. */
    readonly sent: number;
    /** Rows that the server confirmed. */
    readonly acknowledged: number;
    /** Rows that are in the offline file. */
    readonly spooled: number;
  };
  /** The folder of the offline file, if one was written. */
  readonly spool?: string;
  /** What did not arrive or is worth knowing, in sentences. */
  readonly problems: readonly string[];
  /** Requests that were sent, retries included. */
  readonly requests: number;
  /** Whether everything arrived or, offline, is in the file. */
  readonly complete: boolean;
}
