import type { HttpPolicy } from "../../src/http/index.js";

/** Milliseconds of the pause after a first failure, and of the longest. */
export const [FIRST_MS, LONGEST_MS] = [2000, 60_000];

/** A policy that ends tries by the budget alone. */
export const POLICY: HttpPolicy = {
  tries: Number.POSITIVE_INFINITY,
  backOff: { firstMs: FIRST_MS, longestMs: LONGEST_MS, jitter: [1, 1.25] },
  isRetryable: (status) => status >= 429,
  errors: {
    refused: ({ status, said }) => new Error(`refused: ${status} ${said}`),
    unusable: (message) => new Error(`unusable: ${message}`),
    tooLarge: (message) => new Error(`too large: ${message}`),
    undelivered: (_what, last) => new Error(`undelivered: ${last}`),
    stopped: () => new Error("stopped"),
  },
};
