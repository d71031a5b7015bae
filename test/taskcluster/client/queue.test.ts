import { describe, expect, it } from "vitest";

import { all, contentOf, harness, IDS } from "./harness.js";

describe("the queue", () => {
  it("answers about a task", async () => {
    const { queue } = await harness();
    const action = await queue.task(IDS.fjord);
    expect(action.extra).toMatchObject({ action: { context: { input: { experiment: { name: "fjord" } } } } });
    const task = await queue.task(IDS.teacher1);
    expect(task).toMatchObject({
      taskGroupId: IDS.fjord,
      tags: { kind: "train-teacher-model", label: "train-teacher-model-nb-en-1" },
    });
    expect(task.dependencies).toHaveLength(3);
  });

  it("tells where a task stands", async () => {
    const { queue } = await harness();
    expect(await queue.status(IDS.teacher1)).toMatchObject({
      state: "completed",
      runs: [
        { runId: 0, state: "exception", reasonResolved: "worker-shutdown" },
        { runId: 1, state: "completed", reasonCreated: "retry" },
      ],
    });
    expect(await queue.status(IDS.quantize)).toMatchObject({ state: "unscheduled", runs: [] });
  });

  it("tells where many tasks stand at once, and leaves out what has expired", async () => {
    const { queue, server } = await harness({ pageSize: 2 });
    const found = await queue.statuses([IDS.teacher1, IDS.unknown, IDS.teacher2]);
    expect([...found].map(([id, { state }]) => [id, state])).toEqual([
      [IDS.teacher1, "completed"],
      [IDS.teacher2, "running"],
    ]);
    expect(server.count("statuses")).toBe(2);
    expect(await queue.statuses([])).toEqual(new Map());
    expect(server.count("statuses")).toBe(2);
  });

  it("asks for at most 500 tasks at once", async () => {
    const { queue, server } = await harness();
    const found = await queue.statuses([...Array<string>(501).fill(IDS.unknown), IDS.teacher1]);
    expect([...found.keys()]).toEqual([IDS.teacher1]);
    expect(server.count("statuses")).toBe(2);
  });

  it("lists a group page by page", async () => {
    const { queue, server } = await harness({ pageSize: 6 });
    const pages = await all(queue.groupPages(IDS.fjord));
    expect(pages.map((page) => page.length)).toEqual([6, 6, 4]);
    expect(new Set(pages.flat().map(({ status }) => status.taskId)).size).toBe(16);
    expect(server.count("list")).toBe(3);
  });

  it("asks for no page that nobody wants", async () => {
    const { queue, server } = await harness({ pageSize: 6 });
    for await (const _ of queue.groupPages(IDS.fjord)) break;
    expect(server.count("list")).toBe(1);
  });

  it("lists each task once when tasks are added meanwhile, and goes on behind an empty page", async () => {
    const { queue, server } = await harness({ pageSize: 8 });
    const group = server.store.groups.get(IDS.fjord);
    // Everything moves by a page: its tasks come a second time.
    const before = [...(group?.taskIds ?? [])];
    server.onRequest = ({ query }) => {
      if (query.get("continuationToken") === "at+/=8") group?.taskIds.unshift(...Array(8).fill(IDS.unknown));
    };
    const pages = await all(queue.groupPages(IDS.fjord));
    expect(pages.map((page) => page.length)).toEqual([8, 0, 8]);
    expect(pages.flat().map(({ status }) => status.taskId)).toEqual(before);
  });

  it.each([
    ["the same", "list", 2],
    ["the same", "artifacts", 2],
    ["the same", "statuses", 2],
    ["a new", "list", 1000],
  ] as const)(
    "ends a list that promises a further page with %s token each time: %s",
    async (token, list, most) => {
      const { queue, server } = await harness({ validate: false });
      server.inject({
        endpoint: list,
        fault: { kind: "endless", token: token === "the same" ? "same" : "new" },
        times: 2000,
      });
      const asked = {
        list: () => all(queue.groupPages(IDS.fjord)),
        artifacts: () => queue.artifacts(IDS.teacher1, 1),
        statuses: () => queue.statuses([IDS.teacher1]),
      }[list];
      await expect(asked()).rejects.toThrow(/the list does not end: .*(token came twice|1000 pages)/);
      expect(server.count(list)).toBe(most);
    },
  );

  it("lists the artifacts of a run over several pages", async () => {
    const { queue } = await harness({ pageSize: 3 });
    const names = (await queue.artifacts(IDS.teacher1, 1)).map(({ name }) => name);
    expect(names).toEqual([
      "public/build/train.log",
      "public/build/valid.log",
      "public/build/model.npz",
      "public/logs/live_backing.log",
    ]);
    expect(await queue.artifacts(IDS.teacher1, 0)).toEqual([]);
  });

  it("keeps to one limit of requests under way", async () => {
    const { queue, server } = await harness({ latencyMs: 5 }, { concurrency: 3 });
    await Promise.all(Array.from({ length: 20 }, () => queue.status(IDS.teacher1)));
    expect(server.count("status")).toBe(20);
    expect(server.busiest).toBe(3);
  });
});

describe("an id that is none", () => {
  it.each(["", "..", "../../secrets/v1/secret/x", "train-student-ru-en", `${IDS.fjord}?x`])(
    "is not asked for: %j",
    async (id) => {
      const { queue, server } = await harness();
      const ref = { taskId: id, runId: 0, name: "public/x" };
      const questions = [
        () => queue.task(id),
        () => queue.status(id),
        () => queue.group(id),
        () => all(queue.groupPages(id)),
        () => queue.artifacts(id, 0),
        () => contentOf(queue, ref),
        () => queue.live(ref),
      ];
      for (const ask of questions)
        await expect((async () => ask())()).rejects.toMatchObject({ code: "address" });
      expect(server.count()).toBe(0);
    },
  );
});

