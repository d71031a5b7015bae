import { basename, dirname, resolve } from "node:path";
import { Budget } from "../../http/index.js";
import { addressText } from "../../io/address.js";
import { messageOf } from "../client/errors.js";
import { readDeliveryState } from "../offline/delivery-state.js";
import { findTransactionLogs } from "../offline/run-directory.js";
import {
  type PreviewOptions,
  previewTransactionLog,
  type SyncOptions,
  syncTransactionLog,
} from "./sync-file.js";
import type { SyncReceipt } from "./sync-receipt.js";

/** Offline files that were looked for. */
export interface FoundFiles {
  /** Each once, in the order of the paths and, within one, by time. */
  readonly files: readonly string[];
  /** Paths that can't be read, or hold no offline run, with the reason. */
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
  /** Records that the official client keeps of runs that it sends itself, and that nobody named. */
  readonly passedOver: readonly string[];
}

/** The offline files that the paths stand for: files, folders of a run, folders of such folders. */
export async function findOfflineFiles(paths: readonly string[]): Promise<FoundFiles> {
  const files = new Set<string>();
  const failed: { path: string; reason: string }[] = [];
  const passedOver: string[] = [];
  for (const path of paths) {
    try {
      const found = await findTransactionLogs(path);
      if (found.length === 0) failed.push({ path, reason: "no offline run (*.wandb) is here" });
      for (const file of found) {
        if (await isSentOnline(file, path)) passedOver.push(file);
        else files.add(file);
      }
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      failed.push({
        path,
        reason: missing ? (addressText(path) ?? "no such file or folder") : messageOf(error),
      });
    }
  }
  return { files: [...files], failed, passedOver };
}

/**
 * Sends offline files one after another, since several may be parts of one run. Once the budget is used up, the
 * later files get one try each; once the signal is aborted, none. Yields one receipt per file.
 */
export async function* syncFiles(
  files: readonly string[],
  options: SyncOptions,
): AsyncGenerator<SyncReceipt, void, undefined> {
  const budget = options.budget ?? new Budget(undefined, options.client.http.clock);
  for (const file of files) {
    if (options.signal?.aborted) return;
    yield await syncTransactionLog(file, { ...options, budget });
  }
}

/** What would be sent, as far as it is known without a key. */
export async function* previewFiles(
  files: readonly string[],
  { signal, ...options }: PreviewOptions & { readonly signal: AbortSignal },
): AsyncGenerator<SyncReceipt, void, undefined> {
  for (const file of files) {
    if (signal.aborted) return;
    yield await previewTransactionLog(file, options);
  }
}

/** Whether a file that was found in a folder of folders is of a run that went to the server while it was written. */
async function isSentOnline(file: string, path: string): Promise<boolean> {
  const folder = dirname(resolve(file));
  if (resolve(file) === resolve(path) || folder === resolve(path)) return false;
  if (!basename(folder).startsWith("run-")) return false;
  // A damaged state is said when the file is opened.
  const state = await readDeliveryState(folder).catch(() => undefined);
  return state === null;
}
