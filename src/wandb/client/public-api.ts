import { isObject, type JsonRecord, LARGEST_JSON, type RequestScope } from "../../http/index.js";
import { WandbError } from "./errors.js";
import { RUN, RUN_FILES, RUNS } from "./operations.js";
import {
  countOf,
  embeddedObject,
  listOf,
  objectAt,
  optionalText,
  requiredObject,
  requiredText,
  textsOf,
} from "./reply.js";
import type { RunAddress, RunPlace } from "./run-address.js";
import type { WandbClient } from "./wandb-client.js";

const RUNS_PER_PAGE = 100;
const FILES_PER_PAGE = 100;
/** Of one list. */
const MAX_PAGES = 10_000;

/** A run as readers see it. */
export interface RunInfo {
  /** W&B's own id of the run. */
  readonly storageId: string;
  readonly id: string;
  readonly displayName: string;
  /** running, finished, failed, crashed, killed, preempted … */
  readonly state: string;
  readonly group: string | undefined;
  readonly jobType: string | undefined;
  readonly notes: string | undefined;
  readonly tags: readonly string[];
  /** As the server writes it, UTC. */
  readonly createdAt: string;
  readonly historyLineCount: number;
  /** Values of the configuration without their wrapping, and without W&B's own. */
  readonly config: JsonRecord;
  readonly summary: JsonRecord;
}

/** A file of a run. */
export interface RunFileInfo {
  readonly name: string;
  readonly size: number;
  /** Base64; undefined when the server doesn't say. */
  readonly md5: string | undefined;
  readonly updatedAt: string | undefined;
  /** Signed address; not to be printed. */
  readonly url: string;
}

/** Which runs are listed. */
export interface RunQuery {
  readonly project: string;
  readonly entity?: string | undefined;
  /** Mongo form, as the official client takes it: `{"display_name": "group_logs", "group": "exp_G"}`. */
  readonly filters?: JsonRecord | undefined;
  /** Default `+created_at`: the oldest first. */
  readonly order?: string | undefined;
  readonly perPage?: number | undefined;
}

/** Which files are listed: by exact names, else by a pattern in which % stands for any text. */
export interface FileQuery {
  readonly names?: readonly string[] | undefined;
  readonly pattern?: string | undefined;
}

/** Reads runs back. */
export class PublicApi {
  readonly #client: WandbClient;
  readonly #scope: RequestScope;

  constructor(client: WandbClient, scope: RequestScope = client.scope()) {
    this.#client = client;
    this.#scope = scope;
  }

  /** All runs that answer the query, page by page. A project that isn't there has none. */
  async *runs(query: RunQuery): AsyncGenerator<RunInfo> {
    const entity = query.entity ?? (await this.#client.entity(this.#scope));
    const pages = new Pages("the list of runs");
    let cursor: string | undefined;
    do {
      const data = await this.#client.graphql(
        RUNS,
        {
          project: query.project,
          entity,
          cursor: cursor ?? null,
          perPage: query.perPage ?? RUNS_PER_PAGE,
          order: query.order ?? "+created_at",
          filters: JSON.stringify(query.filters ?? {}),
        },
        this.#scope,
      );
      const connection = objectAt(data, "project", "runs");
      if (connection === undefined) return;
      for (const edge of listOf(connection, "edges")) yield runInfo(requiredObject(edge, "node"));
      cursor = pages.next(connection);
    } while (cursor !== undefined);
  }

