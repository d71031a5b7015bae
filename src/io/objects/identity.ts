/** In whose name objects are asked for. */

/** A request to be signed. */
export interface UnsignedRequest {
  readonly method: string;
  /** Its parts are escaped as the service demands. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  /** The region of the bucket; for S3 alone. */
  readonly region: string;
}

/** Somebody with credentials, or nobody. */
export type Identity =
  | {
      readonly kind: "known";
      /** The headers that say who asks. @throws InputError if the credentials can't be renewed. */
      sign(request: UnsignedRequest): Promise<Readonly<Record<string, string>>>;
    }
  | {
      readonly kind: "anonymous";
      /** Why there are no credentials, and what to do: for a message about a refusal. */
      readonly reason: string;
    };

/** What is said of an object that is refused to somebody. */
export function refusedText(identity: Identity, done: "read" | "written"): string {
  if (identity.kind === "known") return `may not be ${done} with these credentials`;
  return `may not be ${done} without credentials${identity.reason === "" ? "" : `; ${identity.reason}`}`;
}
