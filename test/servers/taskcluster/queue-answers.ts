/** What the queue and the secrets answer. */
import type { Endpoint } from "./faults.js";
import type { AnswerForm } from "./schemas.js";
import type { Store, StoredArtifact, StoredTask } from "./store.js";

/** What is asked for. */
export interface QueueRequest {
  readonly endpoint: Endpoint;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** An answer of a form that has a schema. */
export interface Answer {
  /** Undefined if the form has no schema beside the checkout. */
  readonly form: AnswerForm | undefined;
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What the queue needs to know of the server around it. */
export interface Place {
  readonly storageUrl: string;
  readonly pageSize: number;
  isLive(taskId: string, runId: number): boolean;
}

/** An answer that is an error, as the services form them. */
export class Refusal {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Answers from a store. */
export class QueueAnswers {
  readonly #store: Store;
  readonly #place: Place;
  readonly #secrets: Readonly<Record<string, unknown>> | undefined;

  constructor(store: Store, place: Place, secrets: Readonly<Record<string, unknown>> | undefined) {
    this.#store = store;
    this.#place = place;
    this.#secrets = secrets;
  }

  /** @throws Refusal */
  answer({ endpoint, path, query }: QueueRequest, body: string): Answer {
    const [, taskId = ""] = /^\/api\/queue\/v1\/task\/([^/]+)/.exec(path) ?? [];
    const [, groupId = ""] = /^\/api\/queue\/v1\/task-group\/([^/]+)/.exec(path) ?? [];
    switch (endpoint) {
      case "task":
        return { form: "queue/v1/task", body: this.#definition(taskId) };
      case "status":
        return { form: "queue/v1/task-status-response", body: { status: this.#task(taskId).status } };
      case "statuses": {
        const ids = (JSON.parse(body) as { taskIds: string[] }).taskIds;
        const { items, next } = this.#page(ids, query);
        const statuses = items.flatMap((id) => {
          const found = this.#store.tasks.get(id);
          return found === undefined ? [] : [{ taskId: id, status: found.status }];
        });
        return { form: "queue/v1/tasks-statuses-response", body: { statuses, ...next } };
      }
      case "group":
        return { form: "queue/v1/task-group-response", body: this.#group(groupId).info };
      case "list": {
        const { info, taskIds } = this.#group(groupId);
        const { items, next } = this.#page(taskIds, query);
        const tasks = items.flatMap((id) => {
          const found = this.#store.tasks.get(id);
          return found === undefined ? [] : [{ status: found.status, task: found.definition }];
        });
        return { form: "queue/v1/list-task-group-response", body: { ...info, tasks, ...next } };
      }
      case "artifacts": {
        const { items, next } = this.#page(this.#run(path).artifacts, query);
        const artifacts = items.map(({ link: _link, ...artifact }) => artifact);
        return { form: "queue/v1/list-artifacts-response", body: { artifacts, ...next } };
      }
      case "artifact":
        return this.#redirect(path);
      case "secret":
        return this.#secret(path);
      case "index":
        return this.#indexed(path);
      default:
        throw new Refusal(404, { error: "Not found" });
    }
  }

  /** @param links That have led here. */
  #redirect(path: string, links: readonly string[] = []): Answer {
    const { task, runId, artifacts } = this.#run(path);
    const name = path.replace(/^.*?\/artifacts\//, "");
    const { taskId } = task.status;
    const found = artifacts.find((artifact) => artifact.name === name);
    if (found === undefined) throw unknown("getArtifact", "Artifact not found");
    const { storageType } = found;
    const kind = { "x-taskcluster-artifact-storage-type": storageType };
    if (storageType === "error") {
      const reason = "file-missing-on-worker";
      const message = `Artifact "${name}" not found at '/builds/worker/artifacts/x'`;
      throw new Refusal(424, { reason, message }, kind);
    }
    if (storageType === "link") {
      const to = found.link ?? name.replace(/live\.log$/, "live_backing.log");
      if (links.includes(to))
        throw new Refusal(400, { code: "InputError", message: "Artifact links form a cycle" });
      return this.#redirect(`${path.slice(0, -name.length)}${to}`, [...links, to]);
    }
    const live = storageType === "reference" && this.#place.isLive(taskId, runId);
    const place = `${taskId}/${runId}/${encodeURIComponent(name)}`;
    const url = `${this.#place.storageUrl}/${live ? `live/${taskId}/${runId}` : `stored/${place}?X-Signature=not-to-be-printed`}`;
    const headers = { ...kind, location: url };
    return { form: "queue/v1/get-artifact-response", status: 303, headers, body: { storageType, url } };
  }

  #indexed(path: string): Answer {
    const namespace = path.replace("/api/index/v1/task/", "");
    const taskId = this.#store.index.get(namespace);
    if (taskId === undefined) throw unknown("findTask", "Indexed task not found");
    const body = { namespace, taskId, rank: 0, data: {}, expires: "2027-11-23T18:49:24.513Z" };
    return { form: undefined, body };
  }

  #secret(path: string): Answer {
    const name = path.replace(/^\/api\/secrets\/v1\/secret\//, "");
    const secrets = this.#secrets;
    if (secrets === undefined) throw forbidden("get", `secrets:get:${name}`);
    if (!Object.hasOwn(secrets, name)) throw unknown("get", "Secret not found");
    const answer = { secret: secrets[name], expires: "2027-11-23T18:49:24.513Z" };
    return { form: "secrets/v1/secret", body: answer };
  }

  #task(taskId: string): StoredTask {
    const task = this.#store.tasks.get(taskId);
    if (task === undefined) throw unknown("task", `\`${taskId}\` does not correspond to a task that exists.`);
    return task;
  }

  #definition(taskId: string): StoredTask["definition"] {
    return this.#store.actions.get(taskId) ?? this.#task(taskId).definition;
  }

  #group(groupId: string): { readonly info: object; readonly taskIds: readonly string[] } {
    const group = this.#store.groups.get(groupId);
    if (group === undefined) throw unknown("getTaskGroup", `No task-group with taskGroupId: \`${groupId}\``);
    return group;
  }

