import type { Refusal } from "../../http/index.js";

/** What is wrong, for programs: docs/taskcluster.md has a table. A code never changes its meaning. */
export type TaskclusterErrorCode =
  | "address"
  | "refused"
  | "not-found"
  | "forbidden"
  | "credentials"
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
  /** The message without the name of what was asked for. Default: the message. */
  readonly why?: string | undefined;
}

/** An error of Taskcluster, or of what the user calls a task or a group. Its message is a sentence for the user. */
export class TaskclusterError extends Error {
  override readonly name = "TaskclusterError";
  readonly code: TaskclusterErrorCode;
  /** HTTP status code of a final answer; undefined for everything else. */
  readonly status: number | undefined;
  /** Undefined if the answer has none. */
  readonly requestId: string | undefined;
  /** The message without the name of what was asked for: the same for everything that fails in the same way. */
  readonly why: string;

  constructor(
    code: TaskclusterErrorCode,
    message: string,
    { status, requestId, why = message }: ErrorDetails = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.why = why;
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
  401: "is gone from the storage",
  403: "is gone from the storage",
  404: "is not there, or has expired",
  410: "has expired",
  424: "was not stored by the worker",
};

/** The error for a final answer. @param clientId Whose credentials signed the request, unless they are nobody's. */
export function refusedError(refusal: Refusal, clientId?: string): TaskclusterError {
  const { what, status, said, headers } = refusal;
  const tail = said === "" ? "" : `: ${said}`;
  const reason = accessReason(refusal, clientId) ?? REASONS[status] ?? "was refused";
  const message = `${what} ${reason} (HTTP ${status})${tail}`;
  return new TaskclusterError(CODES[status] ?? "refused", message, {
    status,
    requestId: headers["x-for-request-id"],
    why: `HTTP ${status}: it ${reason}${tail}`,
  });
}

/** Why a service gives no access, and what to do; undefined if it is not about that. */
function accessReason(
  { status, authorized, permission }: Refusal,
  clientId: string | undefined,
): string | undefined {
  // The storage is asked without credentials, and forbids what it no longer has.
  if (!authorized || (status !== 401 && status !== 403)) return undefined;
  const scope = permission === undefined ? "" : ` that have the scope ${permission}`;
  if (clientId === undefined)
    return `may not be read without credentials${scope}: set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN, and TASKCLUSTER_CERTIFICATE if they are temporary`;
  return status === 401
    ? `may not be read, as the credentials of ${clientId} are not valid: check TASKCLUSTER_CLIENT_ID, TASKCLUSTER_ACCESS_TOKEN, TASKCLUSTER_CERTIFICATE and the clock of this machine`
    : `may not be read with the credentials of ${clientId}, which lack ${permission === undefined ? "a scope" : `the scope ${permission}`}`;
}
