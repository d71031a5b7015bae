/** What the services of objects have in common. */
import {
  type HttpAnswer,
  HttpClient,
  HttpError,
  type HttpOptions,
  type HttpPolicy,
  type HttpRequest,
  isTransientStatus,
  noAnswer,
  type Refusal,
  type RequestScope,
  type WholeAnswer,
  type WholeRequest,
} from "../../http/index.js";
import { InputError } from "../input-error.js";
import type { ObjectInfo } from "./object-answer.js";
import { CHANGED } from "./object-answer.js";

/** How objects are reached. */
export interface ObjectStoreOptions extends Pick<HttpOptions, "userAgent" | "clock" | "secrets"> {
  /** Ends everything that is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before the first further try. Default 500. */
  readonly retryMs?: number | undefined;
  /** Milliseconds without a byte after which a try is over. Default 30 s. */
  readonly idleMs?: number | undefined;
}

/** What is read, for messages that name it before. */
export const WHAT = "the object";
const CONCURRENCY = 8;

/** A service of objects: S3, Cloud Storage, or any server of files. */
export interface ObjectService<Place> {
  /** The address that requests for an object go to, for the rate limits of its server. */
  addressOf(place: Place): string;
  /**
   * The answer with an object's bytes from one on.
   *
   * @param etag Another content is an error.
   */
  open(place: Place, at: number, etag: string | undefined): Promise<HttpAnswer>;
  /** What is known of an object. @throws InputError if it can't be read. */
  find(place: Place): Promise<ObjectInfo>;
}

/** A service whose objects lie in buckets, which can be listed and written. */
export interface BucketService<Place> extends ObjectService<Place> {
  /** The objects whose names start so, in the order of their names. @throws InputError if they can't be listed. */
  list(place: Place): AsyncGenerator<ObjectInfo>;
  /** Makes or replaces an object of a file's bytes. It appears whole or not at all. @throws InputError if it can't. */
  put(place: Place, file: string): Promise<void>;
  /** Makes sure that an object can be made there, and makes none. @throws InputError if it can't. */
  checkWritable(place: Place): Promise<void>;
  /** Removes an object; one that is not there is no error. */
  remove(place: Place): Promise<void>;
}

/** The connections of a store: one client for all its services. */
export class ObjectHttp {
  readonly client: HttpClient;
  readonly scope: RequestScope;
  readonly limits: Pick<ObjectStoreOptions, "retryMs" | "idleMs">;

  constructor({ userAgent, clock, secrets, signal, retryMs, idleMs }: ObjectStoreOptions) {
    this.client = new HttpClient(OBJECT_POLICY, { userAgent, clock, secrets, concurrency: CONCURRENCY });
    this.scope = this.client.scope(undefined, signal);
    this.limits = { retryMs, idleMs };
  }

  send(spec: WholeRequest, scope = this.scope): Promise<WholeAnswer> {
    return this.client.send({ ...this.limits, ...spec }, scope);
  }

  /** A scope for cleaning up, which goes on for some seconds after everything else was stopped. */
  lastScope(): RequestScope {
    return this.client.scope(LAST_MS);
  }

  /** The answer with an object's bytes from one on. */
  open(
    spec: HttpRequest,
    at: number,
    exchange = (whole: HttpRequest) => this.client.follow(whole, this.scope),
  ): Promise<HttpAnswer> {
    const range = at > 0 ? { range: `bytes=${at}-` } : {};
    const headers = { "accept-encoding": "gzip", ...spec.headers, ...range };
    const whole = { ...this.limits, ...spec, headers };
    return this.client.retrying(whole, this.scope, async () => {
      const answer = await exchange(whole);
      if (answer.status === 200 || (answer.status === 206 && at > 0)) return answer;
      answer.discard();
      throw new HttpError("incomplete", `HTTP ${answer.status}, without the whole content`);
    });
  }
}

/** Milliseconds for cleaning up. */
const LAST_MS = 3000;

/** Codes of S3 that say that credentials are known, but too old. */
const EXPIRED: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenRefreshRequired",
]);

/** What servers of objects add to the client of HTTP: their errors are those of inputs. */
const OBJECT_POLICY: HttpPolicy = {
  tries: 6,
  backOff: { firstMs: 500, longestMs: 30_000, jitter: [0.75, 1.25] },
  isRetryable: isTransientStatus,
  errors: {
    refused: (refusal) => new InputError(refused(refusal), refusal.status === 412 ? { code: "changed" } : {}),
    unusable: (message) => new InputError(message),
    tooLarge: (message) => new InputError(message),
    undelivered: (what, last, spent) =>
      new InputError(`${what}: ${noAnswer(last, spent)}`, { code: "unreachable" }),
    stopped: (what) => new InputError(`${what}: stopped before the answer came`),
  },
};

function refused({ what, status, said, code = "", permission = "" }: Refusal): string {
  const tail = said === "" ? "" : `: ${said}`;
  if (EXPIRED.has(code))
    return `${what}: the credentials have expired (HTTP ${status})${tail}; renew them and run this again`;
  switch (status) {
    case 401:
    case 403:
      return `${what} ${permission || "may not be read without credentials"} (HTTP ${status})${tail}`;
    case 404:
    case 410:
      return `${what} is not there (HTTP ${status})${tail}`;
    case 412:
      return CHANGED;
    case 416:
      return "it changed while it was read: run this again";
    default:
      return `${what} was refused (HTTP ${status})${tail}`;
  }
}
