/** Weights & Biases: everything that the rest of the program uses of it. */
export { ApiKey } from "./client/api-key.js";
export { isKeyError, messageOf } from "./client/errors.js";
export type { JsonObject } from "./client/format/json.js";
export { checkRunId } from "./client/format/names.js";
export { PublicApi } from "./client/public-api.js";
export type { WandbSettings } from "./client/settings.js";
export type { WandbClient } from "./client/wandb-client.js";
export { openClient, readKeyFile, resolveSettings } from "./connect.js";
export { publishEvaluationRun } from "./evaluation-run.js";
export { publishGroupLogs } from "./group-logs.js";
export type { Preview, TaskFiles, WandbPlace, WandbPublication } from "./publication.js";
export { syncReceiptJson, syncReceiptText } from "./sync/receipt-text.js";
export { type FoundFiles, findOfflineFiles, syncFiles } from "./sync/sync-files.js";
export type { SyncReceipt } from "./sync/sync-receipt.js";
export { WandbPublisher } from "./wandb-publisher.js";
