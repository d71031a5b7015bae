import type { Readable } from "node:stream";
import { type Dispatcher, request } from "undici";
import { type Clock, systemClock } from "./clock.js";
import { type LimitFunction, limitConcurrency } from "./concurrency.js";
import { Connections, reasonOf } from "./connections.js";
import { Budget, inSeconds, within } from "./deadline.js";
import { HttpError, messageIn, printable, xmlError } from "./http-error.js";
import type { HttpPolicy } from "./policy.js";
import { askedPause, limitPause, RateLimit } from "./rate-limit.js";
import { Secrets } from "./redact.js";
import type {
  HttpAnswer,
  HttpOptions,
  HttpRequest,
  RequestScope,
  RetriedRequest,
  WholeAnswer,
  WholeRequest,
} from "./request.js";
import { Retry, sleepUntilChange } from "./retry.js";

/** Bytes of an error's body that are read. */
const EXCERPT_BYTES = 64 * 1024;
/** Milliseconds that an error's body, or one that is of no interest, may take. */
const EXCERPT_MS = 5000;
/** Bytes of JSON that are taken. */
export const LARGEST_JSON = 64 * 1024 * 1024;
const HEADERS_MS = 30_000;
const IDLE_MS = 30_000;
/** However little is left of a budget, a try has this long. */
const SHORTEST_TRY_MS = 1000;
/** A body that stays slower than this for long counts as failed. */
const SLOWEST_BYTES_PER_MS = 1;
const SLOW_MS = 120_000;
const MAX_REDIRECTS = 4;

/** Sends requests, retries what can be retried, and keeps to the server's rate limits across all callers. */
export class HttpClient {
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly #policy: HttpPolicy;
  readonly #options: HttpOptions;
  readonly #connections: Connections | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #limit: LimitFunction;
  /** By the origin of the server. */
  readonly #rateLimits = new Map<string, RateLimit>();

  constructor(policy: HttpPolicy, options: HttpOptions) {
    this.clock = options.clock ?? systemClock;
    this.secrets = options.secrets ?? new Secrets();
    this.#policy = policy;
    this.#options = options;
    if (options.dispatcher === undefined)
      this.#connections = new Connections(this.clock, options.environment);
    this.#dispatcher = options.dispatcher ?? (this.#connections as Connections).dispatcher;
    this.#limit = limitConcurrency(options.concurrency ?? Number.POSITIVE_INFINITY);
  }

