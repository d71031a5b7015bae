/** What is wrong, for programs: docs/taskcluster.md has a table. A code never changes its meaning. */
export type TaskclusterErrorCode =
  | "address"
  | "refused"
  | "not-found"
  | "forbidden"
  | "no-artifact"
  | "unreachable"
  | "malformed-answer"
  | "too-large"
  | "stopped"
  | "no-group"
  | "no-trainings"
  | "no-configuration";

/** Every error of the Taskcluster client. Its message is a sentence for the user. */
export abstract class TaskclusterError extends Error {
  abstract readonly code: TaskclusterErrorCode;

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** What should name a task or a group does not. Nothing was asked for. */
export class AddressError extends TaskclusterError {
  override readonly code = "address";
}

/** An answer that no further try would change. */
export class RefusedError extends TaskclusterError {
  override readonly code: TaskclusterErrorCode = "refused";
  /** HTTP status code. */
  readonly status: number;
  /** The service's name for the request, for those who look after it; absent where the answer has none. */
  readonly requestId: string | undefined;

  constructor(message: string, status: number, requestId?: string) {
    super(message);
    this.status = status;
    this.requestId = requestId;
  }
}

/** The task, group or artifact is not there, or no longer (HTTP 404, 410). */
export class NotFoundError extends RefusedError {
  override readonly code = "not-found";
}

/** It is there, but not for everybody (HTTP 401, 403). */
export class ForbiddenError extends RefusedError {
  override readonly code = "forbidden";
}

/** The worker could not store the artifact (HTTP 424). */
export class ArtifactError extends RefusedError {
  override readonly code = "no-artifact";
}

/** No usable answer came, however often it was tried. */
export class UnreachableError extends TaskclusterError {
  override readonly code = "unreachable";
}

/** The answer does not have the form that Taskcluster's answers have. */
export class AnswerError extends TaskclusterError {
  override readonly code = "malformed-answer";
}

/** The answer is larger than what is taken. */
export class TooLargeError extends TaskclusterError {
  override readonly code = "too-large";
}

/** The caller's signal ended the request. */
export class StoppedError extends TaskclusterError {
  override readonly code = "stopped";
}
