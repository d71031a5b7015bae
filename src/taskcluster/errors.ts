/** Every error of the Taskcluster client. Its message is a sentence for the user. */
export class TaskclusterError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** What should name a task or a group does not. Nothing was asked for. */
export class AddressError extends TaskclusterError {}

/** An answer that no further try would change. */
export class RefusedError extends TaskclusterError {
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
export class NotFoundError extends RefusedError {}

/** It is there, but not for everybody (HTTP 401, 403). */
export class ForbiddenError extends RefusedError {}

/** The worker could not store the artifact (HTTP 424). */
export class ArtifactError extends RefusedError {}

/** No usable answer came, however often it was tried. */
export class UnreachableError extends TaskclusterError {}

/** The answer does not have the form that Taskcluster's answers have. */
export class AnswerError extends TaskclusterError {}

/** The answer is larger than what is taken. */
export class TooLargeError extends TaskclusterError {}

/** The caller's signal ended the request. */
export class StoppedError extends TaskclusterError {}
