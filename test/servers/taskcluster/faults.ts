/** What kind of request the stand-in received. */
export type Endpoint =
  | "task"
  | "status"
  | "statuses"
  | "group"
  | "list"
  | "artifacts"
  | "artifact"
  | "secret"
  | "content"
  | "live";

/** What goes wrong. */
export type Fault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly retryAfter?: string;
      readonly body?: string;
      readonly contentType?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection ends before an answer. */
  | { readonly kind: "drop" }
  /** One of those that any server may have. */
  | { readonly kind: "named"; readonly name: string }
  /** Never answered; the connection stays open. */
  | { readonly kind: "hang" }
  /** Half of the content, then an end as if it were the whole: no length was announced. */
  | { readonly kind: "cut" }
  /** Half of the content, then the connection ends; the whole length was announced. */
  | { readonly kind: "short" }
  /** Said to be packed in another way than it is. */
  | { readonly kind: "encoding"; readonly name: string }
  /** Half of the content, then nothing more; the connection stays open. */
  | { readonly kind: "stall" }
  /** A byte in the middle of the content is another. */
  | { readonly kind: "damage" }
  /** Nothing at all, and an end as if it were the whole. */
  | { readonly kind: "empty" }
  /** A list without an end: its page promises another, with the token of the last request, or a new one each time. */
  | { readonly kind: "endless"; readonly token: "same" | "new" };

/** A fault and the requests it hits. */
export interface FaultRule {
  readonly fault: Fault;
  /** Default: every endpoint. */
  readonly endpoint?: Endpoint | readonly Endpoint[];
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
  take(endpoint: Endpoint, path: string): Fault | undefined {
    const entry = this.#rules.find(
      ({ rule, left }) =>
        left > 0 &&
        (rule.endpoint === undefined || [rule.endpoint].flat().includes(endpoint)) &&
        (rule.path === undefined || path.includes(rule.path)),
    );
    if (entry === undefined) return undefined;
    if (entry.skip > 0) {
      entry.skip -= 1;
      return undefined;
    }
    entry.left -= 1;
    this.hits.push(Date.now());
    return entry.rule.fault;
  }
}
