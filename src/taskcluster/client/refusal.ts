/** The errors for final answers. */
import { ArtifactError, ForbiddenError, NotFoundError, RefusedError } from "./errors.js";

/** The error for a final answer. */
export function refusal(
  what: string,
  status: number,
  text: string,
  requestId: string | undefined,
): RefusedError {
  const tail = text === "" ? "" : `: ${text}`;
  switch (status) {
    case 401:
    case 403:
      return new ForbiddenError(
        `${what} may not be read without credentials, or is gone from the storage (HTTP ${status})${tail}`,
        status,
        requestId,
      );
    case 404:
      return new NotFoundError(`${what} is not there, or has expired (HTTP 404)${tail}`, status, requestId);
    case 410:
      return new NotFoundError(`${what} has expired (HTTP 410)${tail}`, status, requestId);
    case 424:
      return new ArtifactError(`${what} was not stored by the worker (HTTP 424)${tail}`, status, requestId);
    default:
      return new RefusedError(`${what} was refused (HTTP ${status})${tail}`, status, requestId);
  }
}
