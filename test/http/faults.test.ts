/** Every fault of a server, for each kind of request that the program makes, with and without a signal. */
import { afterEach, describe, expect, test } from "vitest";
import { ObjectStore } from "../../src/io/objects/object-store.js";
import { Queue } from "../../src/taskcluster/client/index.js";
import { FileStream } from "../../src/wandb/client/file-stream.js";
import { ApiKey, WandbClient, type WandbSettings } from "../../src/wandb/client/index.js";
import { RUN_RESUME_STATUS, UPSERT_BUCKET } from "../../src/wandb/client/operations.js";
import { putBytes } from "../../src/wandb/client/upload.js";
import { faultsOf, type NamedFault, type RequestKind } from "../servers/faults.js";
import { ObjectServer } from "../servers/objects/server.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";
import { FakeClock } from "./fake-clock.js";

/** A caller of the client, with a server of its own that is well but for the fault. */
interface Caller {
  /** Makes the request; rejects where the caller must not take it for carried out. */
  call(): Promise<unknown>;
  /** Makes the next requests of that kind fail. */
  inject(name: string, times: number): void;
  /** Requests of that kind so far. */
  requests(): number;
  close(): Promise<void>;
}

const KEY = "k".repeat(40);
const LOG = { taskId: IDS.teacher1, runId: 1, name: "public/build/train.log" };

async function wandb(
  clock: FakeClock,
  signal: AbortSignal,
  kind: "graphql" | "file_stream" | "upload",
): Promise<Caller> {
  const server = await StandInServer.start({ apiKey: KEY });
  const settings: WandbSettings = {
    baseUrl: server.url,
    uiUrl: server.url,
    apiKey: new ApiKey(KEY, "the test"),
    entity: "team",
    mode: "online",
    dir: ".",
  };
  const client = new WandbClient(settings, { clock, random: () => 0 });
  await client.graphql(UPSERT_BUCKET, { project: "p", entity: "team", name: "r" }, client.scope());
  const before = server.requestsOf(kind).length;
  const { storageId } = server.run("p", "r");
  const scope = client.scope(undefined, signal);
  const calls = {
    graphql: () => client.graphql(RUN_RESUME_STATUS, { project: "p", entity: "team", name: "r" }, scope),
    file_stream: async () => {
      const stream = new FileStream({
        client,
        scope,
        entity: "team",
        project: "p",
        runId: "r",
        pacing: "bulk",
        gzip: false,
        onUndelivered: () => {},
      });
      await stream.push("wandb-history.jsonl", ['{"cost":1,"_step":1}']);
      await stream.complete(0);
      if (stream.failure !== undefined) throw stream.failure;
    },
    upload: () =>
      putBytes(
        client,
        scope,
        { url: `/storage/run/${storageId}/a.txt`, headers: [], name: "a.txt" },
        Buffer.from("a"),
      ),
  };
  return {
    call: calls[kind],
    inject: (name, times) => server.inject({ endpoint: kind, fault: { kind: "named", name }, times }),
    requests: () => server.requestsOf(kind).length - before,
    close: async () => {
      await client.close();
      await server.close();
    },
  };
}

async function taskcluster(clock: FakeClock, signal: AbortSignal, kind: "api" | "content"): Promise<Caller> {
  const server = await TaskclusterStandIn.start({ groups: [ownGroup("fjord")] });
  server.setContent(LOG.taskId, LOG.runId, LOG.name, "a log\n");
  const queue = new Queue({ rootUrl: server.url, userAgent: "test", clock, random: () => 0.5, signal });
  const endpoint = kind === "api" ? "status" : "content";
  return {
    call: () =>
      kind === "api" ? queue.status(IDS.teacher1) : queue.download(LOG, ({ chunks }) => consume(chunks)),
    inject: (name, times) => server.inject({ endpoint, fault: { kind: "named", name }, times }),
    requests: () => server.count(endpoint),
    close: async () => {
      await queue.close();
      await server.close();
    },
  };
}

async function objects(clock: FakeClock, signal: AbortSignal, kind: "api" | "content"): Promise<Caller> {
  const server = await ObjectServer.start();
  server.put("b", "a/train.log", "a log\n");
  const store = ObjectStore.fromEnvironment(
    { STORAGE_EMULATOR_HOST: server.url },
    { userAgent: "test", signal, clock },
  );
  return {
    call: () =>
      consume<unknown>(
        kind === "api" ? store.list("gs://b/a/") : store.source("gs://b/a/train.log").chunks(),
      ),
    inject: (name, times) => server.fail(/./, { kind: "named", name }, times),
    requests: () => server.requests.length,
    close: async () => {
      await store.close();
      await server.close();
    },
  };
}

async function consume<Item>(items: AsyncIterable<Item>): Promise<void> {
  for await (const _ of items);
}