describe("a refusal is a sentence", () => {
  it("for what is unknown or has expired, without the request's repetition", async () => {
    const { queue, server, clock } = await harness();
    const failure = await queue.task(IDS.unknown).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "not-found" });
    expect(failure).toMatchObject({
      message: `task ${IDS.unknown} is not there, or has expired (HTTP 404): \`${IDS.unknown}\` does not correspond to a task that exists.`,
      status: 404,
      requestId: "95135e17-2a42-4622-9cfc-331ae7e88cd3",
    });
    await expect(all(queue.groupPages(IDS.unknown))).rejects.toThrow(/task group .* is not there/);
    await expect(queue.group(IDS.unknown)).rejects.toMatchObject({ code: "not-found" });
    server.inject({
      fault: { kind: "status", status: 410, body: '{"code":"ResourceExpired","message":"gone"}' },
    });
    await expect(queue.task(IDS.fjord)).rejects.toThrow(/has expired \(HTTP 410\): gone$/);
    expect(clock.slept).toEqual([]);
  });

  it.each([
    [
      "text/html",
      "<!doctype html><html><head><title>403 Forbidden\n</title>",
      /\(HTTP 403\): 403 Forbidden$/,
    ],
    ["application/xml", "<Error><Code>AccessDenied</Code></Error>", /\(HTTP 403\): AccessDenied$/],
    ["text/plain", "", /\(HTTP 403\)$/],
    ["application/json", '{"error":"no"}', /: no$/],
    ["application/json", "[1, 2]", /: \[1, 2\]$/],
    ["text/plain", `\u001b[31m${"x".repeat(5000)}`, /: .\[31mx{150,200}…$/],
  ])("for %s %j", async (contentType, body, message) => {
    const { queue, server } = await harness();
    server.inject({ fault: { kind: "status", status: 403, body, contentType } });
    const failure = await queue.task(IDS.fjord).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "forbidden" });
    expect((failure as Error).message).toMatch(message);
    expect(server.count()).toBe(1);
  });

  it("for an answer that is not JSON or has another form", async () => {
    const { queue, server } = await harness();
    server.inject({ fault: { kind: "status", status: 200, body: "<html>login</html>" } });
    await expect(queue.task(IDS.fjord)).rejects.toThrow(/not JSON. Is TASKCLUSTER_ROOT_URL/);
    server.inject({ fault: { kind: "status", status: 200, body: '{"status":{"taskId":"../../etc"}}' } });
    const failure = await queue.status(IDS.teacher1).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "malformed-answer" });
    expect(String(failure)).toMatch(/status\.taskId/);
  });
});

describe("a request that fails", () => {
  it.each([408, 429, 500, 502, 503, 504])("is tried again after %d", async (status) => {
    const { queue, server, clock } = await harness();
    server.inject({ endpoint: "task", fault: { kind: "status", status }, times: 2 });
    await queue.task(IDS.fjord);
    expect(clock.slept).toEqual([200, 400]);
    expect(server.count("task")).toBe(3);
  });

  it.each([400, 401, 403, 404, 409, 410, 424])("is not tried again after %d", async (status) => {
    const { queue, server } = await harness();
    server.inject({ fault: { kind: "status", status } });
    await expect(queue.task(IDS.fjord)).rejects.toThrow(`HTTP ${status}`);
    expect(server.count()).toBe(1);
  });

  it("is tried six times, then given up in words, also behind an HTML page", async () => {
    const { queue, server, clock } = await harness();
    const body = "<html><head><title>502 Bad Gateway</title></head></html>";
    server.inject({ fault: { kind: "status", status: 502, body, contentType: "text/html" }, times: 6 });
    const failure = await queue.task(IDS.fjord).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "unreachable" });
    expect((failure as Error).message).toBe(
      `task ${IDS.fjord}: no usable answer in 6 tries (the last: HTTP 502: 502 Bad Gateway). The server has a problem: run the command again later`,
    );
    expect(clock.slept).toEqual([200, 400, 800, 1600, 3200]);
    await queue.task(IDS.fjord);
  });

  it("waits as long as Retry-After says, in seconds or as a date", async () => {
    const { queue, server, clock } = await harness();
    const date = new Date(clock.now() + 7000 + 11_000).toUTCString();
    server.inject({ fault: { kind: "status", status: 429, retryAfter: "7" } });
    server.inject({ fault: { kind: "status", status: 503, retryAfter: date } });
    await queue.task(IDS.fjord);
    expect(clock.slept).toEqual([7000, 11_000]);
  });

  it("is tried again when the connection breaks or nothing comes", async () => {
    const { queue, server, clock } = await harness({}, { idleMs: 50 });
    server.inject({ fault: { kind: "drop" }, times: 2 });
    server.inject({ fault: { kind: "hang" } });
    await queue.task(IDS.fjord);
    expect(server.count()).toBe(4);
    expect(clock.slept).toHaveLength(3);
  });

  it("tells what was wrong with the network", async () => {
    const { queue, server } = await harness();
    await server.close();
    await expect(queue.task(IDS.fjord)).rejects.toThrow(/ECONNREFUSED/);
  });

  it("ends when the caller stops it, also while it hangs", async () => {
    const stop = new AbortController();
    const { queue, server } = await harness({}, { signal: stop.signal });
    server.inject({ fault: { kind: "hang" } });
    server.onRequest = () => setImmediate(() => stop.abort());
    await expect(queue.task(IDS.fjord)).rejects.toMatchObject({ code: "stopped" });
    await expect(queue.task(IDS.fjord)).rejects.toMatchObject({ code: "stopped" });
    expect(server.count()).toBe(1);
  });
});
