/** How users name tasks and groups: by id or by address. Checked before anything is asked for. */
import { TaskclusterError } from "./errors.js";

/** The deployment that is asked where nobody says otherwise: Firefox-CI. */
export const DEFAULT_ROOT_URL = "https://firefox-ci-tc.services.mozilla.com";

/** The form of all ids of tasks and groups: 22 characters, a random UUID in base64url. */
export const SLUG = /^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$/;

const ROUTE = /^index\.(.+)$/;
/** The form of all paths of the index. */
const INDEX_PATH = /^[A-Za-z0-9_!~*'()%-]+(?:\.[A-Za-z0-9_!~*'()%-]+)*$/;

/** Whether a text has the form of an id, perhaps with blanks around it or a slash at its end. */
export function isId(text: string): boolean {
  return SLUG.test(withoutSlash(text.trim()));
}

/** Whether a text has the form of a route of the index: `index.` and a path. */
export function isRoute(text: string): boolean {
  const [, path] = ROUTE.exec(withoutSlash(text.trim())) ?? [];
  return path !== undefined && INDEX_PATH.test(path);
}

/** A task, perhaps one of its runs. */
export interface TaskAddress {
  /** The task's id; if `isRoute` is set, a path of the index that leads to it. */
  readonly taskId: string;
  readonly isRoute?: true;
  /** Absent if the user named no run. */
  readonly runId?: number;
  /** Root of the deployment; absent if an id was given. */
  readonly rootUrl?: string;
}

/** A group of tasks. */
export interface GroupAddress {
  /**
   * The group's id; if `isTask` is set, that of one of its tasks, or of the action that started it; if `isRoute` is
   * set, a path of the index that leads to one of those.
   */
  readonly groupId: string;
  readonly isTask?: true;
  readonly isRoute?: true;
  /** Root of the deployment; absent if an id was given. */
  readonly rootUrl?: string;
}

/**
 * A task, from its id, from a route of the index, or from an address of the web pages, the API or Treeherder.
 *
 * @throws TaskclusterError if it is neither.
 */
export function taskAddress(given: string): TaskAddress {
  const text = given.trim();
  const url = addressOf(text);
  const path = indexPath(text, url);
  if (path !== undefined)
    return { taskId: path, isRoute: true, ...(url === undefined ? {} : { rootUrl: url.origin }) };
  if (url === undefined) return { taskId: slug(withoutSlash(text), "task") };
  const selected = selectedTask(url);
  if (selected !== undefined) {
    const [, id = selected, run] = /^(.*?)(?:[.-](\d{1,4}))?$/.exec(selected) ?? [];
    return { taskId: slug(id, "task", text), ...(run === undefined ? {} : { runId: Number(run) }) };
  }
  const [, id] = /\/tasks?\/(?!groups(?:\/|$))([^/]+)/.exec(url.pathname) ?? [];
  if (id === undefined) {
    throw new TaskclusterError(
      "address",
      `'${text}' is not the address of a task: ${adviceFor(url, "/tasks/<id>")}`,
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
 * A group, from its id, a route of the index or an address. The id of a group that an action started is that of the action's task, so
 * the address of a task is taken too. A task that is selected in Treeherder, or indexed, stands for its group.
 *
 * @throws TaskclusterError if it is neither.
 */
export function groupAddress(given: string): GroupAddress {
  const text = given.trim();
  const url = addressOf(text);
  const path = indexPath(text, url);
  if (path !== undefined)
    return { groupId: path, isRoute: true, ...(url === undefined ? {} : { rootUrl: url.origin }) };
  if (url === undefined) return { groupId: slug(withoutSlash(text), "group") };
  if (selectedTask(url) !== undefined) return { groupId: taskAddress(text).taskId, isTask: true };
  const [, id] = /\/(?:tasks\/groups|task-group|tasks?)\/([^/]+)/.exec(url.pathname) ?? [];
  if (id === undefined) {
    throw new TaskclusterError(
      "address",
      `'${text}' is not the address of a group: ${adviceFor(url, "/tasks/groups/<id>")}`,
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

/**
 * The path in the index that a route (`index.project.branch.latest.build`) or an address names; undefined for any
 * other text. The web pages have the task's name after a slash.
 */
function indexPath(text: string, url: URL | undefined): string | undefined {
  const [, place] =
    url === undefined
      ? (ROUTE.exec(withoutSlash(text)) ?? [])
      : (/\/(?:tasks\/index|api\/index\/v1\/task)\/(.+?)(?:\/artifacts\/.*)?\/?$/.exec(url.pathname) ?? []);
  if (place === undefined) return undefined;
  const path = place.split("/").map(decoded).join(".");
  if (INDEX_PATH.test(path)) return path;
  throw new TaskclusterError(
    "address",
    `'${text}' is not a route of the index: it should look like index.project.branch.latest.task`,
  );
}

/**
 * The task that an address of Treeherder selects, as `<id>.<run>`. Older addresses hold their query in the fragment
 * (`/#/jobs?repo=…`), and a dash before the run. Treeherder's address does not tell the deployment.
 */
function selectedTask({ searchParams, hash }: URL): string | undefined {
  const inFragment = new URLSearchParams(hash.slice(hash.indexOf("?") + 1));
  for (const query of [searchParams, inFragment]) {
    const task = query.get("selectedTaskRun") ?? query.get("task");
    if (task !== null && task !== "") return task.trim();
  }
  return undefined;
}

function adviceFor({ hostname, origin }: URL, path: string): string {
  return hostname.includes("treeherder")
    ? "it selects no task: click on the job in Treeherder, then copy the address"
    : `it should look like ${origin}${path}`;
}

function withoutSlash(text: string): string {
  return text.replace(/\/+$/, "");
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
