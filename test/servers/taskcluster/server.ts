import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { answerFault, FaultPlan } from "../fault-plan.js";
import { type Client, satisfies, scopeFor, scopesOf } from "./clients.js";
import { contentOf } from "./content.js";
import type { Endpoint, Fault, FaultRule } from "./faults.js";
import { LiveLog } from "./live-log.js";
import { type Answer, forbidden, QueueAnswers, type QueueRequest, Refusal } from "./queue-answers.js";
import { violation } from "./schemas.js";
import { sendContent, sendJson } from "./send.js";
import { type GroupData, Store } from "./store.js";

/** A request as it arrived. */
export interface RecordedRequest extends QueueRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What a stand-in is started with. */
export interface StandInOptions {
  readonly groups?: readonly GroupData[];
  /** Tasks, artifacts and ids on a page; default 1000, as the queue has it. */
  readonly pageSize?: number;
  /** Milliseconds before each answer. */
  readonly latencyMs?: number;
  /** The content of every train.log. */
  readonly trainLog?: Buffer;
  /** Whether answers are held to the schemas; default true. */
  readonly validate?: boolean;
  /** Secrets by name. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** Clients by id. */
  readonly clients?: Readonly<Record<string, Client>>;
  /** Scopes of requests without a signature; without it the deployment is open. */
  readonly anonymous?: readonly string[];
}

/** Taskcluster's queue and secrets on 127.0.0.1, and on a second port the storage and the logs that go on. */
export class TaskclusterStandIn {
  readonly store = new Store();
  readonly requests: RecordedRequest[] = [];
  /** What the real services would not have answered, and what they would not have liked. */
  readonly violations: string[] = [];
  /** Most requests that were under way at once. */
  busiest = 0;
  /** Called with each request before it is answered. */
  onRequest: (request: RecordedRequest) => void = () => {};
  pageSize: number;
  readonly #options: StandInOptions;
  readonly #faults = new FaultPlan<Fault, Endpoint>();
  readonly #lives = new Map<string, LiveLog>();
  readonly #contents = new Map<string, Buffer>();
  readonly #answers: QueueAnswers;
  readonly #queue: Server;
  readonly #storage: Server;
  #busy = 0;

  private constructor(options: StandInOptions) {
    this.#options = options;
    this.pageSize = options.pageSize ?? 1000;
    for (const group of options.groups ?? []) this.store.add(group);
    this.#answers = new QueueAnswers(this.store, this, options.secrets);
    this.#queue = createServer((request, response) => this.#serve(request, response, "queue"));
    this.#storage = createServer((request, response) => this.#serve(request, response, "storage"));
  }

