/** What a server said when it said no. Anything may come: JSON, XML of a bucket, HTML of a load balancer, nothing. */
import { ArtifactError, ForbiddenError, NotFoundError, RefusedError } from "./errors.js";

const LONGEST_TEXT = 200;

/** The start of an error's body in one line: the message of Taskcluster's JSON, the title of a page, else the text. */
export function said(body: string, contentType: string | undefined): string {
  const text =
    jsonMessage(body) ??
    (/html/i.test(contentType ?? "") || /^\s*<(?:!doctype|html)/i.test(body) ? title(body) : body);
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
}

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

function jsonMessage(body: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { message, error, reason } = value as Record<string, unknown>;
  const text = typeof message === "string" ? message : typeof error === "string" ? error : undefined;
  if (text === undefined) return undefined;
  // Behind the line, the request is repeated for whoever looks after the service.
  const [first = ""] = text.split(/\n+---\n/);
  return typeof reason === "string" ? `${reason}: ${first}` : first;
}

function title(html: string): string {
  const [, found = "an HTML page"] = /<title[^>]*>([^<]+)/i.exec(html) ?? [];
  return found;
}
