/** Google's credentials, by Google's own package, which is loaded only if Cloud Storage is used. */
import { processSecrets, type Secrets } from "../../http/index.js";
import { InputError } from "../input-error.js";
import type { Identity } from "./identity.js";
import { installText, optionalPackage } from "./optional-package.js";

const PACKAGE = "google-auth-library";
const SCOPE = "https://www.googleapis.com/auth/devstorage.read_write";

/** What is used of `google-auth-library`. */
interface GooglePackage {
  readonly GoogleAuth: new (options: {
    readonly scopes: string;
    readonly projectId: string;
  }) => {
    /** Looks for application default credentials: a file, gcloud's, those of the machine. */
    getClient(): Promise<{ getRequestHeaders(): Promise<Iterable<[string, string]>> }>;
  };
}

/** Looks for application default credentials as Google's own programs do. What it finds is never printed. */
export async function findGoogleIdentity(secrets: readonly Secrets[] = [processSecrets]): Promise<Identity> {
  const google = await optionalPackage<GooglePackage>(PACKAGE);
  if (google === undefined) return { kind: "anonymous", reason: `for yours, ${installText([PACKAGE])}` };
  const headersOf = async () => {
    // Buckets have no need of a project, for which the package would ask a service.
    const client = await new google.GoogleAuth({ scopes: SCOPE, projectId: "-" }).getClient();
    return async () => {
      const headers = Object.fromEntries(await client.getRequestHeaders());
      const token = headers["authorization"]?.replace(/^Bearer /i, "") ?? "";
      for (const one of secrets) one.add(token);
      return headers;
    };
  };
  try {
    const headers = await withoutWarning("MetadataLookupWarning", headersOf);
    await headers();
    return {
      kind: "known",
      sign: () =>
        headers().catch((error: unknown) => {
          throw new InputError(`the credentials can't be renewed: ${reasonOf(error)}`, { cause: error });
        }),
    };
  } catch (error) {
    return { kind: "anonymous", reason: `none were found: ${reasonOf(error)}` };
  }
}

/** The package asks whether the machine is Google's, and warns of each that is not. */
async function withoutWarning<Value>(type: string, work: () => Promise<Value>): Promise<Value> {
  const { emitWarning } = process;
  const quiet = (...all: unknown[]): void => {
    if (all[1] !== type) Reflect.apply(emitWarning, process, all);
  };
  process.emitWarning = quiet;
  try {
    return await work();
  } finally {
    if (process.emitWarning === quiet) process.emitWarning = emitWarning;
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return processSecrets.redact(text).replace(/\s+/g, " ").replace(/\.$/, "");
}
