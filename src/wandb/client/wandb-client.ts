import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Clock,
  HttpClient,
  type HttpOptions,
  type HttpPolicy,
  isObject,
  type JsonRecord,
  LARGEST_JSON,
  type Refusal,
  type RequestScope,
  type WholeAnswer,
} from "../../http/index.js";
import type { ApiKey } from "./api-key.js";
import { isKeyError, isWandbError, messageOf, undelivered, WandbError } from "./errors.js";
import { parseJson } from "./format/json.js";
import { type Operation, SERVER_FEATURES, VIEWER } from "./operations.js";
import { listOf, objectAt, optionalText, requiredObject } from "./reply.js";
import type { WandbSettings } from "./settings.js";

const GRAPHQL_TIMEOUT_MS = 30_000;
const FILE_STREAM_TIMEOUT_MS = 180_000;
const TRANSFER_TIMEOUT_MS = 180_000;
const SLOWEST_BYTES_PER_MS = 1000;
/** Errors of an answer that are told. */
const MAX_ERRORS = 3;
const FINAL_CLIENT_ERRORS: ReadonlySet<number> = new Set([400, 401, 403, 404, 409, 410, 413, 422]);

/** Folders for texts that are too long for memory. */
export interface TemporaryFolders {
  make(): Promise<string>;
  /** Removes a folder with all that is in it. */
  remove(folder: string): Promise<void>;
}

const SYSTEM_FOLDERS: TemporaryFolders = {
  make: () => mkdtemp(join(tmpdir(), "wandb-")),
  remove: (folder) => rm(folder, { recursive: true, force: true }),
};

/** How a client is made; all members are optional and mostly for tests. */
export interface WandbClientOptions {
  /** Name and version of the program, for the User-Agent header and the run's `cli_version`. */
  readonly version?: string | undefined;
  readonly dispatcher?: HttpOptions["dispatcher"];
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** Milliseconds until an attempt without an answer counts as failed. */
  readonly timeouts?: { readonly graphql?: number; readonly fileStream?: number; readonly transfer?: number };
  /** Default: folders below the system's. */
  readonly temporaryFolders?: TemporaryFolders | undefined;
}

/** The owner of the API key. `entity` is the default one, undefined when the user has none. */
export interface Viewer {
  readonly username: string;
  readonly entity: string | undefined;
}

/** A connection to one W&B server, shared by all runs that are published to it. */
export class WandbClient {
  readonly settings: WandbSettings;
  readonly version: string;
  readonly http: HttpClient;
  readonly temporaryFolders: TemporaryFolders;
  readonly timeouts: { readonly graphql: number; readonly fileStream: number; readonly transfer: number };
  #features: Promise<ReadonlySet<string>> | undefined;
  #viewer: Promise<Viewer> | undefined;

  /** Throws a WandbError if the settings hold no key. */
  constructor(settings: WandbSettings, options: WandbClientOptions = {}) {
    if (settings.apiKey === undefined) {
      throw new WandbError(
        "no-key",
        "no W&B API key was found: set WANDB_API_KEY or add the server to ~/.netrc, or set WANDB_MODE=offline to write files for later",
      );
    }
    this.settings = settings;
    this.temporaryFolders = options.temporaryFolders ?? SYSTEM_FOLDERS;
    this.version = options.version ?? "marian-tracking";
    this.timeouts = {
      graphql: options.timeouts?.graphql ?? GRAPHQL_TIMEOUT_MS,
      fileStream: options.timeouts?.fileStream ?? FILE_STREAM_TIMEOUT_MS,
      transfer: options.timeouts?.transfer ?? TRANSFER_TIMEOUT_MS,
    };
    const { apiKey } = settings;
    this.http = new HttpClient(wandbPolicy(apiKey), {
      userAgent: this.version,
      authorization: () => apiKey.authorization(),
      secrets: apiKey.secrets,
      dispatcher: options.dispatcher,
      clock: options.clock,
      random: options.random,
    });
  }

  /** A scope for requests that belong to no run. `budgetMs` defaults to 5 minutes. */
  scope(budgetMs?: number, signal?: AbortSignal): RequestScope {
    return this.http.scope(budgetMs, signal);
  }

  /**
   * The `data` of a GraphQL answer, which has the field that was asked for. Errors in the answer, whatever its status,
   * throw a WandbError at once, and anything else that is no such answer a WandbError.
   */
  async graphql(operation: Operation, variables: JsonRecord, scope: RequestScope): Promise<JsonRecord> {
    const body = JSON.stringify({ query: operation.query, variables, operationName: operation.name });
    const answer = await this.http.send(
      {
        method: "POST",
        url: `${this.settings.baseUrl}/graphql`,
        headers: { "content-type": "application/json" },
        body: () => body,
        authorized: true,
        headersMs: this.timeouts.graphql,
        idleMs: this.timeouts.graphql,
        wholeMs: this.timeouts.graphql + LARGEST_JSON / SLOWEST_BYTES_PER_MS,
        what: operation.name,
      },
      scope,
    );
    const data = requiredObject(this.reply(answer, operation.name), "data");
    if (operation.field in data) return data;
    throw new WandbError(
      "malformed-answer",
      `the W&B server's answer to ${operation.name} has no ${operation.field}: is the base URL that of a W&B server?`,
    );
  }

