import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { answerFault, FaultPlan } from "../fault-plan.js";
import type { Endpoint, Fault, FaultRule } from "./faults.js";
import { parseDocument } from "./graphql-document.js";
import { Execution, type GraphNode, type Variables } from "./graphql-execute.js";
import { parseLine } from "./json-lines.js";
import { writeLines } from "./line-writer.js";
import { HttpAnswer, mutationRoot } from "./mutations.js";
import { queryRoot } from "./queries.js";
import { md5Base64, Store, type StoredRun } from "./store.js";

/** A request as it arrived. `body` is unpacked; `operation` is empty outside GraphQL. */
export interface RecordedRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Status answered; undefined while it is under way, or when the connection was dropped. */
  status: number | undefined;
}

/** What a stand-in server is started with. */
export interface StandInOptions {
  /** The one key that is accepted. Default: 40 times the letter k. */
  readonly apiKey?: string;
  /** Default entity of the key's owner. Default "team". */
  readonly entity?: string;
  /** Server features that are offered, for instance FILESTREAM_GZIP. Default none. */
  readonly features?: readonly string[];
}

/** A Weights & Biases server in memory, on 127.0.0.1. It stores what it is sent and answers what readers ask. */
export class StandInServer {
  readonly store = new Store();
  readonly requests: RecordedRequest[] = [];
  /** Fields that some client asked for and that the stand-in doesn't have. */
  readonly unknownFields = new Set<string>();
  /** What a real server would have refused: a key sent to storage, a gap between lines, a wrong checksum. */
  readonly violations: string[] = [];
  readonly apiKey: string;
  readonly entity: string;
  readonly features: Set<string>;
  readonly #faults = new FaultPlan<Fault, Endpoint>();
  readonly #server: Server;
  readonly #documents = new Map<string, ReturnType<typeof parseDocument>>();
  #base = "";

