/** Faults that may be gone the next time. */
import { InputError } from "../packed/decompress.js";

/** What is there could not be read now: no fault of the log. */
export class TroubleError extends InputError {}

/** Of the disk, the memory and the network; a file that is missing or forbidden is the same the next time. */
const CODES: ReadonlySet<string> = new Set([
  "EAGAIN",
  "EBUSY",
  "ECONNRESET",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ENOTCONN",
  "ESTALE",
  "ETIMEDOUT",
]);

/** Whether the same work, done again, may come to another end. */
export function isWorthRetry(error: unknown): boolean {
  if (error instanceof TroubleError) return true;
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === "string" && CODES.has(code)) return true;
  return cause !== undefined && isWorthRetry(cause);
}
