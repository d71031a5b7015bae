import type { Readable } from "node:stream";
import pLimit, { type LimitFunction } from "p-limit";
import { type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { type Clock, systemClock } from "./clock.js";
import { StoppedError, TooLargeError, UnreachableError } from "./errors.js";
import { refusal, said } from "./refusal.js";
import { backoff, isRetryable, retryAfter } from "./retry.js";

const TRIES = 6;
const CONCURRENCY = 8;
const EXCERPT_BYTES = 4096;

/** One request. */
export interface HttpRequest {
  /** Absolute URL. Its query is never printed: it may hold a signature. */
  readonly url: string;
  /** What the request is, for messages: "task AbC…". */
  readonly what: string;
  /** Sent as JSON with POST; without it the request is a GET. */
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds without a byte after which a try is over. Default 30 s. */
  readonly idleMs?: number;
}

/** An answer with a status below 400. Header names are in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As sent, not unpacked. Throws a Fault when the connection fails. Has to be read to its end or discarded. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection of a body that nobody reads to its end. */
  discard(): void;
}

/** How requests are made; all but the user agent is for tests and special set-ups. */
export interface HttpOptions {
  readonly userAgent: string;
  readonly dispatcher?: Dispatcher | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** Requests under way at once; default 8. */
  readonly concurrency?: number | undefined;
  /** Milliseconds before the first further try. Default 200; a second for artifacts. */
  readonly retryMs?: number | undefined;
  /** Milliseconds without a byte after which a try is over. Default 30 s; 5 minutes for a live log. */
  readonly idleMs?: number | undefined;
  /** Ends everything that is under way. */
  readonly signal?: AbortSignal | undefined;
}

/** A try that failed in a way that another may not. */
export class Fault extends Error {
  /** Milliseconds that the server asked to wait; absent where it did not. */
  readonly waitMs: number | undefined;

  constructor(message: string, waitMs?: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

/** Sends requests, retries what can be retried, and keeps to one limit of requests under way. */
export class HttpClient {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly #userAgent: string;
  readonly #dispatcher: Dispatcher;
  readonly #random: () => number;
  readonly #limit: LimitFunction;
  readonly #retryMs: number | undefined;
  readonly #idleMs: number | undefined;

  constructor(options: HttpOptions) {
    this.clock = options.clock ?? systemClock;
    this.signal = options.signal;
    this.#userAgent = options.userAgent;
    this.#dispatcher = options.dispatcher ?? new EnvHttpProxyAgent();
    this.#random = options.random ?? Math.random;
    this.#limit = pLimit(options.concurrency ?? CONCURRENCY);
    this.#retryMs = options.retryMs;
    this.#idleMs = options.idleMs;
  }

  /** Ends all connections. Requests that are under way fail. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /**
   * Carries out an exchange until it succeeds. A Fault is followed by another try, anything else that is thrown is
   * final.
   *
   * @throws UnreachableError when every try failed.
   * @throws StoppedError when the client's signal is aborted.
   */
  async retrying<Result>(what: string, retryMs: number, exchange: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      this.#throwIfStopped(what);
      try {
        return await this.#limit(exchange);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.#throwIfStopped(what);
        if (tries === TRIES) {
          throw new UnreachableError(
            `${what}: no usable answer in ${TRIES} tries (the last: ${error.message}). Check the network and run the command again`,
          );
        }
        const delay = error.waitMs ?? backoff(tries, this.#retryMs ?? retryMs, this.#random);
        await this.clock.sleep(delay, this.signal);
      }
    }
  }

  /**
   * One try, up to the head of the answer. Redirects are answers.
   *
   * @throws Fault when another try may help.
   * @throws RefusedError for an answer that is final.
   */
  async open(spec: HttpRequest): Promise<HttpAnswer> {
    const idleMs = this.#idleMs ?? spec.idleMs ?? 30_000;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(spec.url, {
        method: spec.json === undefined ? "GET" : "POST",
        headers: {
          "user-agent": this.#userAgent,
          ...spec.headers,
          ...(spec.json === undefined ? {} : { "content-type": "application/json" }),
        },
        body: spec.json === undefined ? null : JSON.stringify(spec.json),
        dispatcher: this.#dispatcher,
        signal: this.signal ?? null,
        headersTimeout: idleMs,
        bodyTimeout: idleMs,
      });
    } catch (error) {
      throw this.#fault(error, spec.what);
    }
    const { statusCode } = answer;
    const headers = flat(answer.headers);
    // An error after the reader has gone is nobody's.
    answer.body.on("error", () => {});
    const body = this.#body(answer.body, spec.what);
    if (statusCode < 400) return { status: statusCode, headers, body, discard: () => answer.body.destroy() };
    const text = said(await excerpt(body), headers["content-type"]);
    if (!isRetryable(statusCode)) throw refusal(spec.what, statusCode, text, headers["x-for-request-id"]);
    const wait = retryAfter(headers["retry-after"], this.clock.now());
    throw new Fault(`HTTP ${statusCode}${text === "" ? "" : `: ${text}`}`, wait);
  }

  async *#body(stream: Readable, what: string): AsyncGenerator<Uint8Array> {
    try {
      yield* stream;
    } catch (error) {
      throw this.#fault(error, what);
    }
  }

  #fault(error: unknown, what: string): Error {
    this.#throwIfStopped(what);
    const { code, cause, message } = error as NodeJS.ErrnoException;
    const reason = cause instanceof Error ? cause.message : message;
    return new Fault(code === undefined || reason.includes(code) ? reason : `${reason} (${code})`);
  }

  #throwIfStopped(what: string): void {
    if (this.signal?.aborted) throw new StoppedError(`${what}: stopped before the answer was there`);
  }
}

/**
 * All bytes of a body.
 *
 * @throws TooLargeError when there are more than `most`.
 */
export async function readAll(body: AsyncIterable<Uint8Array>, most: number, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > most)
      throw new TooLargeError(`${what}: the answer is larger than ${most} bytes and is not taken`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The start of an error's body; an error of an error is of no interest. */
async function excerpt(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= EXCERPT_BYTES) break;
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  return Buffer.concat(chunks).subarray(0, EXCERPT_BYTES).toString("utf8");
}

function flat(headers: Dispatcher.ResponseData["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
