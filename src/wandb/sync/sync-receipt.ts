import type { PublishedArtifact } from "../client/artifact.js";
import type { FailedFile } from "../client/run-files.js";

/**
 * How it ended. "delivered": the server acknowledged everything that is in the file. "planned": a dry run. "skipped":
 * it was delivered before. "undelivered": run the command again. "failed": the file can't be read, or sending it was
 * refused for the sake of rows that are there.
 */
export type SyncOutcome = "delivered" | "planned" | "skipped" | "undelivered" | "failed";

/** The lines of one stream. */
export interface SyncedLines {
  /** In the file. */
  readonly inFile: number;
  /** That are to be sent: without those acknowledged before. */
  readonly toSend: number;
  /** Number of the first of these in the server's run; undefined when there is none. */
  readonly fromLine: number | undefined;
  /** That went out at least once now. */
  readonly sent: number;
  /** That the server confirmed now. */
  readonly acknowledged: number;
}

/** What became of one offline file. Members that were not found out are absent. */
export interface SyncReceipt {
  readonly file: string;
  readonly outcome: SyncOutcome;
  readonly runId?: string | undefined;
  readonly project?: string | undefined;
  readonly url?: string | undefined;
  readonly rows?: SyncedLines | undefined;
  readonly events?: SyncedLines | undefined;
  readonly consoleLines?: SyncedLines | undefined;
  /** Uploaded; in a dry run: to be uploaded. */
  readonly files: readonly string[];
  readonly failedFiles: readonly FailedFile[];
  readonly artifacts: readonly (PublishedArtifact | { readonly name: string; readonly type: string })[];
  readonly failedArtifacts: readonly FailedFile[];
  /** What should be in the file or beside it and isn't, in words. */
  readonly missing: readonly string[];
  /** Why it failed or was not delivered, in words. */
  readonly problem?: string | undefined;
  readonly warnings: readonly string[];
  /** Requests that went out for this run, retries included. */
  readonly requests: number;
}
