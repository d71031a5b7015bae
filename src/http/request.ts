/** Requests, answers, and what a client is made with. */
import type { Readable } from "node:stream";
import type { Clock } from "./clock.js";
import type { Dispatcher, Environment } from "./connections.js";
import type { Budget } from "./deadline.js";
import type { Secrets } from "./redact.js";

/** What a caller's requests share: how long they are retried, what stops them, how many were made. */
export interface RequestScope {
  readonly budget: Budget;
  readonly signal?: AbortSignal | undefined;
  /** Counted up with each request that went out. */
  requests: number;
}

/** One request. */
export interface HttpRequest {
  /** Default GET. */
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Absolute URL. Its query is never printed: it may hold a signature. */
  readonly url: string;
  /** What the request is, for messages: "the run's history", "task AbC…". */
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each try, because a stream can be read once only. */
  readonly body?: (() => Buffer | string | Readable) | undefined;
  /** Makes the headers that sign a try: they hold its time. Not called for where a redirect leads. */
  readonly sign?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
  /** Whether an answer with a status from 300 on is for the caller to read, and no refusal. Default: none is. */
  readonly isAnswer?: ((answer: Pick<HttpAnswer, "status" | "headers">) => boolean) | undefined;
  /** Whether the client's authorization is sent. Never for addresses that a server gave. */
  readonly authorized?: boolean;
  /** The permission that the request needs, as its service calls it; for errors. */
  readonly permission?: string | undefined;
  /** Milliseconds from the start of a try, connection included, to the head of the answer. Default 30 s. */
  readonly headersMs?: number | undefined;
  /** Milliseconds before the first further try, in place of the policy's. */
  readonly retryMs?: number | undefined;
  /** Milliseconds without a byte of the body after which a try is over. Default 30 s. */
  readonly idleMs?: number | undefined;
  /** The body comes as slowly as it likes: it is written while it is read. */
  readonly live?: boolean;
}

/** What a signature in the Authorization header covers. */
export type SignedRequest = Required<Pick<HttpRequest, "method" | "url">>;

/** What is known of a request before its tries. */
export type RetriedRequest = Pick<HttpRequest, "what" | "url" | "retryMs">;

/** A request whose answer is taken whole. */
export interface WholeRequest extends HttpRequest {
  /** Milliseconds that a try may take. Default: no limit but those of its phases. */
  readonly wholeMs?: number | undefined;
  /** Bytes of the answer that are taken; "none" where only its status matters. Default 64 MiB. */
  readonly most?: number | "none" | undefined;
  /** Whether redirects are followed, without the authorization. Default: they are refusals. */
  readonly follow?: boolean;
}

/** An answer with a status below 400. Header names are in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As sent, not unpacked. Throws an HttpError when the connection fails. Has to be read to its end or discarded. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection of a body that nobody reads to its end. */
  discard(): void;
}

/** An answer with a status from 200 to 299, read to its end. */
export interface WholeAnswer extends Omit<HttpAnswer, "body" | "discard"> {
  readonly body: Buffer;
}

/** What a client is made with; all but the user agent is for tests and special set-ups. */
export interface HttpOptions {
  readonly userAgent: string;
  /** Value of the Authorization header of requests that carry it. */
  readonly authorization?: ((request: SignedRequest) => string) | undefined;
  /** What no message may hold. */
  readonly secrets?: Secrets | undefined;
  /** In place of connections of the client's own. */
  readonly dispatcher?: Dispatcher | undefined;
  /** Where proxies are named; default process.env. */
  readonly environment?: Environment | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** Requests under way at once; default any number. */
  readonly concurrency?: number | undefined;
}
