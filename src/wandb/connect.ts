/** The W&B client as this program uses it. */
import { makeTemporaryFolder, removeTemporaryFolder } from "../io/temporary-folder.js";
import { say } from "../io/terminal.js";
import type { ApiKey } from "./client/api-key.js";
import * as client from "./client/settings.js";
import { WandbClient, type WandbClientOptions } from "./client/wandb-client.js";

/** The settings of the flags, the environment and the user's files. Warnings go to standard error. */
export function resolveSettings(
  overrides: client.SettingsOverrides = {},
  environment?: client.Environment,
): client.WandbSettings {
  return client.resolveSettings(overrides, environment, { warn: say });
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