  /** One run; undefined when it, or its project, isn't there. */
  async run(place: RunPlace): Promise<RunInfo | undefined> {
    const { entity, project, runId } = await this.#address(place);
    const variables = { project, name: runId, entity };
    const found = objectAt(await this.#client.graphql(RUN, variables, this.#scope), "project", "run");
    return found === undefined ? undefined : runInfo(found);
  }

  /** Files of a run; empty when there is no such run. */
  async runFiles(place: RunPlace, query: FileQuery = {}): Promise<RunFileInfo[]> {
    const { entity, project, runId } = await this.#address(place);
    const files: RunFileInfo[] = [];
    const pages = new Pages(`the list of files of the run ${runId}`);
    let cursor: string | undefined;
    do {
      const data = await this.#client.graphql(
        RUN_FILES,
        {
          project,
          entity,
          name: runId,
          cursor: cursor ?? null,
          perPage: FILES_PER_PAGE,
          fileNames: query.names ?? [],
          pattern: query.pattern ?? null,
        },
        this.#scope,
      );
      const connection = objectAt(data, "project", "run", "files");
      if (connection === undefined) return files;
      for (const edge of listOf(connection, "edges")) files.push(fileInfo(requiredObject(edge, "node")));
      cursor = pages.next(connection);
    } while (cursor !== undefined);
    return files;
  }

  /** Bytes of a file. */
  async download(file: RunFileInfo): Promise<Buffer> {
    const base = new URL(`${this.#client.settings.baseUrl}/`);
    if (!URL.canParse(file.url, base))
      throw new WandbError("malformed-answer", `the file ${file.name} has no address`);
    const url = new URL(file.url, base);
    const answer = await this.#client.http.send(
      {
        method: "GET",
        url: url.href,
        // Addresses on other hosts are signed and must not see the key.
        authorized: url.origin === base.origin,
        headersMs: this.#client.timeouts.transfer,
        follow: true,
        most: Math.max(LARGEST_JSON, file.size),
        what: `the file ${file.name}`,
      },
      this.#scope,
    );
    // Nobody asked for a part of it.
    if (answer.status !== 200)
      throw new WandbError(
        "malformed-answer",
        `the file ${file.name} arrived incomplete (HTTP ${answer.status})`,
      );
    return answer.body;
  }

  async #address(place: RunPlace): Promise<RunAddress> {
    return { ...place, entity: place.entity ?? (await this.#client.entity(this.#scope)) };
  }
}

/** The pages of a list, which has an end whatever the server says. */
class Pages {
  readonly #what: string;
  readonly #cursors = new Set<string>();

  constructor(what: string) {
    this.#what = what;
  }

  /**
   * The cursor of the next page; undefined after the last.
   *
   * @throws WandbError when the server leads to a page that was read, or to more than 10,000.
   */
  next(connection: JsonRecord): string | undefined {
    const info = objectAt(connection, "pageInfo");
    const cursor = info?.hasNextPage === true ? optionalText(info, "endCursor") : undefined;
    if (cursor === undefined) return undefined;
    if (this.#cursors.has(cursor) || this.#cursors.size === MAX_PAGES)
      throw new WandbError(
        "malformed-answer",
        `${this.#what} does not end: the server leads to page after page`,
      );
    this.#cursors.add(cursor);
    return cursor;
  }
}

function runInfo(node: JsonRecord): RunInfo {
  const config = Object.entries(embeddedObject(node, "config")).filter(
    ([key]) => key !== "_wandb" && key !== "wandb_version",
  );
  return {
    storageId: requiredText(node, "id"),
    id: requiredText(node, "name"),
    displayName: optionalText(node, "displayName") ?? requiredText(node, "name"),
    state: optionalText(node, "state") ?? "unknown",
    group: optionalText(node, "group"),
    jobType: optionalText(node, "jobType"),
    notes: optionalText(node, "notes"),
    tags: textsOf(node, "tags"),
    createdAt: optionalText(node, "createdAt") ?? "",
    historyLineCount: countOf(node, "historyLineCount"),
    config: Object.fromEntries(
      config.map(([key, entry]) => [key, isObject(entry) && "value" in entry ? entry.value : entry]),
    ),
    summary: embeddedObject(node, "summaryMetrics"),
  };
}

function fileInfo(node: JsonRecord): RunFileInfo {
  return {
    name: requiredText(node, "name"),
    size: countOf(node, "sizeBytes"),
    md5: optionalText(node, "md5"),
    updatedAt: optionalText(node, "updatedAt"),
    url: requiredText(node, "directUrl"),
  };
}
