import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ApiKey, WandbClient, WandbRun } from "../../../src/wandb/client/index.js";
import { wandbPolicy } from "../../../src/wandb/client/wandb-client.js";
import { budgetOf, harness, settingsFor, until } from "./harness.js";

const START = 1_694_867_941;

describe("retry rules", () => {
  const { isRetryable } = wandbPolicy(new ApiKey("k".repeat(40), "the test"));

  it.each([408, 429, 500, 502, 503, 504, 418, 402])("tries again after %d", (status) => {
    expect(isRetryable(status)).toBe(true);
  });

  it.each([400, 401, 403, 404, 409, 410, 413, 422, 501])("takes %d for final", (status) => {
    expect(isRetryable(status)).toBe(false);
  });
});

describe("a request that fails", () => {
  it("is sent again after 503, with growing delays", async () => {
    const { server, clock, client } = await harness();
    server.inject({ endpoint: "graphql", fault: { kind: "status", status: 503 }, times: 3 });
    expect(await client.entity()).toBe("team");
    expect(clock.retries).toEqual([2000, 4000, 8000]);
    expect(server.requests).toHaveLength(4);
  });

  it("waits as long as Retry-After says, in seconds or as a date", async () => {
    const { server, clock, client } = await harness();
    server.inject({ fault: { kind: "status", status: 429, retryAfter: "7" } });
    const date = new Date(clock.now() + 7000 + 11_000).toUTCString();
    server.inject({ fault: { kind: "status", status: 503, retryAfter: date } });
    await client.viewer();
    expect(clock.retries).toEqual([7000, 11_000]);
  });

  it("makes all other requests wait as well", async () => {
    const { server, clock, client } = await harness();
    server.inject({ operation: "Viewer", fault: { kind: "status", status: 429, retryAfter: "30" } });
    clock.manual = true;
    const limited = client.viewer();
    await until(() => clock.slept.length === 1);
    const other = client.features(client.scope());
    await until(() => clock.slept.length === 2);
    expect(clock.slept[1]).toEqual({ milliseconds: 30_000, purpose: "rate-limit" });
    clock.advance(29_000);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(server.requests.map((request) => request.operation)).toEqual(["Viewer"]);
    clock.advance(1000);
    await Promise.all([limited, other]);
    const operations = server.requests.map((request) => request.operation);
    expect(operations.slice(1).sort()).toEqual(["ServerFeaturesQuery", "Viewer"]);
  });

  it("holds back after an answer that leaves nothing of the rate limit", async () => {
    const { server, clock, client } = await harness();
    const headers = { "RateLimit-Remaining": "0", "RateLimit-Reset": "12" };
    server.inject({
      fault: { kind: "status", status: 200, headers, body: '{"data":{"viewer":{"entity":"e"}}}' },
    });
    await client.viewer();
    await client.features(client.scope());
    expect(clock.slept).toContainEqual({ milliseconds: 12_000, purpose: "rate-limit" });
  });

  it("is sent again after the connection broke", async () => {
    const { server, clock, client } = await harness();
    server.inject({ endpoint: "graphql", fault: { kind: "drop" }, times: 2 });
    await client.viewer();
    expect(clock.retries).toHaveLength(2);
  });

  it("is ended and sent again when nothing comes back", async () => {
    const { server, client, clock } = await harness({}, { timeouts: { graphql: 40 } });
    server.inject({ endpoint: "graphql", fault: { kind: "hang" } });
    await client.viewer();
    expect(server.requests.map((request) => request.status)).toEqual([undefined, 200]);
    expect(clock.retries).toEqual([2000]);
  });

  it("is given up when the budget is used up, in words", async () => {
    const { server, client, clock } = await harness();
    server.inject({ fault: { kind: "status", status: 503 }, times: Number.POSITIVE_INFINITY });
    const before = clock.now();
    const scope = client.scope(5 * 60_000);
    await expect(client.viewer(scope)).rejects.toThrow(/Viewer was not delivered: no progress.*HTTP 503/);
    expect(clock.now() - before).toBeGreaterThan(3 * 60_000);
    expect(clock.now() - before).toBeLessThanOrEqual(5 * 60_000);
    expect(scope.requests).toBe(server.requests.length);
  });

  it("does not wait for a Retry-After beyond the budget", async () => {
    const { server, client, clock } = await harness();
    server.inject({ fault: { kind: "status", status: 429, retryAfter: "3600" } });
    await expect(client.viewer(client.scope(60_000))).rejects.toThrow(
      expect.objectContaining({ code: "undelivered" }),
    );
    expect(clock.retries).toEqual([]);
  });

  it("goes on for ever with an endless budget, until the budget is cut", async () => {
    const { server, client, clock } = await harness();
    server.inject({ fault: { kind: "status", status: 503 }, times: Number.POSITIVE_INFINITY });
    const scope = { budget: budgetOf(clock, Number.POSITIVE_INFINITY), requests: 0 };
    const before = clock.now();
    const outcome = client.viewer(scope).catch((error: unknown) => error);
    while (clock.now() - before < 3 * 3_600_000) await new Promise((resolve) => setImmediate(resolve));
    const cut = clock.now();
    scope.budget.set(90_000);
    expect(await outcome).toMatchObject({ code: "undelivered" });
    expect(clock.now() - cut).toBeLessThanOrEqual(90_000);
  });

  it("ends when the caller stops it, also while it hangs", async () => {
    const { server, client } = await harness();
    server.inject({ fault: { kind: "hang" } });
    const stop = new AbortController();
    const outcome = client.viewer(client.scope(undefined, stop.signal));
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await expect(outcome).rejects.toThrow(expect.objectContaining({ code: "stopped" }));
  });
});

