import type { PublishedArtifact } from "./artifact.js";
import type { LineCounts } from "./file-stream.js";
import type { JsonObject } from "./format/json.js";
import type { StoredTable } from "./format/row-table.js";
import type { FailedFile } from "./run-files.js";

/** Rows of a run: `refused` ones had a step that was not greater than the one before. */
export interface RowCounts extends LineCounts {
  readonly refused: number;
}

/** Something that went wrong and did not end the stream of rows. */
export interface RunWarning {
  readonly text: string;
  /** The message of its cause. Absent if it has none. */
  readonly reason?: string;
}

/** What became of everything that was given to a run. */
export interface RunReceipt {
  readonly id: string;
  readonly url: string;
  /** Whether the server acknowledged every row, file and artifact, and the end of the run. */
  readonly complete: boolean;
  readonly rows: RowCounts;
  readonly events: LineCounts;
  readonly consoleLines: LineCounts;
  readonly files: readonly string[];
  readonly failedFiles: readonly FailedFile[];
  readonly artifacts: readonly PublishedArtifact[];
  readonly failedArtifacts: readonly FailedFile[];
  /** Tables whose files are among `failedFiles`; no row refers to them. */
  readonly failedTables: readonly StoredTable[];
  /** Why the stream of rows ended early. Undefined if it didn't. */
  readonly failure: string | undefined;
  /** Other things that went wrong. */
  readonly warnings: readonly RunWarning[];
  /** Values that were set after the start and belong to no row. */
  readonly set: { readonly config: JsonObject; readonly summary: JsonObject };
  /** Requests that went out for this run, retries included. */
  readonly requests: number;
}
