import { accessTo, type HttpOptions, sendJson } from "./access.js";
import { httpRoot } from "./address.js";
import { checked, secretSchema } from "./answers.js";
import { TaskclusterError } from "./errors.js";

/** How a secret is asked for. */
export interface SecretOptions extends HttpOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The `token` of a secret, through the proxy that a task has (`TASKCLUSTER_PROXY_URL`). No message holds any of it.
 *
 * @throws TaskclusterError outside a task, or if the secret can't be had or holds no token.
 */
export async function secretToken(name: string, options: SecretOptions): Promise<string> {
  const proxy = options.environment["TASKCLUSTER_PROXY_URL"];
  if (proxy === undefined || proxy === "") {
    throw new TaskclusterError(
      "address",
      `the secret ${name} can be read in a task only, through its proxy: TASKCLUSTER_PROXY_URL is not set (feature taskcluster-proxy)`,
    );
  }
  const what = `the secret ${name}`;
  const access = accessTo(options);
  try {
    const url = `${httpRoot(proxy, "TASKCLUSTER_PROXY_URL")}/api/secrets/v1/secret/${encodeURIComponent(name)}`;
    const { secret } = checked(secretSchema, await sendJson(access, { url, what }), what);
    const { token } = secret;
    if (typeof token !== "string" || token.trim() === "")
      throw new TaskclusterError(
        "malformed-answer",
        `${what} is malformed: it should be {"token": "<the key>"}`,
      );
    return token.trim();
  } finally {
    await access.http.close();
  }
}
