import { type HttpPolicy, isTransientStatus, noAnswer, type Refusal } from "../../http/index.js";
import { InputError } from "../input-error.js";
import { CHANGED } from "./object-answer.js";

/** What servers of objects add to the client of HTTP: their errors are those of inputs. */
export const OBJECT_POLICY: HttpPolicy = {
  tries: 6,
  backOff: { firstMs: 500, longestMs: 30_000, jitter: [0.75, 1.25] },
  isRetryable: isTransientStatus,
  errors: {
    refused: (refusal) => new InputError(refused(refusal)),
    unusable: (message) => new InputError(message),
    tooLarge: (message) => new InputError(message),
    undelivered: (what, last, spent) => new InputError(noAnswer(what, last, spent), { code: "unreachable" }),
    stopped: (what) => new InputError(`${what}: stopped before the answer was there`),
  },
};

function refused({ what, status, said }: Refusal): string {
  const tail = said === "" ? "" : `: ${said}`;
  switch (status) {
    case 401:
    case 403:
      return `${what} may not be read without credentials (HTTP ${status})${tail}`;
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
