/** Uploads offline files exactly: every line under its own number, as often as it takes. */
export { SyncRefusedError } from "./errors.js";
export { type SyncVerdict, syncReceiptJson, syncReceiptText } from "./receipt-text.js";
export { type SyncOptions, syncTransactionLog } from "./sync-file.js";
export { type FoundFiles, findOfflineFiles, syncFiles } from "./sync-files.js";
export type { SyncedLines, SyncOutcome, SyncReceipt } from "./sync-receipt.js";
