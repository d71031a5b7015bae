import {
  type HttpOptions as ClientOptions,
  type Clock,
  HttpClient,
  type HttpPolicy,
  isTransientStatus,
  noAnswer,
  type RequestScope,
} from "../../http/index.js";
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
const POLICY: HttpPolicy = {
  tries: 6,
  backOff: { firstMs: 200, longestMs: 30_000, jitter: [0.75, 1.25] },
  isRetryable: isTransientStatus,
  errors: {
    refused: refusedError,
    unusable: (message) => new TaskclusterError("malformed-answer", message),
    tooLarge: (message) => new TaskclusterError("too-large", message),
    undelivered: (what, last, spent) => new TaskclusterError("unreachable", noAnswer(what, last, spent)),
    stopped: (what) => new TaskclusterError("stopped", `${what}: stopped before the answer was there`),
  },
};

/** A client of Taskcluster's services. */
export function accessTo(options: HttpOptions): Access {
  const http = new HttpClient(POLICY, { concurrency: CONCURRENCY, ...options });
  return { http, scope: http.scope(undefined, options.signal), clock: http.clock, options };
}
