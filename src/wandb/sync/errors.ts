/** Sending would destroy rows or write them twice, so nothing was sent. The message says what to do. */
export class SyncRefusedError extends Error {
  override name = "SyncRefusedError";
}
