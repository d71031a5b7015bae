/** One client of HTTP for all services: retries, pauses, deadlines, limits, secrets. Each service adds its policy. */

export { isObject, type JsonRecord } from "../json.js";
export { HttpClient, LARGEST_JSON } from "./client.js";
export { type Clock, type SleepPurpose, systemClock } from "./clock.js";
export { forEachLimited, type LimitFunction, limitConcurrency } from "./concurrency.js";
export { BUDGET_AFTER_STOP, Budget, DEFAULT_BUDGET_MS, inSeconds } from "./deadline.js";
export { HttpError } from "./http-error.js";
export { type HttpPolicy, isTransientStatus, noAnswer, type Refusal, type Spent } from "./policy.js";
export { backoff } from "./rate-limit.js";
export {
  certificateSecrets,
  processSecrets,
  publicArguments,
  Secrets,
  withoutCredentials,
} from "./redact.js";
export type {
  HttpAnswer,
  HttpOptions,
  HttpRequest,
  RequestScope,
  SignedRequest,
  WholeAnswer,
  WholeRequest,
} from "./request.js";
export { type Pause, pauses, type Retry } from "./retry.js";