  /** Starts on two free ports of 127.0.0.1. */
  static async start(options: StandInOptions = {}): Promise<TaskclusterStandIn> {
    const standIn = new TaskclusterStandIn(options);
    for (const server of [standIn.#queue, standIn.#storage])
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return standIn;
  }

  /** What TASKCLUSTER_ROOT_URL is set to, without a slash at the end. */
  get url(): string {
    return addressOf(this.#queue);
  }

  /** Where artifacts are stored. */
  get storageUrl(): string {
    return addressOf(this.#storage);
  }

  /** Makes requests fail. */
  inject(rule: FaultRule): void {
    this.#faults.add(rule);
  }

  /** The moments (ms since 1970) at which a fault hit a request. */
  get hits(): readonly number[] {
    return this.#faults.hits;
  }

  /** Ends all faults that are still waiting. */
  heal(): void {
    this.#faults.clear();
  }

  /** The log of a run that goes on; from now on its live.log leads there. */
  live(taskId: string, runId = 0): LiveLog {
    const key = `${taskId}/${runId}`;
    const found = this.#lives.get(key) ?? new LiveLog();
    this.#lives.set(key, found);
    this.store.artifact(taskId, "public/logs/live.log", runId).storageType = "reference";
    return found;
  }

  /** Whether a run's live.log leads to a log that goes on. */
  isLive(taskId: string, runId: number): boolean {
    return this.#lives.has(`${taskId}/${runId}`);
  }

  /** Sets what an artifact holds. */
  setContent(taskId: string, runId: number, name: string, content: string | Buffer): void {
    this.store.artifact(taskId, name, runId);
    this.#contents.set(`${taskId}/${runId}/${name}`, Buffer.from(content as string));
  }

  /** What an artifact holds, not packed. */
  content(taskId: string, runId: number, name: string): Buffer {
    const set = this.#contents.get(`${taskId}/${runId}/${name}`);
    return set ?? contentOf(this.store.task(taskId), name, this.#options.trainLog);
  }

  /** How many requests an endpoint, or all of them, got. */
  count(endpoint?: Endpoint): number {
    return endpoint === undefined
      ? this.requests.length
      : this.requests.filter((request) => request.endpoint === endpoint).length;
  }

  /** Stops both servers and ends every connection, hanging ones too. */
  async close(): Promise<void> {
    for (const server of [this.#queue, this.#storage]) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse, side: "queue" | "storage"): Promise<void> {
    const url = new URL(request.url ?? "/", "http://stand-in");
    const record: RecordedRequest = {
      endpoint: endpointOf(url.pathname, side),
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: request.headers,
    };
    this.requests.push(record);
    this.#busy += 1;
    this.busiest = Math.max(this.busiest, this.#busy);
    response.on("close", () => {
      this.#busy -= 1;
    });
    try {
      this.onRequest(record);
      if (this.#options.latencyMs !== undefined)
        await new Promise((resolve) => setTimeout(resolve, this.#options.latencyMs));
      const fault = this.#faults.take(record);
      if (fault !== undefined && answerFault(fault, request, response)) return;
      if (side === "storage") return this.#storageAnswer(record, response, fault);
      await this.#authorize(request, record);
      this.#send(response, endless(this.#answers.answer(record, await bodyOf(request)), fault));
    } catch (error) {
      if (error instanceof Refusal) return sendJson(response, error.status, error.body, error.headers);
      this.violations.push(`stand-in failed: ${String(error)}`);
      response.destroy();
    }
  }

  /** @throws Refusal if the request is not allowed. */
  async #authorize(request: IncomingMessage, record: RecordedRequest): Promise<void> {
    const { clients = {}, anonymous } = this.#options;
    const scopes = await scopesOf(request, clients, anonymous ?? []).catch((error: Error) => {
      throw new Refusal(401, { code: "AuthenticationFailed", message: error.message });
    });
    const needed = scopeFor(record);
    const isAllowed = needed === undefined || satisfies(scopes, needed, anonymous === undefined);
    if (!isAllowed) throw forbidden(record.endpoint, needed);
  }

  #storageAnswer(record: RecordedRequest, response: ServerResponse, fault: Fault | undefined): void {
    for (const header of ["authorization", "cookie", "x-taskcluster-key"])
      if (record.headers[header] !== undefined) this.violations.push(`${header} was sent to the storage`);
    const [, kind, taskId = "", run = "", name = ""] =
      /^\/(live|stored)\/([^/]+)\/(\d+)(?:\/(.*))?$/.exec(record.path) ?? [];
    if (kind === "live") {
      const log = this.#lives.get(`${taskId}/${run}`);
      if (log === undefined) throw new Refusal(404, { error: "no such log" });
      log.serve(response);
      return;
    }
    if (kind !== "stored") throw new Refusal(404, { error: "Not found" });
    const packed = gzipSync(this.content(taskId, Number(run), name));
    // As the storage does it: who does not take gzip gets it unpacked.
    const gzip = /gzip/.test(String(record.headers["accept-encoding"]));
    sendContent(response, gzip ? packed : this.content(taskId, Number(run), name), gzip, fault);
  }

  #send(response: ServerResponse, { form, body, status = 200, headers = {} }: Answer): void {
    const isHeld = this.#options.validate !== false && form !== undefined;
    const wrong = isHeld ? violation(form, body) : undefined;
    if (wrong !== undefined) this.violations.push(wrong);
    sendJson(response, status, body, headers);
  }
}

let tokens = 0;

/** A page that is not the last, if the fault says so. */
function endless(answer: Answer, fault: Fault | undefined): Answer {
  if (fault?.kind !== "endless") return answer;
  tokens += 1;
  // The stand-in reads its own form of token: where the next page begins.
  const continuationToken = fault.token === "same" ? "at+/=0" : `at+/=${1_000_000 + tokens}`;
  return { ...answer, body: { ...(answer.body as object), continuationToken } };
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}

/** What kind of request a path is. */
function endpointOf(path: string, side: "queue" | "storage"): Endpoint {
  if (side === "storage") return path.startsWith("/live/") ? "live" : "content";
  if (path.startsWith("/api/secrets/v1/secret/")) return "secret";
  if (path.startsWith("/api/index/v1/task/")) return "index";
  if (path === "/api/queue/v1/tasks/status") return "statuses";
  if (/^\/api\/queue\/v1\/task-group\/[^/]+\/list$/.test(path)) return "list";
  if (/^\/api\/queue\/v1\/task-group\//.test(path)) return "group";
  if (/\/status$/.test(path)) return "status";
  if (/\/artifacts$/.test(path)) return "artifacts";
  if (/\/artifacts\//.test(path)) return "artifact";
  return "task";
}
