/** What the W&B publisher writes to: the server by our own client or by the SDK, or the offline file. */
import type { JsonObject } from "./offline/json-text.js";

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

/** One run that takes rows. Steps must rise. */
export interface RunSink {
  /** One row with all its values. `timestamp` is seconds since 1970: the log's own time. */
  history(values: JsonObject, position: { readonly step: number; readonly timestamp: number }): Promise<void>;
  console(lines: readonly LogLine[]): Promise<void>;
  updateConfig(values: JsonObject): void;
  /** A table, and a bar chart of it. */
  barChart(
    key: string,
    table: {
      readonly columns: readonly string[];
      readonly data: readonly (readonly (string | number | null)[])[];
    },
    chart: { readonly label: string; readonly value: string; readonly title: string },
  ): Promise<void>;
  directoryArtifact(name: string, type: string, directory: string): Promise<void>;
  /** Ends the run; never rejects because of the server. */
  finish(exitCode: number): Promise<RunOutcome>;
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
