import { type Access, accessTo, type HttpOptions, type JsonRequest, sendJson } from "./access.js";
import { httpRoot, slug, type TaskAddress } from "./address.js";
import {
  type Artifact,
  artifactPageSchema,
  checked,
  type GroupTask,
  groupPageSchema,
  groupSchema,
  indexedTaskSchema,
  statusesSchema,
  statusSchema,
  type TaskDefinition,
  type TaskGroup,
  type TaskStatus,
  taskSchema,
} from "./answers.js";
import { ArtifactAccess, type ArtifactRef, type Download, type LiveArtifact } from "./artifact-access.js";
import { TaskclusterError } from "./errors.js";

/** Ids in one batch request. */
const BATCH = 500;
/** Tasks on a page of a group. The queue would give a thousand, 5 MB of JSON, which is much to hold at once. */
const PAGE = 250;
/** Pages of one list: a group of a quarter of a million tasks. */
const MAX_PAGES = 1000;

/** Is told how reading goes. */
export interface QueueObserver {
  /** Tasks of a group were listed. */
  tasks(count: number): void;
  /** An artifact is wanted, or there: downloaded, kept from before, or given up. */
  artifact(state: "wanted" | "done"): void;
  /** Bytes of artifacts were downloaded. */
  bytes(count: number): void;
}

/** How the queue is asked. */
export interface QueueOptions extends HttpOptions {
  /** Root of the deployment, or of the proxy inside a task. */
  readonly rootUrl: string;
  /** Told of what comes while it comes. */
  readonly observer?: QueueObserver | undefined;
  /** Bytes of an artifact that are taken at most, packed or unpacked; default 2 GiB. */
  readonly largestArtifact?: number | undefined;
}

/** A page's part of an answer: what it holds, and the token that asks for the next. */
interface Page {
  readonly continuationToken?: string | undefined;
}

/** The queue of a Taskcluster deployment: tasks, groups and artifacts; and its index, which leads to tasks. */
export class Queue {
  readonly rootUrl: string;
  readonly observer: QueueObserver | undefined;
  readonly #access: Access;
  readonly #artifacts: ArtifactAccess;

  /** @throws TaskclusterError if the root is not an http(s) address. */
  constructor(options: QueueOptions) {
    this.rootUrl = httpRoot(options.rootUrl, "TASKCLUSTER_ROOT_URL");
    this.observer = options.observer;
    this.#access = accessTo(options);
    this.#artifacts = new ArtifactAccess(this.#access, this.#url("/task/"), options.largestArtifact);
  }

  get clock(): Access["clock"] {
    return this.#access.clock;
  }

  get signal(): AbortSignal | undefined {
    return this.#access.options.signal;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#access.http.close();
  }

  /**
   * The address of a task by its id.
   *
   * @throws TaskclusterError (`not-found`) when nothing is indexed there, or it has expired.
   */
  async resolve({ isRoute, ...address }: TaskAddress): Promise<TaskAddress> {
    return isRoute === undefined ? address : { ...address, taskId: await this.indexedTask(address.taskId) };
  }

