import type { CommonFault, FaultRule as Rule } from "../fault-plan.js";

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
  | "index"
  | "content"
  | "live";

/** What goes wrong. */
export type Fault =
  | CommonFault
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
export type FaultRule = Rule<Fault, Endpoint>;
