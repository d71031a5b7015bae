import type { Readable } from "node:stream";
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import type { ApiKey } from "./api-key.js";
import type { Budget } from "./budget.js";
import { type Clock, systemClock } from "./clock.js";
import {
  AuthenticationError,
  HttpStatusError,
  messageOf,
  NotFoundError,
  PermissionError,
  StoppedError,
  UndeliveredError,
  type WandbError,
} from "./errors.js";
import { RateLimiter } from "./rate-limiter.js";
import { backoff, isRetryable, retryAfter } from "./retry.js";

const RETRYABLE_WITHIN_MS = 1000;
const BODY_EXCERPT = 300;
const MOST_REDIRECTS = 3;

/** What a caller's requests share: how long they are retried, what stops them, how many were made. */
export interface RequestScope {
  readonly budget: Budget;
  readonly signal?: AbortSignal | undefined;
  /** Counted up with each attempt that went out. */
  requests: number;
}

/** One request. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Absolute URL. Its query is never printed: it may hold a signature. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each attempt, because a stream can be read once only. */
  readonly body?: (() => Buffer | string | Readable) | undefined;
  /** Whether the API key is sent. Never for addresses that the server signed. */
  readonly authorized: boolean;
  /** Milliseconds after which an attempt without an answer is ended and tried again. */
  readonly timeoutMs: number;
  /** What the request is, for messages: "the run's history". */
  readonly what: string;
}

/** An answer with a status below 300. Header names are in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** What the HTTP layer is made with; all but the key is for tests and special set-ups. */
export interface HttpOptions {
  readonly apiKey: ApiKey | undefined;
  readonly userAgent: string;
  readonly dispatcher?: Dispatcher | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
}

/** Sends requests, retries what can be retried, and keeps to the server's rate limits across all callers. */
export class HttpClient {
  readonly clock: Clock;
  readonly #apiKey: ApiKey | undefined;
  readonly #userAgent: string;
  readonly #dispatcher: Dispatcher;
  readonly #random: () => number;
  readonly #limiter: RateLimiter;

  constructor(options: HttpOptions) {
    this.clock = options.clock ?? systemClock;
    this.#apiKey = options.apiKey;
    this.#userAgent = options.userAgent;
    this.#dispatcher = options.dispatcher ?? new EnvHttpProxyAgent();
    this.#random = options.random ?? Math.random;
    this.#limiter = new RateLimiter(this.clock);
  }

  /** Ends all connections. Requests that are under way fail. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /**
   * Sends a request until it is answered. Throws an UndeliveredError when the budget is used up, a StoppedError when
   * the scope's signal is aborted, and an HttpStatusError (or a clearer one) for an answer that can't be retried.
   */
  async send(spec: HttpRequest, scope: RequestScope): Promise<HttpAnswer> {
    let failures = 0;
    let start: number | undefined;
    for (;;) {
      await this.#passLimit(scope.signal);
      this.#throwIfStopped(spec, scope);
      start ??= this.clock.now();
      scope.requests += 1;
      const outcome = await this.#attempt(spec, scope, start);
      if (typeof outcome !== "string") {
        this.#heedRateLimit(outcome);
        if (outcome.status < 400) {
          this.#limiter.succeeded();
          return outcome;
        }
        if (!isRetryable(outcome.status)) throw this.#refusal(spec, outcome);
      }
      failures += 1;
      const fault = typeof outcome === "string" ? outcome : `HTTP ${outcome.status}`;
      // Being told to wait while the server takes other requests is no lack of progress.
      if (fault === "HTTP 429" && this.#limiter.succeededSince(start)) start = this.clock.now();
      await this.#pause(spec, scope, start, fault, this.#delay(outcome, failures));
    }
  }

  #delay(outcome: HttpAnswer | string, failures: number): number {
    if (typeof outcome === "string") return backoff(failures, this.#random);
    const asked = retryAfter(outcome.headers["retry-after"], this.clock.now());
    const delay = asked ?? backoff(failures, this.#random);
    if (outcome.status === 429 || asked !== undefined) this.#limiter.defer(delay);
    return delay;
  }

  #heedRateLimit(answer: HttpAnswer): void {
    if (answer.headers["ratelimit-remaining"]?.trim() !== "0") return;
    const reset = Number(answer.headers["ratelimit-reset"]);
    if (reset > 0) this.#limiter.defer(reset * 1000);
  }

  async #passLimit(signal: AbortSignal | undefined): Promise<void> {
    for (let left = this.#limiter.remaining(); left > 0; left = this.#limiter.remaining()) {
      if (signal?.aborted) return;
      await this.clock.sleep(left, "rate-limit", signal);
    }
  }

