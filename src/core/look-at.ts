/** Reads the rows of a batch without a copy. */
import type { Batch } from "./batch.js";
import type { Rows } from "./layout.js";

/**
 * Returns what `read` returns. The rows that it gets may be views of the core's memory: they hold until it returns, and it
 * must not call the core.
 */
export function lookAt<Result>(batch: Batch, read: (rows: Rows) => Result): Result {
  return batch.look === undefined ? read(batch) : batch.look(read);
}
