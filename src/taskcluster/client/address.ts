/** How users name tasks and groups: by id or by address. Checked before anything is asked for. */
import { TaskclusterError } from "./errors.js";

/** The deployment that is asked where nobody says otherwise: Firefox-CI. */
export const DEFAULT_ROOT_URL = "https://firefox-ci-tc.services.mozilla.com";

/** The form of all ids of tasks and groups: 22 characters, a random UUID in base64url. */
export const SLUG = /^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$/;

/** A task, perhaps one of its runs. */
export interface TaskAddress {
  readonly taskId: string;
  /** Absent if the user named no run. */
  readonly runId?: number;
  /** Root of the deployment; absent if an id was given. */
  readonly rootUrl?: string;
}

/** A group of tasks. */
export interface GroupAddress {
  readonly groupId: string;
  /** Root of the deployment; absent if an id was given. */
  readonly rootUrl?: string;
}

/**
 * A task, from its id or from an address of the web pages or the API.
 *
 * @throws TaskclusterError if it is neither.
 */
export function taskAddress(text: string): TaskAddress {
  const url = addressOf(text);
  if (url === undefined) return { taskId: slug(text, "task") };
  const [, id] = /\/tasks?\/(?!groups(?:\/|$))([^/]+)/.exec(url.pathname) ?? [];
  if (id === undefined) {
    throw new TaskclusterError(
      "address",
      `'${text}' is not the address of a task: it should look like ${url.origin}/tasks/<id>`,
    );
  }
  const [, run] = /\/runs\/(\d{1,4})(?:\/|$)/.exec(url.pathname) ?? [];
  return {
    taskId: slug(decoded(id), "task", text),
    ...(run === undefined ? {} : { runId: Number(run) }),
    rootUrl: url.origin,
  };
}

/**
 * A group, from its id or from an address. The id of a group that an action started is that of the action's task, so
 * the address of a task is taken too.
 *
 * @throws TaskclusterError if it is neither.
 */
export function groupAddress(text: string): GroupAddress {
  const url = addressOf(text);
  if (url === undefined) return { groupId: slug(text, "group") };
  const [, id] = /\/(?:tasks\/groups|task-group|tasks?)\/([^/]+)/.exec(url.pathname) ?? [];
  if (id === undefined) {
    throw new TaskclusterError(
      "address",
      `'${text}' is not the address of a group: it should look like ${url.origin}/tasks/groups/<id>`,
    );
  }
  return { groupId: slug(decoded(id), "group", text), rootUrl: url.origin };
}

/**
 * The deployment to ask: what the environment says, else that of the addresses given, else Firefox-CI.
 *
 * @throws TaskclusterError if it is not an http(s) address, or the addresses are of several deployments.
 */
export function rootUrlOf(
  environment: Readonly<Record<string, string | undefined>>,
  addresses: readonly { readonly rootUrl?: string }[],
): string {
  const given = environment["TASKCLUSTER_ROOT_URL"];
  if (given !== undefined && given !== "") return httpRoot(given, "TASKCLUSTER_ROOT_URL");
  const roots = new Set(addresses.flatMap(({ rootUrl }) => (rootUrl === undefined ? [] : [rootUrl])));
  if (roots.size > 1) {
    throw new TaskclusterError(
      "address",
      `the addresses are of several Taskcluster deployments (${[...roots].join(", ")}): name those of one`,
    );
  }
  return [...roots][0] ?? DEFAULT_ROOT_URL;
}

/**
 * A root address without a slash at its end. `name` is what the user calls it.
 *
 * @throws TaskclusterError if it is not an http(s) address.
 */
export function httpRoot(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isHttp(url) || url.search !== "" || url.hash !== "") {
    throw new TaskclusterError(
      "address",
      `${name} is not the address of a Taskcluster deployment: write ${DEFAULT_ROOT_URL}`,
    );
  }
  if (url.username !== "" || url.password !== "")
    throw new TaskclusterError(
      "address",
      `${name} holds a user name or a password: none is needed, and none is sent`,
    );
  return url.href.replace(/\/+$/, "");
}

/** Whether an address may be asked at all. */
export function isHttp(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}

function addressOf(text: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isHttp(url))
    throw new TaskclusterError("address", `'${text}' is not an http(s) address`);
  return url;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * The id, if it has the form of one.
 *
 * @param text What the user gave, if the id is only a part of it.
 * @throws TaskclusterError if it has not.
 */
export function slug(id: string, what: "task" | "group", text: string = id): string {
  if (SLUG.test(id)) return id;
  const from = text === id ? "" : ` in ${text}`;
  throw new TaskclusterError(
    "address",
    `'${id}'${from} is not the id of a ${what}: give the 22 characters as Taskcluster shows them, or the ${what}'s address`,
  );
}
