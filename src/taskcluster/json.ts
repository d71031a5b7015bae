import { AnswerError } from "./errors.js";
import { type HttpClient, type HttpRequest, readAll } from "./http.js";

const RETRY_MS = 200;
/** A page of a thousand tasks is 5 MB. */
const LARGEST = 64e6;

/** A request that is answered with JSON. */
export type JsonRequest = Pick<HttpRequest, "url" | "what" | "json">;

/**
 * Sends a request until it is answered.
 *
 * @throws RefusedError and its kinds for a final answer; UnreachableError; AnswerError when the answer is no JSON.
 */
export async function sendJson(http: HttpClient, { url, what, json }: JsonRequest): Promise<unknown> {
  const text = await http.retrying(what, RETRY_MS, async () => {
    const { body } = await http.open({ url, what, json });
    return (await readAll(body, LARGEST, what)).toString("utf8");
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new AnswerError(
      `${what}: the answer is no JSON. Is TASKCLUSTER_ROOT_URL the address of a Taskcluster deployment?`,
    );
  }
}