  /** Waits before the next attempt; gives up when that attempt would come after the budget's end. */
  async #pause(
    spec: HttpRequest,
    scope: RequestScope,
    start: number,
    fault: string,
    delay: number,
  ): Promise<void> {
    const wakeAt = this.clock.now() + delay;
    for (;;) {
      this.#throwIfStopped(spec, scope);
      const now = this.clock.now();
      if (now >= wakeAt) return;
      if (wakeAt > scope.budget.deadline(start)) throw new UndeliveredError(spec.what, fault, now - start);
      const changed = new AbortController();
      const unwatch = scope.budget.watch(() => changed.abort());
      const signal =
        scope.signal === undefined ? changed.signal : AbortSignal.any([changed.signal, scope.signal]);
      await this.clock.sleep(wakeAt - now, "retry", signal);
      unwatch();
    }
  }

  #throwIfStopped(spec: HttpRequest, scope: RequestScope): void {
    if (scope.signal?.aborted) throw new StoppedError(`${spec.what} was not sent: the client was stopped`);
  }

  /** One try: the answer, or what went wrong on the way. */
  async #attempt(spec: HttpRequest, scope: RequestScope, start: number): Promise<HttpAnswer | string> {
    const ending = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      clearTimeout(timer);
      const left = scope.budget.deadline(start) - this.clock.now();
      timer = setTimeout(() => ending.abort(), Math.min(spec.timeoutMs, Math.max(left, RETRYABLE_WITHIN_MS)));
    };
    arm();
    const unwatch = scope.budget.watch(arm);
    const stop = (): void => ending.abort();
    scope.signal?.addEventListener("abort", stop);
    try {
      return await this.#exchange(spec, ending.signal);
    } catch (error) {
      this.#throwIfStopped(spec, scope);
      return ending.signal.aborted ? "no answer in time" : this.#describe(error);
    } finally {
      clearTimeout(timer);
      unwatch();
      scope.signal?.removeEventListener("abort", stop);
    }
  }

  async #exchange(spec: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    let url = spec.url;
    let authorized = spec.authorized;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await request(url, {
        method: spec.method,
        headers: this.#headers(spec, authorized),
        body: spec.body?.() ?? null,
        dispatcher: this.#dispatcher,
        signal,
        // The signal alone decides when an attempt is over.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      const headers = flat(answer.headers);
      const body = Buffer.from(await answer.body.arrayBuffer());
      const target = headers.location;
      const redirected = spec.method === "GET" && answer.statusCode >= 300 && answer.statusCode < 400;
      if (!redirected || target === undefined || redirects >= MOST_REDIRECTS) {
        return { status: answer.statusCode, headers, body };
      }
      const next = new URL(target, url);
      if (next.origin !== new URL(url).origin) authorized = false;
      url = next.href;
    }
  }

  #headers(spec: HttpRequest, authorized: boolean): Record<string, string> {
    const headers: Record<string, string> = { "user-agent": this.#userAgent, ...spec.headers };
    if (authorized && this.#apiKey !== undefined) headers.authorization = this.#apiKey.authorization();
    return headers;
  }

  #refusal(spec: HttpRequest, answer: HttpAnswer): WandbError {
    const said = this.#redact(serverMessage(answer.body));
    const tail = said === "" ? "" : `: ${said}`;
    if (answer.status === 401 && spec.authorized) {
      return new AuthenticationError(
        `W&B refused the API key from ${this.#apiKey?.source ?? "nowhere"} (HTTP 401). Check that the key is whole and belongs to this server.`,
      );
    }
    if (answer.status === 403 && spec.authorized) {
      return new PermissionError(
        `W&B refused ${spec.what} (HTTP 403)${tail}. Check that the key's owner may write to this entity and project.`,
      );
    }
    if (answer.status === 404 && spec.authorized) {
      return new NotFoundError(
        `W&B doesn't know what ${spec.what} belongs to (HTTP 404)${tail}. Check the entity, the project and the base URL.`,
      );
    }
    return new HttpStatusError(`W&B refused ${spec.what} (HTTP ${answer.status})${tail}`, answer.status);
  }

  #describe(error: unknown): string {
    const code = (error as { code?: unknown }).code;
    const message = this.#redact(messageOf(error));
    return typeof code === "string" && !message.includes(code) ? `${message} (${code})` : message;
  }

  #redact(text: string): string {
    return this.#apiKey?.redact(text) ?? text;
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

/** What the server said, from `errors`, `error` or `message` of a JSON answer, else the start of the text. */
function serverMessage(body: Buffer): string {
  const text = body.toString("utf8").trim();
  return (jsonMessage(text) ?? text).slice(0, BODY_EXCERPT);
}

function jsonMessage(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as {
      errors?: { message?: unknown }[];
      error?: unknown;
      message?: unknown;
    };
    const found = value.errors?.[0]?.message ?? value.error ?? value.message;
    return typeof found === "string" ? found : undefined;
  } catch {
    return undefined;
  }
}