  /**
   * The JSON object of an answer.
   *
   * @throws WandbError with the code `malformed-answer` if it is not an object, `graphql` if it reports errors.
   */
  reply(answer: WholeAnswer, what: string): JsonRecord {
    const reply = this.#parse(answer, what);
    const { errors, error = null } = reply;
    const told = Array.isArray(errors) ? errors : errors === undefined || errors === null ? [] : [errors];
    const all = error === null || error === "" || error === false ? told : [...told, error];
    if (all.length === 0) return reply;
    const said = all.slice(0, MAX_ERRORS).map((one) => {
      const message = isObject(one) ? optionalText(one, "message") : one;
      return typeof message === "string" ? this.http.printable(message) : "?";
    });
    throw new WandbError("graphql", `W&B could not do ${what}: ${said.join("; ")}`);
  }

  /** The key's owner; asked once. Throws a WandbError when the server doesn't know the key. */
  viewer(scope: RequestScope = this.scope()): Promise<Viewer> {
    this.#viewer ??= this.#askViewer(scope).catch((error: unknown) => {
      this.#viewer = undefined;
      throw error;
    });
    return this.#viewer;
  }

  /** The entity to use: the one of the settings, else the key owner's default entity (asked once). */
  async entity(scope?: RequestScope): Promise<string> {
    if (this.settings.entity !== undefined) return this.settings.entity;
    const { entity } = await this.viewer(scope);
    if (entity === undefined) {
      throw new WandbError("no-entity", "this W&B user has no default entity: name one with WANDB_ENTITY");
    }
    return entity;
  }

  /** Names of what the server offers; asked once. A server that can't say offers nothing. */
  features(scope: RequestScope): Promise<ReadonlySet<string>> {
    this.#features ??= this.#askFeatures(scope).catch((error: unknown) => {
      this.#features = undefined;
      throw error;
    });
    return this.#features;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.http.close();
  }

  #parse(answer: WholeAnswer, what: string): JsonRecord {
    let reply: unknown;
    try {
      reply = parseJson(answer.body.toString("utf8"));
    } catch {
      reply = undefined;
    }
    if (isObject(reply)) return reply;
    throw new WandbError(
      "malformed-answer",
      `the answer to ${what} is not from a W&B server (HTTP ${answer.status}, no JSON object): check the base URL ${this.settings.baseUrl}`,
    );
  }

  async #askViewer(scope: RequestScope): Promise<Viewer> {
    const data = await this.graphql(VIEWER, {}, scope);
    const viewer = objectAt(data, "viewer");
    if (viewer === undefined) {
      throw new WandbError(
        "key-refused",
        `W&B doesn't know the API key from ${this.settings.apiKey?.source}: check that it is whole and belongs to this server`,
      );
    }
    return {
      username: optionalText(viewer, "username") ?? "",
      entity: optionalText(viewer, "entity") || undefined,
    };
  }

  async #askFeatures(scope: RequestScope): Promise<ReadonlySet<string>> {
    try {
      const data = await this.graphql(SERVER_FEATURES, {}, scope);
      const features = listOf(requiredObject(data, "serverInfo"), "features").filter(isObject);
      return new Set(features.filter((one) => one.isEnabled === true).map((one) => String(one.name)));
    } catch (error) {
      if (isWandbError(error, "undelivered") || isWandbError(error, "stopped")) throw error;
      if (isKeyError(error)) throw error;
      // Servers from before this query refuse it. They offer none of the features that matter here.
      if (isWandbError(error, "graphql") || isWandbError(error, "http")) return new Set();
      throw new WandbError("malformed-answer", messageOf(error));
    }
  }
}

/** What W&B adds to the client of HTTP. */
export function wandbPolicy(apiKey: ApiKey): HttpPolicy {
  return {
    tries: Number.POSITIVE_INFINITY,
    backOff: { firstMs: 2000, longestMs: 60_000, jitter: [1, 1.25] },
    isRetryable: (status) =>
      status >= 500 ? status !== 501 : status >= 400 && !FINAL_CLIENT_ERRORS.has(status),
    errors: {
      refused: (refusal) => refused(refusal, apiKey),
      unusable: (message) => new WandbError("malformed-answer", message),
      tooLarge: (message) => new WandbError("malformed-answer", message),
      undelivered: (what, last, { milliseconds }) => undelivered(what, last, milliseconds),
      stopped: (what) => new WandbError("stopped", `${what} was not sent: the client was stopped`),
    },
  };
}

function refused({ what, status, said, headers, authorized }: Refusal, { source }: ApiKey): WandbError {
  const tail = said === "" ? "" : `: ${said}`;
  if (status < 400) {
    const place = headers["location"] === undefined ? "" : " to another address";
    return new WandbError(
      "http",
      `W&B did not take ${what}: it was redirected${place} (HTTP ${status}). Check the base URL (https, no login page before it) and the network`,
      status,
    );
  }
  if (status === 401 && authorized) {
    return new WandbError(
      "key-refused",
      `W&B refused the API key from ${source} (HTTP 401). Check that the key is whole and belongs to this server.`,
    );
  }
  if (status === 403 && authorized) {
    return new WandbError(
      "forbidden",
      `W&B refused ${what} (HTTP 403)${tail}. Check that the key's owner may write to this entity and project.`,
    );
  }
  if (status === 404 && authorized) {
    return new WandbError(
      "not-found",
      `W&B doesn't know what ${what} belongs to (HTTP 404)${tail}. Check the entity, the project and the base URL.`,
    );
  }
  return new WandbError("http", `W&B refused ${what} (HTTP ${status})${tail}`, status);
}
