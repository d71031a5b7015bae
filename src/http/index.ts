/** One client of HTTP for all services: retries, pauses, deadlines, limits, secrets. Each service adds its policy. */
export { BUDGET_AFTER_STOP, Budget, DEFAULT_BUDGET_MS } from "./budget.js";
export {
  type HttpAnswer,
  HttpClient,
  type HttpOptions,
  type HttpRequest,
  LARGEST_JSON,
  type RequestScope,
  type WholeAnswer,
  type WholeRequest,
} from "./client.js";
export { type Clock, type SleepPurpose, systemClock } from "./clock.js";
export { backoff } from "./pause.js";
export type { HttpPolicy, Refusal, Spent } from "./policy.js";
export { processSecrets, Secrets, withoutCredentials } from "./redact.js";
export { Fault, type Retry } from "./retry.js";
