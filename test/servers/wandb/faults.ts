import type { CommonFault, FaultRule as Rule } from "../fault-plan.js";

/** What kind of request the stand-in received. */
export type Endpoint = "graphql" | "file_stream" | "upload" | "download";

/** What goes wrong. Times are in milliseconds. */
export type Fault =
  | CommonFault
  /** The request is carried out, then the connection ends without an answer. */
  | { readonly kind: "drop-answer" }
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** The lines are acknowledged and not stored. */
  | { readonly kind: "lie" }
  /** HTTP 200 with an `errors` list. */
  | { readonly kind: "graphql-error"; readonly message: string };

/** A fault and the requests it hits. */
export type FaultRule = Rule<Fault, Endpoint>;
