/** AWS's credentials and signatures, by AWS's own packages, which are loaded only if S3 is used. */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { processSecrets, type Secrets } from "../../http/index.js";
import { InputError } from "../input-error.js";
import type { Identity, UnsignedRequest } from "./identity.js";
import { installText, optionalPackage } from "./optional-package.js";

const PACKAGES = ["@aws-sdk/credential-providers", "@smithy/signature-v4"] as const;
/** A shorter key is one of a test, and may be a word. */
const SHORTEST_KEY = 16;

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What is used of `@aws-sdk/credential-providers`. */
interface CredentialProviders {
  /** The standard chain: environment, profiles, SSO, web identity, containers, instances. It caches and renews. */
  fromNodeProviderChain(): () => Promise<Credentials>;
}

interface SignableRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** What is used of `@smithy/signature-v4`. */
interface SignaturePackage {
  readonly SignatureV4: new (options: {
    readonly service: string;
    readonly region: string;
    readonly credentials: Credentials;
    readonly sha256: typeof Sha256;
    readonly uriEscapePath: boolean;
  }) => { sign(request: SignableRequest): Promise<SignableRequest> };
}

/** Node's SHA-256, with or without a key, as the package takes it. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

/** Looks for credentials as AWS's own programs do. What it finds is never printed. */
export async function findAwsIdentity(secrets: readonly Secrets[] = [processSecrets]): Promise<Identity> {
  const [providers, signatures] = await Promise.all([
    optionalPackage<CredentialProviders>(PACKAGES[0]),
    optionalPackage<SignaturePackage>(PACKAGES[1]),
  ]);
  if (providers === undefined || signatures === undefined)
    return { kind: "anonymous", reason: `for yours, ${installText(PACKAGES)}` };
  const chain = providers.fromNodeProviderChain();
  const hide = ({ accessKeyId, secretAccessKey, sessionToken = "" }: Credentials) => {
    for (const one of secrets) {
      for (const secret of [secretAccessKey, sessionToken]) one.add(secret);
      if (accessKeyId.length >= SHORTEST_KEY) one.add(accessKeyId);
    }
  };
  try {
    hide(await chain());
  } catch (error) {
    return { kind: "anonymous", reason: `none were found: ${reasonOf(error)}` };
  }
  return {
    kind: "known",
    sign: async (request) => {
      const credentials = await chain().catch((error: unknown) => {
        throw new InputError(`the credentials can't be renewed: ${reasonOf(error)}`, { cause: error });
      });
      hide(credentials);
      const { SignatureV4 } = signatures;
      const { region } = request;
      const options = { service: "s3", region, credentials, sha256: Sha256, uriEscapePath: false };
      const { headers } = await new SignatureV4(options).sign(signable(request));
      return headers;
    },
  };
}

function signable({ method, url, headers, body }: UnsignedRequest): SignableRequest {
  const query = Object.fromEntries(url.searchParams);
  return {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === "" ? {} : { port: Number(url.port) }),
    path: url.pathname,
    query,
    headers: { ...headers, host: url.host },
    body,
  };
}

/** Some errors of the package end with a full stop and lines of advice of their own. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return processSecrets.redact(text).replace(/\s+/g, " ").replace(/\.$/, "");
}
