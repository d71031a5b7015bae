/** The user's credentials, from the variables that Taskcluster's own clients read, and the signatures made with them. */
import { certificateSecrets, processSecrets, type SignedRequest } from "../../http/index.js";
import { isObject, readJson } from "../../json.js";
import { TaskclusterError } from "./errors.js";

const CLIENT_ID = "TASKCLUSTER_CLIENT_ID";
const ACCESS_TOKEN = "TASKCLUSTER_ACCESS_TOKEN";
const CERTIFICATE = "TASKCLUSTER_CERTIFICATE";

/** Credentials that sign requests by Hawk: the token itself is never sent. */
export interface Credentials {
  readonly clientId: string;
  /** The Authorization header of a request. */
  authorization(request: SignedRequest): string;
}

/**
 * The credentials of the environment; undefined if it has none.
 *
 * @throws TaskclusterError (`credentials`) if a part is missing or malformed, or they have expired.
 */
export async function credentialsOf(
  environment: Readonly<Record<string, string | undefined>>,
  now = Date.now(),
): Promise<Credentials | undefined> {
  const [clientId, accessToken, certificate] = [CLIENT_ID, ACCESS_TOKEN, CERTIFICATE].map(
    (name) => environment[name]?.trim() || undefined,
  );
  if (clientId === undefined && accessToken === undefined) return undefined;
  if (clientId === undefined || accessToken === undefined) {
    const [set, missing] = clientId === undefined ? [ACCESS_TOKEN, CLIENT_ID] : [CLIENT_ID, ACCESS_TOKEN];
    throw new TaskclusterError(
      "credentials",
      `${set} is set without ${missing}: set both, or neither to read what is public`,
    );
  }
  const ext = certificate === undefined ? undefined : extension(certificate, now);
  for (const secret of [accessToken, ...certificateSecrets(certificate ?? "")]) processSecrets.add(secret);
  // The bundle gives a late import of a CommonJS package no names.
  const { client } = (await import("hawk")).default;
  const credentials = { id: clientId, key: accessToken, algorithm: "sha256" } as const;
  return {
    clientId,
    authorization: ({ url, method }) =>
      client.header(url, method, { credentials, ...(ext === undefined ? {} : { ext }) }).header,
  };
}

/** What a signature has to carry of temporary credentials. */
function extension(text: string, now: number): string {
  const certificate = readJson(text);
  const expiry = isObject(certificate) ? certificate.expiry : undefined;
  if (!isObject(certificate) || (typeof expiry === "number" && Number.isNaN(new Date(expiry).valueOf())))
    throw new TaskclusterError(
      "credentials",
      `${CERTIFICATE} is not the JSON object that comes with temporary credentials: set all three variables again`,
    );
  if (typeof expiry === "number" && expiry < now)
    throw new TaskclusterError(
      "credentials",
      `the credentials of ${CERTIFICATE} expired at ${new Date(expiry).toISOString()}: get new ones, for example by taskcluster signin`,
    );
  return Buffer.from(JSON.stringify({ certificate })).toString("base64");
}