const CALLERS: readonly {
  readonly name: string;
  readonly kind: RequestKind;
  open(clock: FakeClock, signal: AbortSignal): Promise<Caller>;
}[] = [
  { name: "a question to W&B", kind: "graphql", open: (clock, signal) => wandb(clock, signal, "graphql") },
  { name: "rows to W&B", kind: "file_stream", open: (clock, signal) => wandb(clock, signal, "file_stream") },
  { name: "a file to W&B", kind: "upload", open: (clock, signal) => wandb(clock, signal, "upload") },
  {
    name: "a question to Taskcluster",
    kind: "api",
    open: (clock, signal) => taskcluster(clock, signal, "api"),
  },
  {
    name: "an artifact of Taskcluster",
    kind: "content",
    open: (clock, signal) => taskcluster(clock, signal, "content"),
  },
  { name: "a list of objects", kind: "api", open: (clock, signal) => objects(clock, signal, "api") },
  { name: "an object", kind: "content", open: (clock, signal) => objects(clock, signal, "content") },
];

const open: Caller[] = [];
afterEach(async () => {
  for (const caller of open.splice(0)) await caller.close();
});

async function started(at: (typeof CALLERS)[number]) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const caller = await at.open(clock, stop.signal);
  open.push(caller);
  return { clock, stop, caller };
}

function verdictOf(fault: NamedFault, { name, kind }: Pick<(typeof CALLERS)[number], "name" | "kind">) {
  return EXCEPTIONS[name]?.[fault.name] ?? fault.verdicts?.[kind] ?? fault.verdict;
}

/** What a service makes of some answers by its own rules. */
const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, NamedFault["verdict"]>>>> = {
  // Of a list without objects, the fields that are asked for leave this.
  "a list of objects": {
    "200 with {}": "taken",
    "200 with other fields": "taken",
    "200 with data that is null": "taken",
    "200 with fields of other types": "taken",
  },
  // The length of the answer is another than that of the next one.
  "an object": {
    "a head without a body": "refused",
    "a body that is cut": "refused",
    "a body that is reset": "refused",
    // What an object is packed with, its own first bytes say.
    "200 that says gzip and is none": "taken",
  },
};

describe.each(CALLERS)("$name", (at) => {
  test.each(faultsOf(at.kind))(
    "$name, once, is tried again, refused or taken as it should be",
    async (fault) => {
      const { clock, caller } = await started(at);
      caller.inject(fault.name, 1);
      const call = caller.call();
      const outcome =
        fault.slow === true ? await clock.settle(call) : await call.catch((error: Error) => error);
      const verdict = verdictOf(fault, at);
      if (verdict === "again" || verdict === "taken") {
        expect(outcome).not.toBeInstanceOf(Error);
        expect(caller.requests()).toBe(verdict === "again" ? 2 : 1);
        // No try comes without a pause before it.
        if (verdict === "again") expect(Math.max(...clock.pauses)).toBeGreaterThanOrEqual(100);
      } else {
        expect(outcome).toBeInstanceOf(Error);
        expect(String(outcome)).not.toContain(KEY);
        // Only another try shows that the content is another one.
        const known = fault.slow !== true && EXCEPTIONS[at.name]?.[fault.name] !== "refused";
        if (known) expect(caller.requests()).toBe(1);
        if (known && verdict === "refused") expect(clock.pauses).toEqual([]);
      }
    },
  );

  const lasting = faultsOf(at.kind).filter((fault) => verdictOf(fault, at) === "again");
  test.each(lasting)("for ever: $name", async (fault) => {
    const { clock, caller } = await started(at);
    caller.inject(fault.name, Number.POSITIVE_INFINITY);
    const before = clock.now();
    const call = caller.call();
    const outcome =
      fault.slow === true ? await clock.settle(call) : await call.catch((error: Error) => error);
    expect(outcome).toBeInstanceOf(Error);
    const seconds = (clock.now() - before) / 1000;
    // The try of an artifact that was begun within the budget ends by its own deadlines.
    expect(seconds).toBeLessThanOrEqual(at.name === "an artifact of Taskcluster" ? 370 : 310);
    expect(caller.requests()).toBeLessThanOrEqual(1 + 5 * Math.max(1, seconds));
  });

  const waits = ["silence", "a head without a body", "200 that drips"];
  test.each(faultsOf(at.kind).filter(({ name }) => waits.includes(name)))(
    "a signal ends at once what waits: $name",
    async (fault) => {
      const { clock, stop, caller } = await started(at);
      caller.inject(fault.name, Number.POSITIVE_INFINITY);
      const before = clock.now();
      const call = caller.call().catch((error: Error) => error);
      while (caller.requests() === 0) await new Promise((resolve) => setImmediate(resolve));
      stop.abort();
      expect(String(await call)).toMatch(/stopped/);
      expect(clock.now()).toBe(before);
    },
  );

  test.each(["503", "429 with Retry-After: 0"])("a signal ends at once a pause after %s", async (name) => {
    const { clock, stop, caller } = await started(at);
    clock.held = true;
    caller.inject(name, Number.POSITIVE_INFINITY);
    const call = caller.call().catch((error: Error) => error);
    while (clock.pauses.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect(String(await call)).toMatch(/stopped/);
    expect(caller.requests()).toBe(1);
  });
});
