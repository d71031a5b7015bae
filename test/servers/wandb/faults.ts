/** What kind of request the stand-in received. */
export type Endpoint = "graphql" | "file_stream" | "upload" | "download";

/** What goes wrong. Times are in milliseconds, `retryAfter` is sent as it is (seconds or an HTTP date). */
export type Fault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection ends before an answer, the request is not carried out. */
  | { readonly kind: "drop" }
  /** The request is carried out, then the connection ends without an answer. */
  | { readonly kind: "drop-answer" }
  /** Never answered; the connection stays open. */
  | { readonly kind: "hang" }
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** One of those that any server may have. */
  | { readonly kind: "named"; readonly name: string }
  /** The lines are acknowledged and not stored. */
  | { readonly kind: "lie" }
  /** HTTP 200 with an `errors` list. */
  | { readonly kind: "graphql-error"; readonly message: string };

/** A fault and the requests it hits. */
export interface FaultRule {
  readonly fault: Fault;
  /** Default: every endpoint. */
  readonly endpoint?: Endpoint;
  /** GraphQL operation name; default: all. */
  readonly operation?: string;
  /** Part of the request's path. */
  readonly path?: string;
  /** How many matching requests are hit. Default 1; Infinity for all. */
  readonly times?: number;
  /** How many matching requests pass before the first is hit. Default 0. */
  readonly after?: number;
}

/** The faults that wait for their requests. */
export class FaultPlan {
  /** The moments (ms since 1970) at which a request was hit. */
  readonly hits: number[] = [];
  readonly #rules: { readonly rule: FaultRule; skip: number; left: number }[] = [];

  /** Adds a rule; rules are tried in the order they were added. */
  add(rule: FaultRule): void {
    this.#rules.push({ rule, skip: rule.after ?? 0, left: rule.times ?? 1 });
  }

  /** Forgets all rules. */
  clear(): void {
    this.#rules.length = 0;
  }

  /** The fault that hits this request, undefined when it passes. */
  take(endpoint: Endpoint, operation: string, path: string): Fault | undefined {
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0) continue;
      if (rule.endpoint !== undefined && rule.endpoint !== endpoint) continue;
      if (rule.operation !== undefined && rule.operation !== operation) continue;
      if (rule.path !== undefined && !path.includes(rule.path)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      this.hits.push(Date.now());
      return rule.fault;
    }
    return undefined;
  }
}