describe("an answer that is final", () => {
  it("names a bad key without printing it", async () => {
    const { server, clock } = await harness();
    const key = "w".repeat(44);
    const client = new WandbClient(settingsFor(server, key), { clock });
    server.inject({ fault: { kind: "status", status: 400, body: `bad header api:${key}` }, after: 1 });
    const errors = [
      await client.viewer().catch((error: unknown) => error),
      await client.viewer().catch((error: unknown) => error),
    ];
    expect(errors[0]).toMatchObject({ code: "key-refused" });
    expect(String(errors[0])).toContain("refused the API key from the test");
    expect(String(errors[1])).toContain("HTTP 400");
    for (const error of errors) expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(key);
    expect(inspect(client, { depth: 20, showHidden: true })).not.toContain(key);
    expect(server.requests).toHaveLength(2);
    await client.close();
  });

  it("is a sentence for 403 and 404", async () => {
    const { server, client } = await harness();
    server.inject({
      fault: { kind: "status", status: 403, body: '{"errors":[{"message":"permission denied"}]}' },
    });
    server.inject({ fault: { kind: "status", status: 404, body: '{"error":"entity nobody not found"}' } });
    await expect(client.viewer()).rejects.toThrow(expect.objectContaining({ code: "forbidden" }));
    await expect(client.viewer()).rejects.toThrow(/entity nobody not found.*Check the entity/s);
    server.inject({ fault: { kind: "status", status: 404 } });
    await expect(client.viewer()).rejects.toThrow(expect.objectContaining({ code: "not-found" }));
  });

  it("is a GraphQL error in a 200 answer, which fails at once, in words", async () => {
    const { server, start, clock } = await harness();
    server.inject({
      operation: "UpsertBucket",
      fault: { kind: "graphql-error", message: "project is read-only" },
    });
    const failure = await start().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "graphql" });
    expect(String(failure)).toContain("project is read-only");
    expect(clock.retries).toEqual([]);
  });

  it("says that the id of a deleted run stays reserved", async () => {
    const { server, client, start } = await harness();
    await (await start()).finish();
    server.store.deleteRun(server.run("ru-en", "student_MjcJG"));
    const failure = await start().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "deleted-run" });
    expect(String(failure)).toMatch(/student_MjcJG.*deleted.*student_MjcJG-r2/);
    expect(server.requestsOf("graphql", "UpsertBucket").at(-1)?.status).toBe(409);
    const other = await WandbRun.start({ client, project: "ru-en", id: "student_MjcJG-r2" });
    expect((await other.finish()).complete).toBe(true);
  });

  it("is an answer that doesn't come from a W&B server", async () => {
    const { server, client } = await harness();
    server.inject({ fault: { kind: "status", status: 200, body: "<html>login</html>" } });
    await expect(client.viewer()).rejects.toThrow(/not from a W&B server.*check the base URL/);
  });

  it.each(["", " x", "a/b", "a:b", "what?", "x".repeat(129)])(
    "is not asked for with the run id %j",
    async (id) => {
      const { server, start } = await harness();
      await expect(start({ id })).rejects.toThrow(expect.objectContaining({ code: "invalid-name" }));
      expect(server.requests).toHaveLength(0);
    },
  );

  it("is not asked for with names that W&B doesn't take", async () => {
    const { start } = await harness();
    await expect(start({ project: "ru/en" })).rejects.toThrow(
      expect.objectContaining({ code: "invalid-name" }),
    );
    await expect(start({ tags: ["x".repeat(65)] })).rejects.toThrow(
      expect.objectContaining({ code: "invalid-name" }),
    );
  });
});

describe("a run on a bad network", () => {
  it("arrives whole through drops, lost answers, hangs, 429, 503 and slowness", async () => {
    const { server, start } = await harness(
      {},
      { timeouts: { graphql: 500, fileStream: 60, transfer: 500 } },
    );
    const run = await start({ requestBytes: 4000 });
    server.inject({ endpoint: "file_stream", fault: { kind: "drop" } });
    server.inject({ endpoint: "file_stream", fault: { kind: "drop-answer" } });
    server.inject({ endpoint: "file_stream", fault: { kind: "status", status: 429, retryAfter: "1" } });
    server.inject({ endpoint: "file_stream", fault: { kind: "hang" } });
    server.inject({ endpoint: "file_stream", fault: { kind: "status", status: 503 } });
    server.inject({ endpoint: "file_stream", fault: { kind: "slow", milliseconds: 20 } });
    server.inject({ endpoint: "upload", fault: { kind: "drop" } });
    server.inject({
      endpoint: "graphql",
      operation: "CreateRunFiles",
      fault: { kind: "status", status: 502 },
    });
    const steps = Array.from({ length: 300 }, (_, index) => index + 1);
    for (const step of steps) await run.history({ cost: step }, { step, timestamp: START + step });
    const receipt = await run.finish();
    expect(server.history("ru-en", "student_MjcJG").map((row) => row._step)).toEqual(steps);
    expect(receipt).toMatchObject({ complete: true, rows: { acknowledged: 300, undelivered: 0 } });
    expect(server.violations).toEqual([]);
  });
});
