import {
  type HttpOptions as ClientOptions,
  type Clock,
  HttpClient,
  type HttpPolicy,
  type HttpRequest,
  isTransientStatus,
  noAnswer,
  processSecrets,
  type RequestScope,
} from "../../http/index.js";
import type { Credentials } from "./credentials.js";
import { refusedError, TaskclusterError } from "./errors.js";

const CONCURRENCY = 8;

/** How requests are made; all but the user agent is for tests and special set-ups. */
export interface HttpOptions
  extends Pick<
    ClientOptions,
    "userAgent" | "dispatcher" | "environment" | "clock" | "random" | "concurrency"
  > {
  /** Milliseconds before the first further try. Default 200; a second for artifacts. */
  readonly retryMs?: number | undefined;
  /** Milliseconds without a byte after which a try is over. Default 30 s; 5 minutes for a live log. */
  readonly idleMs?: number | undefined;
  /** What signs the requests to the services; without it only what is public can be read. */
  readonly credentials?: Credentials | undefined;
  /** Ends everything that is under way. */
  readonly signal?: AbortSignal | undefined;
}

/** A client with what all of its requests share. */
export interface Access {
  readonly http: HttpClient;
  readonly scope: RequestScope;
  readonly clock: Clock;
  readonly options: HttpOptions;
}

/** What Taskcluster adds to the client of HTTP. */
function policyFor(credentials: Credentials | undefined): HttpPolicy {
  return {
    tries: 6,
    backOff: { firstMs: 200, longestMs: 30_000, jitter: [0.75, 1.25] },
    isRetryable: isTransientStatus,
    errors: {
      refused: (refusal) => refusedError(refusal, credentials?.clientId),
      unusable: (message) => new TaskclusterError("malformed-answer", message),
      tooLarge: (message) => new TaskclusterError("too-large", message),
      undelivered: (what, last, spent) => {
        const why = noAnswer(last, spent);
        return new TaskclusterError("unreachable", `${what}: ${why}`, { why });
      },
      stopped: (what) => new TaskclusterError("stopped", `${what}: stopped before the answer came`),
    },
  };
}

/** A client of Taskcluster's services. */
export function accessTo(options: HttpOptions): Access {
  const http = new HttpClient(policyFor(options.credentials), {
    concurrency: CONCURRENCY,
    ...options,
    authorization: options.credentials?.authorization,
    secrets: processSecrets,
  });
  return { http, scope: http.scope(undefined, options.signal), clock: http.clock, options };
}

/** A request that is answered with JSON. */
export interface JsonRequest extends Pick<HttpRequest, "url" | "what" | "permission"> {
  /** Sent with POST; without it the request is a GET. */
  readonly json?: unknown;
}

/**
 * Sends a request until it is answered.
 *
 * @throws TaskclusterError if there is no answer, or it is not JSON.
 */
export async function sendJson({ http, scope, options }: Access, request: JsonRequest): Promise<unknown> {
  const { url, what, json, permission } = request;
  const { retryMs, idleMs } = options;
  const post = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: () => JSON.stringify(json),
  } as const;
  const timing = { retryMs, headersMs: idleMs, idleMs };
  const spec = { url, what, permission, authorized: true, ...timing, ...(json === undefined ? {} : post) };
  const { body } = await http.send(spec, scope);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new TaskclusterError(
      "malformed-answer",
      `${what}: the answer is not JSON. Is TASKCLUSTER_ROOT_URL the address of a Taskcluster deployment?`,
    );
  }
}