  /**
   * The id of the task to which a path of the index leads.
   *
   * @throws TaskclusterError (`not-found`) when nothing is indexed there, or it has expired.
   */
  async indexedTask(path: string): Promise<string> {
    const what = `the task of the index route index.${path}`;
    const permission = `index:find-task:${path}`;
    const url = `${this.rootUrl}/api/index/v1/task/${encodeURIComponent(path)}`;
    return checked(indexedTaskSchema, await this.#json({ url, what, permission }), what).taskId;
  }

  /** @throws TaskclusterError (`not-found`) when the task is unknown or has expired. */
  async task(taskId: string): Promise<TaskDefinition> {
    const what = `task ${taskId}`;
    const permission = `queue:get-task:${taskId}`;
    const url = this.#url(`/task/${slug(taskId, "task")}`);
    return checked(taskSchema, await this.#json({ url, what, permission }), what);
  }

  /** @throws TaskclusterError (`not-found`) when the task is unknown or has expired. */
  async status(taskId: string): Promise<TaskStatus> {
    const what = `the status of task ${taskId}`;
    const permission = `queue:status:${taskId}`;
    const url = this.#url(`/task/${slug(taskId, "task")}/status`);
    const value = await this.#json({ url, what, permission });
    return checked(statusSchema, value, what).status;
  }

  /** Where many tasks stand, by id. Tasks that are unknown or have expired are left out. */
  async statuses(taskIds: readonly string[]): Promise<ReadonlyMap<string, TaskStatus>> {
    const found = new Map<string, TaskStatus>();
    const what = `the status of ${taskIds.length} tasks`;
    for (let at = 0; at < taskIds.length; at += BATCH) {
      const request = {
        url: this.#url("/tasks/status"),
        what,
        json: { taskIds: taskIds.slice(at, at + BATCH) },
      };
      for await (const { statuses } of this.#pages(request, (value) =>
        checked(statusesSchema, value, what),
      )) {
        for (const { taskId, status } of statuses) found.set(taskId, status);
      }
    }
    return found;
  }

  /** @throws TaskclusterError (`not-found`) when the group is unknown or has expired. */
  async group(groupId: string): Promise<TaskGroup> {
    const what = `task group ${groupId}`;
    const permission = `queue:list-task-group:${groupId}`;
    const url = this.#url(`/task-group/${slug(groupId, "group")}`);
    return checked(groupSchema, await this.#json({ url, what, permission }), what);
  }

  /**
   * The tasks of a group, page by page, each task once. A page may be empty without being the last.
   *
   * @throws TaskclusterError (`not-found`) when the group is unknown or has expired.
   */
  async *groupPages(groupId: string): AsyncGenerator<readonly GroupTask[]> {
    const what = `task group ${groupId}`;
    const permission = `queue:list-task-group:${groupId}`;
    const url = this.#url(`/task-group/${slug(groupId, "group")}/list?limit=${PAGE}`);
    const request = { url, what, permission };
    // Pages are counted by offsets: a task that is added meanwhile moves the others.
    const seen = new Set<string>();
    for await (const page of this.#pages(request, (value) => checked(groupPageSchema, value, what))) {
      const fresh = page.tasks.filter(({ status }) => !seen.has(status.taskId));
      for (const { status } of fresh) seen.add(status.taskId);
      this.observer?.tasks(fresh.length);
      yield fresh;
    }
  }

  /** The artifacts of a run; empty for a task that has not run yet. */
  async artifacts(taskId: string, runId: number): Promise<readonly Artifact[]> {
    const what = `the artifacts of task ${taskId}`;
    const permission = `queue:list-artifacts:${taskId}:${runId}`;
    const url = this.#url(`/task/${slug(taskId, "task")}/runs/${runId}/artifacts`);
    const request = { url, what, permission };
    const found: Artifact[] = [];
    for await (const page of this.#pages(request, (value) => checked(artifactPageSchema, value, what)))
      found.push(...page.artifacts);
    return found;
  }

  /**
   * Downloads an artifact of any storage type. `take` gets the bytes as they were sent and is called again from the
   * first byte when they turn out not to be whole.
   *
   * @throws TaskclusterError if it can't be had.
   */
  download<Result>(ref: ArtifactRef, take: (download: Download) => Promise<Result>): Promise<Result> {
    return this.#artifacts.download(ref, take);
  }

  /** Opens an artifact that grows. One try; outside the limit of requests, because it may go on for days. */
  live(ref: ArtifactRef): Promise<LiveArtifact> {
    return this.#artifacts.live(ref);
  }

  #url(path: string): string {
    return `${this.rootUrl}/api/queue/v1${path}`;
  }

  #json(request: JsonRequest): Promise<unknown> {
    return sendJson(this.#access, request);
  }

  async *#pages<Answer extends Page>(
    request: JsonRequest,
    read: (value: unknown) => Answer,
  ): AsyncGenerator<Answer> {
    const url = new URL(request.url);
    const tokens = new Set<string>();
    for (let pages = 1; ; pages += 1) {
      const page = read(await this.#json({ ...request, url: url.href }));
      yield page;
      const token = page.continuationToken;
      if (token === undefined) return;
      const why = tokens.has(token)
        ? "the same continuation token came twice"
        : pages === MAX_PAGES
          ? `it has more than ${MAX_PAGES} pages`
          : undefined;
      if (why !== undefined)
        throw new TaskclusterError(
          "malformed-answer",
          `${request.what}: the list does not end: ${why}. It may be incomplete, so it is not used: run the command again later`,
        );
      tokens.add(token);
      url.searchParams.set("continuationToken", token);
    }
  }
}
