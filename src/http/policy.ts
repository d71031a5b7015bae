import type { HttpErrorCode } from "./http-error.js";
import type { BackOff } from "./rate-limit.js";

/** An answer that no further try would change. */
export interface Refusal {
  /** What the request was. */
  readonly what: string;
  /** HTTP status code. */
  readonly status: number;
  /** What the server said, ready to be printed; empty if it said nothing. */
  readonly said: string;
  /** The service's own code of the error, as in the XML of a bucket: `AccessDenied`; undefined if it gave none. */
  readonly code?: string | undefined;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Whether the request carried the client's authorization. */
  readonly authorized: boolean;
  /** The permission that the request needs; undefined if it named none. */
  readonly permission: string | undefined;
}

/** What was spent on a request that failed. */
export interface Spent {
  readonly tries: number;
  readonly milliseconds: number;
  /** Why the last try failed. */
  readonly code: HttpErrorCode;
}

/** What a service adds to the client: what is tried again, how often, and its own errors. Texts are ready to be printed. */
export interface HttpPolicy {
  /** Tries of one request without progress. */
  readonly tries: number;
  readonly backOff: BackOff;
  /** Whether an answer with this status is worth another try. */
  isRetryable(status: number): boolean;
  readonly errors: {
    /** The answer is final. */
    refused(refusal: Refusal): Error;
    /** The answer, or the way to it, can't be used, and another try would end the same. */
    unusable(message: string): Error;
    /** The answer is larger than what is taken. */
    tooLarge(message: string): Error;
    /** All tries failed, or the time is up. */
    undelivered(what: string, last: string, spent: Spent): Error;
    /** The caller's signal ended the request. */
    stopped(what: string): Error;
  };
}

/** Whether another try may be answered otherwise: timeouts, rate limits, and errors of the server. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Why a request whose every try failed has no answer, and what to do. */
export function noAnswer(last: string, { tries, code }: Spent): string {
  return `no usable answer in ${tries === 1 ? "1 try" : `${tries} tries`} (the last: ${last}). ${ADVICE[code]}`;
}

const NETWORK = "Check the network and run the command again";
const ADVICE: Readonly<Record<HttpErrorCode, string>> = {
  status: "The server has a problem: run the command again later",
  timeout: NETWORK,
  connection: NETWORK,
  proxy: NETWORK,
  incomplete: "It arrives damaged or incomplete each time, so it is probably stored like that",
};
