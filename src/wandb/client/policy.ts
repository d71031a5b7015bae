import type { HttpPolicy, Refusal } from "../../http/index.js";
import type { ApiKey } from "./api-key.js";
import { undelivered, WandbError } from "./errors.js";

const FINAL_CLIENT_ERRORS: ReadonlySet<number> = new Set([400, 401, 403, 404, 409, 410, 413, 422]);

/** What W&B adds to the client of HTTP. */
export function wandbPolicy(apiKey: ApiKey): HttpPolicy {
  return {
    tries: Number.POSITIVE_INFINITY,
    backOff: { firstMs: 2000, longestMs: 60_000, jitter: [1, 1.25] },
    isRetryable: (status) =>
      status >= 500 ? status !== 501 : status >= 400 && !FINAL_CLIENT_ERRORS.has(status),
    errors: {
      refused: (refusal) => refused(refusal, apiKey),
      unusable: (message) => new WandbError("malformed-answer", message),
      tooLarge: (message) => new WandbError("malformed-answer", message),
      undelivered: (what, last, { milliseconds }) => undelivered(what, last, milliseconds),
      stopped: (what) => new WandbError("stopped", `${what} was not sent: the client was stopped`),
    },
  };
}

function refused({ what, status, said, headers, authorized }: Refusal, { source }: ApiKey): WandbError {
  const tail = said === "" ? "" : `: ${said}`;
  if (status < 400) {
    const place = headers["location"] === undefined ? "" : " to another address";
    return new WandbError(
      "http",
      `W&B did not take ${what}: it was redirected${place} (HTTP ${status}). Check the base URL (https, no login page before it) and the network`,
      status,
    );
  }
  if (status === 401 && authorized) {
    return new WandbError(
      "key-refused",
      `W&B refused the API key from ${source} (HTTP 401). Check that the key is whole and belongs to this server.`,
    );
  }
  if (status === 403 && authorized) {
    return new WandbError(
      "forbidden",
      `W&B refused ${what} (HTTP 403)${tail}. Check that the key's owner may write to this entity and project.`,
    );
  }
  if (status === 404 && authorized) {
    return new WandbError(
      "not-found",
      `W&B doesn't know what ${what} belongs to (HTTP 404)${tail}. Check the entity, the project and the base URL.`,
    );
  }
  return new WandbError("http", `W&B refused ${what} (HTTP ${status})${tail}`, status);
}
