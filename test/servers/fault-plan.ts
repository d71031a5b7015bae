/** Which fault answers which request: the table that all stand-ins share. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { faultNamed } from "./faults.js";

/** What may go wrong at any server. */
export type CommonFault =
  | {
      readonly kind: "status";
      readonly status: number;
      /** Sent as it is: seconds or an HTTP date. */
      readonly retryAfter?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Default: text/plain. */
      readonly contentType?: string;
    }
  /** The connection ends before an answer; the request is not carried out. */
  | { readonly kind: "drop" }
  /** Never answered; the connection stays open. */
  | { readonly kind: "hang" }
  /** One of those of faults.ts. */
  | { readonly kind: "named"; readonly name: string };

/** A fault and the requests it hits. */
export interface FaultRule<Fault, Endpoint extends string = string> {
  readonly fault: Fault;
  /** Default: every endpoint. */
  readonly endpoint?: Endpoint | readonly Endpoint[];
  /** GraphQL operation name; default: all. */
  readonly operation?: string;
  /** Part of the request's path, or what its path and query match. */
  readonly path?: string | RegExp;
  /** How many matching requests are hit. Default 1; Infinity for all. */
  readonly times?: number;
  /** How many matching requests pass before the first is hit. Default 0. */
  readonly after?: number;
}

/** What a rule looks at. */
interface FaultedRequest {
  readonly endpoint?: string;
  readonly operation?: string;
  readonly path: string;
}

/** The faults that wait for their requests. */
export class FaultPlan<Fault, Endpoint extends string = string> {
  /** The moments (ms since 1970) at which a request was hit. */
  readonly hits: number[] = [];
  readonly #rules: { readonly rule: FaultRule<Fault, Endpoint>; skip: number; left: number }[] = [];

  /** Adds a rule; rules are tried in the order they were added. */
  add(rule: FaultRule<Fault, Endpoint>): void {
    this.#rules.push({ rule, skip: rule.after ?? 0, left: rule.times ?? 1 });
  }

  /** Forgets all rules. */
  clear(): void {
    this.#rules.length = 0;
  }

  /** The fault that hits this request, undefined when it passes. */
  take(request: FaultedRequest): Fault | undefined {
    for (const entry of this.#rules) {
      if (entry.left <= 0 || !matches(entry.rule, request)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      this.hits.push(Date.now());
      return entry.rule.fault;
    }
    return undefined;
  }
}

function matches<Fault>(rule: FaultRule<Fault>, { endpoint = "", operation, path }: FaultedRequest): boolean {
  if (rule.endpoint !== undefined && ![rule.endpoint].flat().includes(endpoint)) return false;
  if (rule.operation !== undefined && rule.operation !== operation) return false;
  if (rule.path === undefined) return true;
  return typeof rule.path === "string" ? path.includes(rule.path) : rule.path.test(path);
}

/** Whether a fault is one of any server; then the request has been dealt with. */
export function answerFault(
  fault: { readonly kind: string },
  request: IncomingMessage,
  response: ServerResponse,
  body = "",
): boolean {
  const common = fault as CommonFault;
  switch (common.kind) {
    case "drop":
      request.socket.destroy();
      return true;
    case "hang":
      return true;
    case "named":
      faultNamed(common.name).answer(request, response);
      return true;
    case "status": {
      const text = common.body ?? body;
      const { retryAfter, headers = {} } = common;
      response
        .writeHead(common.status, {
          "content-type": common.contentType ?? "text/plain",
          "content-length": String(Buffer.byteLength(text)),
          ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
        })
        .end(text);
      return true;
    }
    default:
      return false;
  }
}