  /** Ends all connections. Requests that are under way fail. */
  async close(): Promise<void> {
    await (this.#connections?.close() ?? this.#dispatcher.destroy());
  }

  /** A scope with a budget of its own, by default 5 minutes. */
  scope(budgetMs?: number, signal?: AbortSignal): RequestScope {
    return { budget: new Budget(budgetMs, this.clock), signal, requests: 0 };
  }

  /** Counts the tries of a request and pauses between them. */
  retry({ what, url, retryMs }: RetriedRequest, scope: RequestScope): Retry {
    const { clock } = this;
    const policy = this.#policy;
    const backOff = retryMs === undefined ? policy.backOff : { ...policy.backOff, firstMs: retryMs };
    const random = this.#options.random ?? Math.random;
    return new Retry(what, {
      clock,
      random,
      policy: { ...policy, backOff },
      rateLimit: this.#rateLimit(url),
      scope,
    });
  }

  /**
   * Carries out an exchange until it succeeds. An HttpError is followed by another try, anything else that is thrown is
   * final.
   *
   * @throws the policy's error if every try failed, the budget is used up, or the scope's signal is aborted.
   */
  async retrying<Result>(
    spec: RetriedRequest,
    scope: RequestScope,
    exchange: (retry: Retry) => Promise<Result>,
  ): Promise<Result> {
    const retry = this.retry(spec, scope);
    for (;;) {
      await retry.ready();
      try {
        const answer = await this.#limit(async () => {
          retry.throwIfStopped();
          // One that had its turn before may have been told to wait.
          if (!retry.isReady) return undefined;
          retry.begin();
          return { result: await exchange(retry) };
        });
        if (answer === undefined) continue;
        this.#rateLimit(spec.url).succeeded();
        return answer.result;
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        await retry.after(error);
      }
    }
  }

  /**
   * Sends a request until it is answered, and takes the answer whole. A redirect is a refusal unless it is to be
   * followed.
   *
   * @throws the policy's errors.
   */
  send(spec: WholeRequest, scope: RequestScope): Promise<WholeAnswer> {
    return this.retrying(spec, scope, async (retry) => {
      const ending = new AbortController();
      const watch = this.#endWithBudget(ending, scope.budget, retry, spec.wholeMs);
      try {
        const answer = await (spec.follow === true
          ? this.follow(spec, scope, ending)
          : this.open(spec, scope, ending));
        const { status, headers } = answer;
        if (status >= 300 && !spec.isAnswer?.(answer)) throw await this.#refusal(spec, answer);
        if (spec.most === "none") {
          await this.drain(answer);
          return { status, headers, body: Buffer.alloc(0) };
        }
        return { status, headers, body: await this.readAll(answer, spec.most ?? LARGEST_JSON, spec.what) };
      } finally {
        watch.abort();
      }
    });
  }

  /**
   * One try, up to the head of the answer. Redirects are answers.
   *
   * @param ending Ends the try from outside, with a reason that tells why.
   * @throws HttpError if another try may help; the policy's error for an answer that is final.
   */
  async open(
    spec: HttpRequest,
    scope: RequestScope,
    ending: AbortController = new AbortController(),
  ): Promise<HttpAnswer> {
    const url = this.#checked(spec);
    const signed = await spec.sign?.();
    const rateLimit = this.#rateLimit(spec.url);
    const stop = (): void => ending.abort(scope.signal?.reason);
    if (scope.signal?.aborted) stop();
    scope.signal?.addEventListener("abort", stop, { once: true });
    const unwatch = (): void => scope.signal?.removeEventListener("abort", stop);
    scope.requests += 1;
    let head: Dispatcher.ResponseData;
    try {
      const headersMs = spec.headersMs ?? HEADERS_MS;
      head = await within(
        request(url, {
          method: spec.method ?? "GET",
          headers: { ...this.#headers(spec), ...signed },
          body: spec.body?.() ?? null,
          dispatcher: this.#dispatcher,
          signal: ending.signal,
          headersTimeout: 0,
          bodyTimeout: 0,
        }),
        headersMs,
        `no answer within ${inSeconds(headersMs)}`,
        this.clock,
        ending.signal,
      );
    } catch (error) {
      unwatch();
      if (!ending.signal.aborted) ending.abort(error);
      throw this.#failure(error, spec.what, scope);
    }
    // An error after the reader has gone is nobody's.
    head.body.on("error", () => {});
    const status = head.statusCode;
    const headers = flat(head.headers);
    const discard = (): void => {
      unwatch();
      head.body.destroy();
    };
    const body = this.#body(head.body, spec, scope, ending, discard);
    const answer = { status, headers, body, discard };
    const limited = limitPause(headers, this.clock.now());
    if (limited !== undefined) rateLimit.defer(limited);
    if (status < 400 || spec.isAnswer?.(answer)) return answer;
    if (!this.#policy.isRetryable(status)) throw await this.#refusal(spec, answer);
    const { said } = await this.#said(answer);
    throw new HttpError("status", `HTTP ${status}${said === "" ? "" : `: ${said}`}`, {
      status,
      askedMs: longer(limited, askedPause(headers, this.clock.now())),
    });
  }

  /**
   * Like `open`, but goes where redirects lead, some of them and without the authorization.
   *
   * @throws as `open`; the policy's error for a redirect that leads nowhere.
   */
  async follow(spec: HttpRequest, scope: RequestScope, ending?: AbortController): Promise<HttpAnswer> {
    let answer = await this.open(spec, scope, ending);
    let { url } = spec;
    for (let hops = 0; answer.status >= 300 && !spec.isAnswer?.(answer); hops += 1) {
      url = this.target(answer, url, spec.what);
      await this.drain(answer);
      if (hops === MAX_REDIRECTS) throw this.#policy.errors.unusable(`${spec.what}: too many redirects`);
      answer = await this.open({ ...spec, url, authorized: false, sign: undefined }, scope, ending);
    }
    return answer;
  }

  /** @throws the policy's error if the redirect leads nowhere, or elsewhere than to HTTP. */
  target({ headers, discard }: HttpAnswer, from: string, what: string): string {
    const { location } = headers;
    const next = location !== undefined && URL.canParse(location, from) ? new URL(location, from) : undefined;
    if (next !== undefined && isHttp(next)) return next.href;
    discard();
    throw this.#policy.errors.unusable(
      next === undefined
        ? `${what}: a redirect leads nowhere`
        : `${what}: a redirect leads to ${next.protocol}, which is not followed`,
    );
  }

  /**
   * All bytes of an answer.
   *
   * @throws the policy's error if there are more than `most`, also where only the head says so.
   */
  async readAll(answer: HttpAnswer, most: number, what: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let bytes = Number(answer.headers["content-length"] ?? 0) > most ? Number.POSITIVE_INFINITY : 0;
    try {
      if (bytes <= most)
        for await (const chunk of answer.body) {
          bytes += chunk.length;
          if (bytes > most) break;
          chunks.push(chunk);
        }
      if (bytes <= most) return Buffer.concat(chunks);
    } finally {
      answer.discard();
    }
    throw this.#policy.errors.tooLarge(`${what}: the answer is larger than ${most} bytes and is not taken`);
  }

  /** Reads and discards a short body, so that its connection can be used again. */
  async drain(answer: HttpAnswer): Promise<void> {
    await this.#excerpt(answer);
  }

  /** A text of the server's for a message. */
  printable(text: string): string {
    return printable(text, this.secrets);
  }

  #rateLimit(url: string): RateLimit {
    const origin = URL.canParse(url) ? new URL(url).origin : url;
    const known = this.#rateLimits.get(origin);
    if (known !== undefined) return known;
    const rateLimit = new RateLimit(this.clock);
    this.#rateLimits.set(origin, rateLimit);
    return rateLimit;
  }

  #checked({ url, what }: HttpRequest): URL {
    const address = URL.canParse(url) ? new URL(url) : undefined;
    if (address !== undefined && isHttp(address)) return address;
    const kind = address === undefined ? "no URL" : `one of ${address.protocol}`;
    throw this.#policy.errors.unusable(`${what}: its address is ${kind}, and only http: and https: are used`);
  }

  #headers({ headers, url, method = "GET", authorized = false }: HttpRequest): Record<string, string> {
    const { userAgent, authorization } = this.#options;
    const isSigned = authorized && authorization !== undefined;
    return {
      "user-agent": userAgent,
      ...headers,
      ...(isSigned ? { authorization: authorization({ method, url: new URL(url).href }) } : {}),
    };
  }

  async *#body(
    stream: Readable,
    { what, live = false, idleMs = IDLE_MS }: HttpRequest,
    scope: RequestScope,
    ending: AbortController,
    discard: () => void,
  ): AsyncGenerator<Uint8Array> {
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    let bytes = 0;
    let waited = 0;
    try {
      for (;;) {
        const asked = this.clock.now();
        const late = `no byte within ${inSeconds(idleMs)}`;
        const next = await within(chunks.next(), idleMs, late, this.clock, ending.signal);
        if (next.done) return;
        bytes += next.value.length;
        // Only the time that was spent on waiting counts: the reader may have other things to do.
        waited += this.clock.now() - asked;
        if (!live && waited > SLOW_MS + bytes / SLOWEST_BYTES_PER_MS)
          throw new HttpError("timeout", `only ${bytes} bytes within ${inSeconds(waited)}`);
        yield next.value;
      }
    } catch (error) {
      throw this.#failure(error, what, scope);
    } finally {
      discard();
    }
  }

  /** Ends a try when the budget is used up, which may change while it lasts, or it took its time. */
  #endWithBudget(
    ending: AbortController,
    budget: Budget,
    retry: Retry,
    wholeMs = Number.POSITIVE_INFINITY,
  ): AbortController {
    const { clock } = this;
    const done = new AbortController();
    const start = clock.now();
    const watch = async (): Promise<void> => {
      while (!done.signal.aborted) {
        const left = Math.max(retry.deadline, Math.min(start + SHORTEST_TRY_MS, budget.end));
        const end = Math.min(left, start + wholeMs);
        if (clock.now() >= end) return ending.abort(new HttpError("timeout", "no answer in time"));
        await sleepUntilChange(clock, budget, end - clock.now(), done.signal, "deadline");
      }
    };
    void watch();
    return done;
  }

  async #refusal({ what, permission, authorized = false }: HttpRequest, answer: HttpAnswer): Promise<Error> {
    const { status, headers } = answer;
    const { said, code } = await this.#said(answer);
    return this.#policy.errors.refused({ what, status, said, code, headers, authorized, permission });
  }

  async #said(answer: HttpAnswer): Promise<{ readonly said: string; readonly code: string | undefined }> {
    const bytes = await this.#excerpt(answer);
    const body = bytes.toString("utf8");
    const text = messageIn(body, answer.headers["content-type"]);
    return { said: printable(text, this.secrets, bytes.length >= EXCERPT_BYTES), code: xmlError(body)?.code };
  }

  /** The start of a short body; errors are ignored. */
  async #excerpt({ body, discard }: HttpAnswer): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of body) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= EXCERPT_BYTES) return;
      }
    };
    try {
      await within(read(), EXCERPT_MS, "", this.clock);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
    } finally {
      discard();
    }
    return Buffer.concat(chunks).subarray(0, EXCERPT_BYTES);
  }

  /** What went wrong on the way: an HttpError, unless another try would end the same. */
  #failure(error: unknown, what: string, scope: RequestScope): Error {
    if (scope.signal?.aborted) return this.#policy.errors.stopped(what);
    const code = error instanceof HttpError ? error.code : "connection";
    const reason = code === "timeout" ? (error as Error).message : printable(reasonOf(error), this.secrets);
    if (code === "proxy") return this.#policy.errors.unusable(`${what}: ${reason}`);
    return new HttpError(code, reason);
  }
}

function longer(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

function flat(headers: Dispatcher.ResponseData["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
