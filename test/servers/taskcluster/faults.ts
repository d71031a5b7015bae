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
  readonly endpoint?: Endpoint;
  /** Part of the request's path. */
  readonly path?: string;
  /** How many matching requests are hit. Default 1; Infinity for all. */
  readonly times?: number;
}

/** The faults that wait for their requests. */
export class FaultPlan {
  readonly #rules: { readonly rule: FaultRule; left: number }[] = [];

  /** Adds a rule; rules are tried in the order they were added. */
  add(rule: FaultRule): void {
    this.#rules.push({ rule, left: rule.times ?? 1 });
  }

  /** The fault that hits this request, undefined when it passes. */
  take(endpoint: Endpoint, path: string): Fault | undefined {
    const entry = this.#rules.find(
      ({ rule, left }) =>
        left > 0 &&
        (rule.endpoint === undefined || rule.endpoint === endpoint) &&
        (rule.path === undefined || path.includes(rule.path)),
    );
    if (entry === undefined) return undefined;
    entry.left -= 1;
    return entry.rule.fault;
  }
}
