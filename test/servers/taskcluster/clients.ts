/** Who asks: the signatures that the services check, and what the clients may do. */
import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { server as hawk, utils } from "hawk";
import type { QueueRequest } from "./queue-answers.js";

/** A client that the services know. */
export interface Client {
  readonly accessToken: string;
  /** A star at the end stands for anything. */
  readonly scopes: readonly string[];
}

/** What comes with temporary credentials. */
interface Certificate {
  readonly version: number;
  readonly scopes: readonly string[];
  readonly start: number;
  readonly expiry: number;
  readonly seed: string;
  readonly signature: string;
  readonly issuer?: string;
}

/** What a request may do. @throws Error if it is signed, and the signature is not right. */
export async function scopesOf(
  request: IncomingMessage,
  clients: Readonly<Record<string, Client>>,
  anonymous: readonly string[],
): Promise<readonly string[]> {
  const header = request.headers.authorization;
  if (header === undefined) return anonymous;
  const certificate = certificateIn(header);
  let scopes: readonly string[] = [];
  await hawk.authenticate(request, async (clientId: string) => {
    const issuer = clients[certificate?.issuer ?? clientId];
    if (issuer === undefined) throw new Error(`no client ${clientId}`);
    scopes = certificate?.scopes ?? issuer.scopes;
    const key =
      certificate === undefined
        ? issuer.accessToken
        : temporaryKey(clientId, issuer.accessToken, certificate);
    return { id: clientId, key, algorithm: "sha256" as const, user: clientId };
  });
  return [...anonymous, ...scopes];
}

/** Whether one of the scopes is the one that is needed, or anybody may do it in a deployment that is open. */
export function satisfies(scopes: readonly string[], needed: string, isOpen: boolean): boolean {
  if (isOpen && !needed.startsWith("queue:get-artifact:private/")) return true;
  return scopes.some((scope) =>
    scope.endsWith("*") ? needed.startsWith(scope.slice(0, -1)) : scope === needed,
  );
}

/** The scope that a request needs; undefined if none. */
export function scopeFor({ endpoint, path }: QueueRequest): string | undefined {
  const [, taskId = ""] = /\/task\/([^/]+)/.exec(path) ?? [];
  const [, groupId = ""] = /\/task-group\/([^/]+)/.exec(path) ?? [];
  const [, run = ""] = /\/runs\/(\d+)\//.exec(path) ?? [];
  switch (endpoint) {
    case "task":
      return `queue:get-task:${taskId}`;
    case "status":
      return `queue:status:${taskId}`;
    case "group":
    case "list":
      return `queue:list-task-group:${groupId}`;
    case "artifacts":
      return `queue:list-artifacts:${taskId}:${run}`;
    case "artifact":
      return `queue:get-artifact:${path.replace(/^.*?\/artifacts\//, "")}`;
    case "index":
      return `index:find-task:${path.replace(/^.*\/task\//, "")}`;
    default:
      return undefined;
  }
}

function certificateIn(header: string): Certificate | undefined {
  const { ext } = utils.parseAuthorizationHeader(header) as { readonly ext?: string };
  if (ext === undefined) return undefined;
  const { certificate } = JSON.parse(Buffer.from(ext, "base64").toString()) as { certificate?: Certificate };
  return certificate;
}

/** The key of temporary credentials, after the checks that Taskcluster's auth service makes. */
function temporaryKey(clientId: string, accessToken: string, certificate: Certificate): string {
  const { version, seed, start, expiry, scopes, signature, issuer } = certificate;
  const lines = [
    `version:${version}`,
    ...(issuer === undefined ? [] : [`clientId:${clientId}`, `issuer:${issuer}`]),
    `seed:${seed}`,
    `start:${start}`,
    `expiry:${expiry}`,
    "scopes:",
    ...scopes,
  ];
  const expected = createHmac("sha256", accessToken).update(lines.join("\n")).digest("base64");
  if (signature !== expected) throw new Error("the signature of the certificate is wrong");
  const now = Date.now();
  if (start > now || expiry < now) throw new Error("the certificate is not valid now");
  return createHmac("sha256", accessToken).update(seed).digest("base64url");
}
