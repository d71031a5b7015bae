/** What is wrong, for programs: docs/wandb.md has a table. A code never changes its meaning. */
export type WandbErrorCode =
  | "refused"
  | "no-key"
  | "key-file"
  | "bad-key"
  | "key-refused"
  | "no-entity"
  | "forbidden"
  | "not-found"
  | "deleted-run"
  | "run-exists"
  | "step-order"
  | "too-large"
  | "graphql"
  | "http"
  | "malformed-answer"
  | "undelivered"
  | "stopped"
  | "not-held";

/** Every error of the W&B client. Its message is a sentence for the user and never holds the API key. */
export class WandbError extends Error {
  /** Of this class itself `refused`: settings, or a run that can't be published so. */
  readonly code: WandbErrorCode = "refused";

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** No API key, one that can't be a key, or one that the server refuses. */
export class AuthenticationError extends WandbError {
  override readonly code: "no-key" | "key-file" | "bad-key" | "key-refused" | "no-entity";

  constructor(message: string, code: AuthenticationError["code"]) {
    super(message);
    this.code = code;
  }
}

/** The key is good but may not do this. */
export class PermissionError extends WandbError {
  override readonly code = "forbidden";
}

/** The project, entity or run is not there. */
export class NotFoundError extends WandbError {
  override readonly code = "not-found";
}

/** The run id belonged to a run that was deleted; W&B never gives such an id again. */
export class DeletedRunError extends WandbError {
  override readonly code = "deleted-run";
}

/** A run with this id exists although none may (`resume: "never"`). */
export class RunExistsError extends WandbError {
  override readonly code = "run-exists";
}

/** A step that is not greater than the one before. The row was not sent. */
export class StepOrderError extends WandbError {
  override readonly code = "step-order";
  /** The step that was refused. */
  readonly step: number;
  /** The last step of the run. */
  readonly lastStep: number;

  constructor(step: number, lastStep: number) {
    super(
      `step ${step} is not greater than the last step ${lastStep}: W&B keeps one row per step, in rising order, so the row was not sent`,
    );
    this.step = step;
    this.lastStep = lastStep;
  }
}

/** A file that the client doesn't upload because of its size. */
export class FileTooLargeError extends WandbError {
  override readonly code = "too-large";
}

/** The server answered a GraphQL request with errors. Not retried. */
export class GraphqlError extends WandbError {
  override readonly code = "graphql";
}

/** An answer that can't be retried. */
export class HttpStatusError extends WandbError {
  override readonly code = "http";
  /** HTTP status code. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** The server's answer doesn't have the expected form. */
export class MalformedReplyError extends WandbError {
  override readonly code = "malformed-answer";
}

/** Retries went on for the whole budget without any progress. What was not acknowledged is still with the caller. */
export class UndeliveredError extends WandbError {
  override readonly code = "undelivered";
  /** The last thing that went wrong, for instance "HTTP 503". */
  readonly lastFault: string;

  constructor(what: string, lastFault: string, elapsedMs: number) {
    const seconds = Math.round(elapsedMs / 1000);
    super(`${what} was not delivered: no progress for ${seconds} s (last: ${lastFault})`);
    this.lastFault = lastFault;
  }
}

/** The caller's AbortSignal ended the request. */
export class StoppedError extends WandbError {
  override readonly code = "stopped";
}

/** The server holds fewer rows than it acknowledged. */
export class NotHeldError extends WandbError {
  override readonly code = "not-held";
}

const BY_THE_SERVER = [
  AuthenticationError,
  PermissionError,
  NotFoundError,
  GraphqlError,
  HttpStatusError,
  MalformedReplyError,
  UndeliveredError,
  StoppedError,
  NotHeldError,
];

/**
 * Whether the server did not take a request, whatever it said, or was not reached: what was to be delivered then goes
 * to the offline file. Not so for what is wrong with the run itself, which no server would take.
 */
export function isNotTaken(error: unknown): error is WandbError {
  return BY_THE_SERVER.some((kind) => error instanceof kind);
}

/** The text of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
