import type { Budget } from "../../http/index.js";

import type { ExistingRun } from "./existing-run.js";
import type { StreamFile, UndeliveredLines } from "./file-stream.js";
import type { JsonObject } from "./format/json.js";
import type { UploadSource } from "./upload.js";
import type { WandbClient } from "./wandb-client.js";

/**
 * What to do when a run with this id exists. "allow": continue after its rows; its configuration, tags, summary and
 * charts stay. "replace": write over its rows from the first.
 */
export type ResumeMode = "allow" | "replace";

/** How a run is started. */
export interface RunOptions {
  readonly client: WandbClient;
  readonly project: string;
  /** Default: that of the settings, else the default entity of the key's owner. */
  readonly entity?: string | undefined;
  readonly id: string;
  /** Default: the id. */
  readonly displayName?: string | undefined;
  readonly group?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly jobType?: string | undefined;
  readonly notes?: string | undefined;
  readonly config?: JsonObject | undefined;
  /** Start of the whole run in seconds since 1970, from which `_runtime` counts. Default: time of the first row. */
  readonly startedAt?: number | undefined;
  readonly host?: string | undefined;
  readonly program?: string | undefined;
  /** The folder in which the training runs, whose commit goes into the metadata. */
  readonly folder?: string | undefined;
  /** Default "allow". */
  readonly resume?: ResumeMode | undefined;
  /** What `findRun` gave, null for no run; saves the question. */
  readonly existing?: ExistingRun | null | undefined;
  /** "live" sends at most every 15 s, "bulk" as few requests as possible. Default "bulk". */
  readonly pacing?: "live" | "bulk" | undefined;
  /** How long to retry without progress; it belongs to this run alone. Default 5 minutes. */
  readonly budget?: Budget | undefined;
  /** Ends all work of the run at once; what was not acknowledged is undelivered. */
  readonly signal?: AbortSignal | undefined;
  readonly requestBytes?: number | undefined;
  readonly bufferBytes?: number | undefined;
  /** Takes lines that can't be delivered. */
  readonly onUndelivered?: ((lines: UndeliveredLines) => void) | undefined;
  /** Takes rows that are shown, may still change and can't be delivered; the next rows take their place. */
  readonly onShownUndelivered?: ((lines: UndeliveredLines) => void) | undefined;
  /**
   * Takes the files of the run that the server did not take, or was not told of, but for those of tables (they are in
   * the receipt). The run waits for it: a source may be gone afterwards.
   */
  readonly onUndeliveredFile?: ((name: string, source: UploadSource) => Promise<void>) | undefined;
}

/** Names of the files that a run gets at its end, and of what they hold. */
export const RUN_FILES_AT_END = {
  config: "config.yaml",
  summary: "wandb-summary.json",
  metadata: "wandb-metadata.json",
  console: "output.log" satisfies StreamFile,
} as const;
