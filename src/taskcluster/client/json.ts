import type { HttpRequest } from "../../http/index.js";
import { TaskclusterError } from "./errors.js";
import type { Access } from "./policy.js";

/** A request that is answered with JSON. */
export interface JsonRequest extends Pick<HttpRequest, "url" | "what"> {
  /** Sent with POST; without it the request is a GET. */
  readonly json?: unknown;
}

/**
 * Sends a request until it is answered.
 *
 * @throws TaskclusterError when there is no answer, or it is no JSON.
 */
export async function sendJson({ http, scope, options }: Access, request: JsonRequest): Promise<unknown> {
  const { url, what, json } = request;
  const { retryMs, idleMs } = options;
  const post = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: () => JSON.stringify(json),
  } as const;
  const spec = { url, what, retryMs, headersMs: idleMs, idleMs, ...(json === undefined ? {} : post) };
  const { body } = await http.send(spec, scope);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new TaskclusterError(
      "malformed-answer",
      `${what}: the answer is no JSON. Is TASKCLUSTER_ROOT_URL the address of a Taskcluster deployment?`,
    );
  }
}