  /** The run that a path names, or the last one. */
  #run(path: string): {
    readonly task: StoredTask;
    readonly runId: number;
    readonly artifacts: readonly StoredArtifact[];
  } {
    const [, taskId = "", , run] = /\/task\/([^/]+)(\/runs\/(\d+))?\/artifacts/.exec(path) ?? [];
    const task = this.#task(taskId);
    const last = task.status.runs.at(-1);
    if (last === undefined) throw unknown("listArtifacts", "Task doesn't have any runs");
    const runId = run === undefined ? last.runId : Number(run);
    if (!task.status.runs.some((one) => one.runId === runId)) throw unknown("listArtifacts", "Run not found");
    return { task, runId, artifacts: task.artifacts.get(runId) ?? [] };
  }

  #page<Item>(
    all: readonly Item[],
    query: URLSearchParams,
  ): { readonly items: readonly Item[]; readonly next: { readonly continuationToken?: string } } {
    for (const key of query.keys()) {
      if (key !== "continuationToken" && key !== "limit")
        throw new Refusal(400, {
          code: "InvalidRequestArguments",
          message: `Query-string parameter: ${key}`,
        });
    }
    const token = query.get("continuationToken");
    // A token has characters that an address does not take as they are.
    const [, place] = /^at\+\/=(\d+)$/.exec(token ?? "at+/=0") ?? [];
    if (place === undefined)
      throw new Refusal(400, { code: "InputError", message: "Invalid continuation token" });
    const start = Number(place);
    const size = Math.min(this.#place.pageSize, Number(query.get("limit") ?? 1000));
    const end = start + size;
    return {
      items: all.slice(start, end),
      next: end < all.length ? { continuationToken: `at+/=${end}` } : {},
    };
  }
}

function unknown(method: string, message: string): Refusal {
  const trailer = `\n\n---\n\n* method:     ${method}\n* errorCode:  ResourceNotFound\n* statusCode: 404`;
  return new Refusal(404, { code: "ResourceNotFound", message: message + trailer, requestInfo: { method } });
}

/** The answer to a request without the scope that it needs. */
export function forbidden(method: string, scope: string): Refusal {
  const message = `This request requires Taskcluster credentials that satisfy the following scope expression:\n\n\`\`\`\n${scope}\n\`\`\`\n\n---\n\n* method:     ${method}`;
  return new Refusal(403, { code: "InsufficientScopes", message, requestInfo: { method } });
}
