/** What is wrong, for programs: docs/wandb.md has a table. A code never changes its meaning. */
export type WandbErrorCode =
  | KeyErrorCode
  | NotTakenCode
  /** The settings are wrong, or the run can't be published with them. */
  | "refused"
  /** W&B doesn't accept the name of a run, project, tag or artifact. */
  | "invalid-name"
  /** The run was deleted, and W&B never gives its id again. */
  | "deleted-run"
  /** The file is too large for an artifact. */
  | "too-large"
  /** Sending the offline file would destroy rows or send them twice. Nothing was sent. */
  | "sync-refused"
  /** A file of an artifact is missing or has changed since it was logged. */
  | "artifact-source";

type KeyErrorCode = (typeof KEY_ERRORS)[number];
type NotTakenCode = (typeof NOT_TAKEN)[number];

/** There is no API key, it can't be a key, or the server refuses it. */
const KEY_ERRORS = ["no-key", "key-file", "bad-key", "key-refused", "no-entity"] as const;

/** The server refused a request, or did not answer it. */
const NOT_TAKEN = [
  "forbidden",
  "not-found",
  "graphql",
  "http",
  "malformed-answer",
  "undelivered",
  "stopped",
  "not-held",
] as const;

/** An error of W&B. Its message is a sentence for the user and never holds the API key. */
export class WandbError extends Error {
  override readonly name = "WandbError";
  readonly code: WandbErrorCode;
  /** HTTP status code. Set for the code `http`. */
  readonly status: number | undefined;

  constructor(code: WandbErrorCode, message: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Whether this is a W&B error with one of these codes. */
export function isWandbError(error: unknown, ...codes: readonly WandbErrorCode[]): error is WandbError {
  return error instanceof WandbError && codes.includes(error.code);
}

/** Whether something is wrong with the API key or its owner. */
export function isKeyError(error: unknown): error is WandbError {
  return isWandbError(error, ...KEY_ERRORS);
}

/**
 * Whether the server did not take a request: it refused it or could not be reached. What was to be delivered then goes
 * to the offline file. False for a run that no server would take.
 */
export function isNotTaken(error: unknown): error is WandbError {
  return isWandbError(error, ...KEY_ERRORS, ...NOT_TAKEN);
}

/** The error of a request that was retried for the whole budget without progress. */
export function undelivered(what: string, lastError: string, elapsedMs: number): WandbError {
  const seconds = Math.round(elapsedMs / 1000);
  return new WandbError(
    "undelivered",
    `${what} was not delivered: no progress for ${seconds} s (last: ${lastError})`,
  );
}

/** The text of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
