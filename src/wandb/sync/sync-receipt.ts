import { counted } from "../../check/format.js";
import type { PublishedArtifact } from "../client/artifact.js";
import type { FailedFile } from "../client/run-files.js";
import type { StreamName } from "../offline/delivery-state.js";
import { type DeliveryPlan, STREAMS } from "./delivery-plan.js";
import type { LineSender } from "./line-sender.js";
import { firstLineFrom, linesFrom, type RunContent } from "./run-content.js";

/**
 * How it ended. "delivered": the server acknowledged everything that is in the file. "planned": a dry run. "skipped":
 * it was delivered before. "undelivered": run the command again. "failed": the file can't be read, or sending it was
 * refused for the sake of rows that are there.
 */
type SyncOutcome = "delivered" | "planned" | "skipped" | "undelivered" | "failed";

/** The lines of one stream. */
export interface SyncedLines {
  /** In the file. */
  readonly inFile: number;
  /** That are to be sent: without those acknowledged before. */
  readonly toSend: number;
  /** Number of the first of these in the server's run. Undefined if there is none. */
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
  /** What is missing from the file or next to it. */
  readonly missing: readonly string[];
  /** Why it failed or was not delivered. */
  readonly problem?: string | undefined;
  readonly warnings: readonly string[];
  /** Requests that went out for this run, retries included. */
  readonly requests: number;
}

/** A receipt while the work goes on. */
export class ReceiptDraft {
  readonly #file: string;
  readonly #lines: Partial<Record<StreamName, SyncedLines>> = {};
  readonly files: string[] = [];
  readonly failedFiles: FailedFile[] = [];
  readonly artifacts: (PublishedArtifact | { readonly name: string; readonly type: string })[] = [];
  readonly failedArtifacts: FailedFile[] = [];
  readonly missing: string[] = [];
  readonly warnings: string[] = [];
  configFailed = false;
  runId: string | undefined;
  project: string | undefined;
  url: string | undefined;
  requests: () => number = () => 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** What the file holds, and what of it is to be sent. */
  note(content: RunContent, { state, anchor }: DeliveryPlan): void {
    this.missing.push(...content.faults);
    for (const name of STREAMS) {
      const { records, ranges, tooLong, repeated, unplaced } = content.lines[name];
      const from = firstLineFrom(ranges, state.acknowledged[name]);
      this.#lines[name] = {
        inFile: records,
        toSend: linesFrom(ranges, state.acknowledged[name]),
        fromLine: from === undefined ? undefined : anchor[name] + from,
        sent: 0,
        acknowledged: 0,
      };
      if (repeated > 0)
        this.warnings.push(`left out ${counted(repeated, "row")} of updates that the server has already`);
      if (tooLong > 0) this.missing.push(`${tooLong} lines of the ${name} are longer than W&B takes`);
      if (unplaced > 0)
        this.missing.push(`${unplaced} lines of the ${name} after the damage can't be placed`);
    }
  }

  /** What would be sent in addition to lines. */
  planned({ files, artifacts }: RunContent): void {
    this.files.push(...files.map(({ path }) => path));
    this.artifacts.push(...artifacts.map(({ artifact: { name, type } }) => ({ name, type })));
  }

  /** What became of the lines. */
  sent(sender: LineSender): void {
    for (const name of STREAMS) {
      const lines = this.#lines[name];
      if (lines === undefined) continue;
      this.#lines[name] = { ...lines, sent: sender.sent[name], acknowledged: sender.acknowledged[name] };
    }
  }

  end(outcome: SyncReceipt["outcome"], problem?: string): SyncReceipt {
    return {
      file: this.#file,
      outcome,
      runId: this.runId,
      project: this.project,
      url: this.url,
      rows: this.#lines.history,
      events: this.#lines.events,
      consoleLines: this.#lines.console,
      files: this.files,
      failedFiles: this.failedFiles,
      artifacts: this.artifacts,
      failedArtifacts: this.failedArtifacts,
      missing: this.missing,
      problem,
      warnings: this.warnings,
      requests: this.requests(),
    };
  }
}
