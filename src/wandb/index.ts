/** Weights & Biases: everything that the rest of the program uses of it. */
import { artifactFolder } from "../io/artifact-folder.js";
import { makeTemporaryFolder, removeTemporaryFolder } from "../io/temporary-folder.js";
import { say } from "../io/terminal.js";
import type { ApiKey } from "./client/api-key.js";
import * as client from "./client/settings.js";
import { WandbClient, type WandbClientOptions } from "./client/wandb-client.js";

export { ApiKey } from "./client/api-key.js";
export { isKeyError, messageOf, WandbError } from "./client/errors.js";
export type { JsonObject } from "./client/format/json.js";
export { checkRunId } from "./client/format/names.js";
export { PublicApi } from "./client/public-api.js";
export { given, type WandbSettings } from "./client/settings.js";
export type { WandbClient } from "./client/wandb-client.js";
export { publishEvaluationRun } from "./evaluation-run.js";
export { publishGroupLogs } from "./group-logs.js";
export {
  type Preview,
  placeOf,
  type TaskFiles,
  type WandbPlace,
  type WandbPublication,
} from "./publication.js";
export { syncReceiptJson, syncReceiptText } from "./sync/receipt-text.js";
export { type FoundFiles, findOfflineFiles, previewFiles, syncFiles } from "./sync/sync-files.js";
export type { SyncReceipt } from "./sync/sync-receipt.js";
export { WandbPublisher } from "./wandb-publisher.js";

/** The settings of the flags, the environment and the user's files. Warnings go to standard error. */
export function resolveSettings(
  overrides: client.SettingsOverrides = {},
  environment: client.Environment = process.env,
): client.WandbSettings {
  return client.resolveSettings(overrides, environment, {
    warn: say,
    offlineDir: artifactFolder(environment),
  });
}

/** The mode that a `--wandb-client` asks for. */
export function modeOfClient(name: string | undefined): "offline" | "online" | undefined {
  return name === undefined ? undefined : name === "offline" ? "offline" : "online";
}

/** The key in a file. Warnings go to standard error. */
export function readKeyFile(path: string): ApiKey {
  return client.readKeyFile(path, say);
}

/** A client whose temporary files are removed when the process ends. */
export function openClient(settings: client.WandbSettings, options: WandbClientOptions = {}): WandbClient {
  const temporaryFolders = { make: makeTemporaryFolder, remove: removeTemporaryFolder };
  return new WandbClient(settings, { temporaryFolders, ...options });
}