  private constructor(options: StandInOptions) {
    this.apiKey = options.apiKey ?? "k".repeat(40);
    this.entity = options.entity ?? "team";
    this.features = new Set(options.features ?? []);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.violations.push(`stand-in failed: ${String(error)}`);
        if (response.headersSent) response.destroy();
        else send(response, 500, { errors: [{ message: String(error) }] });
      });
    });
  }

  /** Starts a server on a free port of 127.0.0.1. */
  static async start(options: StandInOptions = {}): Promise<StandInServer> {
    const server = new StandInServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    server.#base = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  /** Base URL, without a slash at the end. */
  get url(): string {
    return this.#base;
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

  /** The run, or an Error when it isn't there. */
  run(project: string, id: string, entity: string = this.entity): StoredRun {
    const run = this.store.run(entity, project, id);
    if (run === undefined) throw new Error(`no run ${entity}/${project}/${id}`);
    return run;
  }

  /** Rows of a run's history, parsed. */
  history(project: string, id: string): Record<string, unknown>[] {
    const lines = this.run(project, id).lines["wandb-history.jsonl"];
    return lines.map((line) => parseLine(line) as Record<string, unknown>);
  }

  /** The requests of one endpoint, or of one GraphQL operation. */
  requestsOf(endpoint: Endpoint, operation?: string): RecordedRequest[] {
    return this.requests.filter(
      (request) =>
        request.endpoint === endpoint && (operation === undefined || request.operation === operation),
    );
  }

  /** Stops the server and ends every connection, hanging ones too. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const body = unpack(await readAll(request), request.headers["content-encoding"]);
    const endpoint = endpointOf(request.method ?? "GET", path);
    const graphql =
      endpoint === "graphql" ? (parseLine(body.toString("utf8")) as Record<string, unknown>) : {};
    const operation = operationOf(graphql);
    const record: RecordedRequest = {
      endpoint,
      method: request.method ?? "GET",
      path,
      operation,
      headers: request.headers,
      body,
      status: undefined,
    };
    this.requests.push(record);
    response.on("finish", () => {
      record.status = response.statusCode;
    });
    const fault = this.#faults.take({ endpoint, operation, path });
    if (fault !== undefined && !(await this.#injure(fault, request, response))) return;
    const answer = this.#carryOut(record, graphql, request);
    if (fault?.kind === "drop-answer") {
      request.socket.destroy();
      return;
    }
    send(response, answer.status, answer.body);
  }

  /** Applies a fault; false when the request has been dealt with. */
  async #injure(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (answerFault(fault, request, response, `injected ${fault.kind === "status" ? fault.status : ""}`))
      return false;
    switch (fault.kind) {
      case "graphql-error":
        send(response, 200, { data: null, errors: [{ message: fault.message }] });
        return false;
      case "lie":
        send(response, 200, { exitcode: null, limits: {}, stopped: false });
        return false;
      case "slow":
        await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
        return true;
      default:
        return true;
    }
  }

  #carryOut(
    record: RecordedRequest,
    graphql: Record<string, unknown>,
    request: IncomingMessage,
  ): { status: number; body: unknown } {
    if (record.endpoint === "upload" || record.endpoint === "download") return this.#storage(record, request);
    if (!this.#authorized(request)) {
      return { status: 401, body: { errors: [{ message: "user is not logged in" }] } };
    }
    if (record.endpoint === "file_stream") return this.#fileStream(record, request);
    return this.#graphql(record, graphql);
  }

  #authorized(request: IncomingMessage): boolean {
    const expected = `Basic ${Buffer.from(`api:${this.apiKey}`).toString("base64")}`;
    return request.headers.authorization === expected;
  }

  #graphql(record: RecordedRequest, request: Record<string, unknown>): { status: number; body: unknown } {
    const query = String(request.query);
    try {
      const document = this.#documents.get(query) ?? parseDocument(query);
      this.#documents.set(query, document);
      const variables = (request.variables ?? {}) as Variables;
      const execution = new Execution(document, record.operation, variables);
      const data = execution.run(this.#root(execution.type));
      for (const field of execution.unknownFields) this.unknownFields.add(field);
      return { status: 200, body: { data } };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const status = error instanceof HttpAnswer ? error.status : 200;
      return { status, body: { data: null, errors: [{ message }] } };
    }
  }

  #root(type: string): GraphNode {
    return type === "mutation"
      ? mutationRoot(this.store, this.#base, this.entity)
      : queryRoot(this.store, this.#base, { username: "stand-in", entity: this.entity }, this.features);
  }

  #fileStream(record: RecordedRequest, request: IncomingMessage): { status: number; body: unknown } {
    const [, , entity = "", project = "", id = ""] = record.path.split("/").map(decodeURIComponent);
    if (request.headers["content-encoding"] !== undefined && !this.features.has("FILESTREAM_GZIP")) {
      this.violations.push("gzip body although FILESTREAM_GZIP is not offered");
      return { status: 400, body: { error: "invalid JSON" } };
    }
    const run = this.store.run(entity, project, id);
    if (run === undefined) return { status: 404, body: { error: "run not found" } };
    try {
      return { status: 200, body: writeLines(this.store, run, JSON.parse(record.body.toString("utf8"))) };
    } catch (error) {
      this.violations.push(String(error));
      return { status: 400, body: { error: String(error) } };
    }
  }

  #storage(record: RecordedRequest, request: IncomingMessage): { status: number; body: unknown } {
    if (request.headers.authorization !== undefined && record.endpoint === "upload") {
      this.violations.push(`authorization header sent to storage: ${record.path}`);
      return { status: 400, body: { error: "only one auth mechanism allowed" } };
    }
    const [, , kind = "", id = "", name = ""] = (record.path.split("?")[0] ?? "")
      .split("/")
      .map(decodeURIComponent);
    if (record.endpoint === "download") {
      const bytes = this.#stored(kind, id, name);
      return bytes === undefined
        ? { status: 404, body: { error: "no such file" } }
        : { status: 200, body: bytes };
    }
    const md5 = md5Base64(record.body);
    const announced = request.headers["content-md5"];
    if (announced !== undefined && announced !== md5) return { status: 400, body: { error: "BadDigest" } };
    return this.#put(kind, id, name, record.body, md5)
      ? { status: 200, body: {} }
      : { status: 403, body: { error: `not expected: ${record.path}` } };
  }

  #stored(kind: string, id: string, name: string): Buffer | undefined {
    if (kind === "run") return this.store.runByStorageId(id)?.uploads.get(name)?.bytes;
    const artifact = this.store.artifact(id);
    if (kind === "manifest") return artifact?.manifest?.bytes ?? undefined;
    return artifact?.files.get(name)?.bytes ?? undefined;
  }

  #put(kind: string, id: string, name: string, bytes: Buffer, md5: string): boolean {
    if (kind === "run") {
      const run = this.store.runByStorageId(id);
      run?.uploads.set(name, { bytes, updatedAt: this.store.now() });
      return run !== undefined;
    }
    const artifact = this.store.artifact(id);
    if (kind === "manifest" && artifact?.manifest != null) {
      artifact.manifest.bytes = bytes;
      return true;
    }
    const file = artifact?.files.get(name);
    if (file === undefined || file.md5 !== md5) return false;
    file.bytes = bytes;
    return true;
  }
}

function endpointOf(method: string, path: string): Endpoint {
  if (path.startsWith("/graphql")) return "graphql";
  if (path.startsWith("/files/") && path.endsWith("/file_stream")) return "file_stream";
  return method === "PUT" ? "upload" : "download";
}

function operationOf(graphql: Record<string, unknown>): string {
  if (typeof graphql.operationName === "string") return graphql.operationName;
  return /(?:query|mutation)\s+(\w+)/.exec(String(graphql.query ?? ""))?.[1] ?? "";
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function unpack(body: Buffer, encoding: string | undefined): Buffer {
  return encoding === "gzip" ? gunzipSync(body) : body;
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "Content-Type": Buffer.isBuffer(body) ? "application/octet-stream" : "application/json",
    "Content-Length": String(bytes.length),
    ...headers,
  });
  response.end(bytes);
}
