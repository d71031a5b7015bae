/** The W&B client: talks to a server over HTTP, acknowledges every line, and needs nothing of the official client. */

export type { RequestScope } from "../../http/index.js";
export {
  Budget,
  type Clock,
  DEFAULT_BUDGET_MS,
  type SleepPurpose,
  systemClock,
} from "../../http/index.js";
export { ApiKey } from "./api-key.js";
export type { PublishedArtifact } from "./artifact.js";
export * from "./errors.js";
export { type ExistingRun, findRun } from "./existing-run.js";
export { type LineCounts, STREAM_FILES, type StreamFile, type UndeliveredLines } from "./file-stream.js";
export { type FileQuery, PublicApi, type RunFileInfo, type RunInfo, type RunQuery } from "./public-api.js";
export type { RowCounts, RunReceipt } from "./receipt.js";
export type { RunAddress, RunPlace } from "./run-address.js";
export { RunConfig } from "./run-config.js";
export type { FailedFile } from "./run-files.js";
export type { ResumeMode, RunOptions } from "./run-options.js";
export {
  readKeyFile,
  resolveSettings,
  type SettingsOverrides,
  type WandbMode,
  type WandbSettings,
} from "./settings.js";
export { type Viewer, WandbClient, type WandbClientOptions } from "./wandb-client.js";
export { type RowPosition, WandbRun } from "./wandb-run.js";
