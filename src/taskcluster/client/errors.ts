import type { Refusal } from "../../http/index.js";

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

/** What a final answer of a service says of itself. */
interface ErrorDetails {
  /** HTTP status code. */
  readonly status?: number | undefined;
  /** The service's name for the request, for its operators. */
  readonly requestId?: string | undefined;
}

/** An error of Taskcluster, or of what the user calls a task or a group. Its message is a sentence for the user. */
export class TaskclusterError extends Error {
  override readonly name = "TaskclusterError";
  readonly code: TaskclusterErrorCode;
  /** HTTP status code of a final answer; undefined for everything else. */
  readonly status: number | undefined;
  /** Undefined if the answer has none. */
  readonly requestId: string | undefined;

  constructor(code: TaskclusterErrorCode, message: string, { status, requestId }: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

/** Whether an error is one of Taskcluster's with one of these codes. */
export function hasCode(
  error: unknown,
  ...codes: readonly TaskclusterErrorCode[]
): error is TaskclusterError {
  return error instanceof TaskclusterError && codes.includes(error.code);
}

/** Whether a service gave a final answer that no further try would change. */
export function isRefused(error: unknown): error is TaskclusterError {
  return error instanceof TaskclusterError && error.status !== undefined;
}

const CODES: Readonly<Record<number, TaskclusterErrorCode>> = {
  401: "forbidden",
  403: "forbidden",
  404: "not-found",
  410: "not-found",
  424: "no-artifact",
};

const REASONS: Readonly<Record<number, string>> = {
  401: "may not be read without credentials, or is gone from the storage",
  403: "may not be read without credentials, or is gone from the storage",
  404: "is not there, or has expired",
  410: "has expired",
  424: "was not stored by the worker",
};

/** The error for a final answer. */
export function refusedError({ what, status, said, headers }: Refusal): TaskclusterError {
  const tail = said === "" ? "" : `: ${said}`;
  const message = `${what} ${REASONS[status] ?? "was refused"} (HTTP ${status})${tail}`;
  return new TaskclusterError(CODES[status] ?? "refused", message, {
    status,
    requestId: headers["x-for-request-id"],
  });
}
