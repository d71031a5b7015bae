import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { parseLine } from "../../servers/wandb/index.js";
import { harness, until } from "./harness.js";

const START = 1_694_867_941;

function uploadOf(run: { uploads: ReadonlyMap<string, { bytes: Buffer }> }, name: string): string {
  return run.uploads.get(name)?.bytes.toString("utf8") ?? `no ${name}`;
}

describe("a new run", () => {
  it("writes one line per step with the log's own time, and a complete summary", async () => {
    const { server, start } = await harness();
    const run = await start({ startedAt: START });
    await run.history({ epoch: 1, cost: 8.26540375 }, { step: 1000, timestamp: START + 0.105 });
    await run.history({ epoch: 1, cost: 7.1, chrf: Number.NaN }, { step: 2000, timestamp: START + 375.5 });
    const receipt = await run.finish(0);
    expect(server.history("ru-en", "student_MjcJG")).toEqual([
      { epoch: 1, cost: 8.26540375, _step: 1000, _runtime: 0.105, _timestamp: START + 0.105 },
      { epoch: 1, cost: 7.1, chrf: Number.NaN, _step: 2000, _runtime: 375.5, _timestamp: START + 375.5 },
    ]);
    const stored = server.run("ru-en", "student_MjcJG");
    expect(parseLine(stored.summary)).toEqual({
      epoch: 1,
      cost: 7.1,
      chrf: Number.NaN,
      _step: 2000,
      _runtime: 375.5,
      _timestamp: START + 375.5,
      _wandb: { runtime: 375 },
    });
    expect(stored.state).toBe("finished");
    expect(receipt.complete).toBe(true);
    expect(receipt.rows).toEqual({
      pushed: 2,
      sent: 2,
      acknowledged: 2,
      undelivered: 0,
      tooLong: 0,
      refused: 0,
    });
    expect(receipt.url).toBe(`${server.url}/team/ru-en/runs/student_MjcJG`);
    expect(Object.isFrozen(receipt)).toBe(true);
    expect(server.violations).toEqual([]);
    expect([...server.unknownFields]).toEqual([]);
  });

  it("writes NaN and infinities bare", async () => {
    const { server, start } = await harness();
    const run = await start();
    const values = { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: Number.NEGATIVE_INFINITY };
    await run.history(values, { step: 1, timestamp: START });
    await run.finish();
    const [line] = server.run("ru-en", "student_MjcJG").lines["wandb-history.jsonl"];
    expect(line).toBe(`{"a":NaN,"b":Infinity,"c":-Infinity,"_step":1,"_runtime":0,"_timestamp":${START}}`);
  });

  it("sends group, names, tags, job type, notes, host and program", async () => {
    const { server, start } = await harness();
    const run = await start({
      displayName: "student",
      group: "exp_MjcJGroup",
      tags: ["taskcluster", "author:me"],
      jobType: "train",
      notes: "a note",
      host: "worker-7",
      program: "parse",
    });
    await run.finish();
    expect(server.run("ru-en", "student_MjcJG")).toMatchObject({
      displayName: "student",
      group: "exp_MjcJGroup",
      tags: ["taskcluster", "author:me"],
      jobType: "train",
      notes: "a note",
      host: "worker-7",
      program: "parse",
    });
  });

  it("wraps the configuration and marks it as resumable", async () => {
    const { server, start } = await harness();
    const run = await start({
      config: { marian: { "dim-emb": 1024, "mini-batch": Number.NaN }, logs_file: "a.log" },
    });
    run.updateConfig({ datasets: ["a", "b"] });
    await run.finish();
    const config = parseLine(server.run("ru-en", "student_MjcJG").config);
    expect(config).toEqual({
      marian: { value: { "dim-emb": 1024, "mini-batch": Number.NaN } },
      logs_file: { value: "a.log" },
      datasets: { value: ["a", "b"] },
      _wandb: { value: { m: [], cli_version: "marian-tracking/test", t: { "5": "marian-tracking/test" } } },
    });
  });

  it("uploads config.yaml, the summary, the metadata and the console log, and reports them", async () => {
    const { server, start } = await harness();
    const config = {
      a: { b: [1, { c: "1e-9" }, []], d: 1e-9, e: null, "f g": "x: #y" },
      on: true,
      n: Number.NaN,
    };
    const run = await start({ config, startedAt: START });
    await run.console([
      { text: "[2023-09-16] first", timestamp: START + 0.25 },
      { text: "second", timestamp: START + 1, error: true },
    ]);
    const receipt = await run.finish();
    const stored = server.run("ru-en", "student_MjcJG");
    expect([...stored.visible].sort()).toEqual([
      "config.yaml",
      "output.log",
      "wandb-metadata.json",
      "wandb-summary.json",
    ]);
    expect([...receipt.files].sort()).toEqual([...stored.visible].sort());
    const yaml: unknown = parse(uploadOf(stored, "config.yaml"), { version: "1.1" });
    expect(yaml).toMatchObject({ a: { value: config.a }, on: { value: true }, n: { value: Number.NaN } });
    expect(uploadOf(stored, "output.log")).toBe("[2023-09-16] first\nsecond\n");
    expect(stored.lines["output.log"]).toEqual([
      "2023-09-16T12:39:01.250000 [2023-09-16] first",
      "ERROR 2023-09-16T12:39:02.000000 second",
    ]);
    expect(JSON.parse(uploadOf(stored, "wandb-metadata.json"))).toMatchObject({
      startedAt: "2023-09-16T12:39:01.000Z",
    });
    expect(uploadOf(stored, "wandb-summary.json")).toBe(stored.summary);
  });

  it("takes a console log larger than memory should hold, and leaves no temporary file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "console-test-"));
    vi.stubEnv("TMPDIR", folder);
    const { server, start } = await harness();
    const run = await start();
    const text = "x".repeat(1000);
    for (let block = 0; block < 3; block += 1) {
      await run.console(Array.from({ length: 500 }, () => ({ text, timestamp: START })));
    }
    expect(await readdir(folder)).toHaveLength(1);
    await run.finish();
    expect(await readdir(folder)).toEqual([]);
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
    const stored = server.run("ru-en", "student_MjcJG");
    expect(uploadOf(stored, "output.log")).toBe(`${text}\n`.repeat(1500));
    expect(stored.lines["output.log"]).toHaveLength(1500);
  });

  it("writes system metrics with their prefix", async () => {
    const { server, start } = await harness();
    const run = await start({ startedAt: START });
    await run.systemMetrics({ cpu: 3.5, "system.gpu.0.temp": 61 }, START + 15);
    await run.finish();
    expect(server.run("ru-en", "student_MjcJG").lines["wandb-events.jsonl"].map(parseLine)).toEqual([
      { _wandb: true, _runtime: 15, _timestamp: START + 15, "system.cpu": 3.5, "system.gpu.0.temp": 61 },
    ]);
  });

  it("says how it ended, also when it was taken away", async () => {
    const { server, start } = await harness();
    const failed = await start({ id: "failed" });
    await failed.finish(3);
    const taken = await start({ id: "taken" });
    await taken.preempting();
    await taken.finish(143);
    expect(server.run("ru-en", "failed")).toMatchObject({ state: "failed", exitCode: 3 });
    expect(server.run("ru-en", "taken")).toMatchObject({ state: "preempted", exitCode: 143 });
  });

  it("needs no more requests than the official client for a bulk run of 2000 rows", async () => {
    const { server, start } = await harness();
    const run = await start();
    for (let step = 1; step <= 2000; step += 1)
      await run.history({ cost: 1 / step }, { step, timestamp: step });
    const receipt = await run.finish();
    expect(server.history("ru-en", "student_MjcJG")).toHaveLength(2000);
    expect(server.requestsOf("file_stream")).toHaveLength(1);
    expect(receipt.requests).toBe(server.requests.length);
    expect(receipt.requests).toBeLessThanOrEqual(9);
  });

  it("leaves out a row whose step doesn't rise, and counts it", async () => {
    const { server, start } = await harness();
    const run = await start();
    await run.history({ cost: 1 }, { step: 10, timestamp: START });
    await run.history({ cost: 2 }, { step: 10, timestamp: START });
    await run.history({ cost: 2 }, { step: 9, timestamp: START });
    const receipt = await run.finish();
    expect(receipt.rows.refused).toBe(2);
    expect(receipt.complete).toBe(false);
    expect(server.history("ru-en", "student_MjcJG").map((row) => row.cost)).toEqual([1]);
  });
});

describe("resuming", () => {
  it("goes on behind the old rows and keeps configuration, tags, summary and charts", async () => {
    const { server, start } = await harness();
    const first = await start({ config: { a: 1, b: 1 }, tags: ["old"], startedAt: START });
    const chart = { label: "Name", value: "Count", title: "Datasets" };
    const table = { columns: ["Name", "Count"], data: [["x", 1]] };
    await first.history({}, { step: 0, timestamp: START }, [{ name: "Datasets", table, chart }]);
    await first.history({ cost: 3, only_first: 1 }, { step: 5, timestamp: START + 5 });
    await first.console([{ text: "one", timestamp: START }]);
    await first.systemMetrics({ cpu: 1 }, START);
    await first.finish();
    const second = await start({ config: { b: 2, c: 3 } });
    expect(second.resumed).toBe(true);
    expect(second.existing).toMatchObject({ rows: 2, events: 1, consoleLines: 1, lastStep: 5 });
    await second.history({ cost: 9 }, { step: 5, timestamp: START });
    await second.history({ cost: 2 }, { step: 6, timestamp: START + 8 });
    await second.console([{ text: "two", timestamp: START }]);
    await second.systemMetrics({ cpu: 2 }, START + 8);
    await second.finish();
    const stored = server.run("ru-en", "student_MjcJG");
    expect(
      server.history("ru-en", "student_MjcJG").map((row) => [row._step, row.cost, row._runtime]),
    ).toEqual([
      [0, undefined, 0],
      [5, 3, 5],
      [6, 2, 8],
    ]);
    expect(stored.lines["wandb-events.jsonl"]).toHaveLength(2);
    expect(stored.lines["output.log"].map((line) => line.slice(27))).toEqual(["one", "two"]);
    expect(stored.tags).toEqual(["old"]);
    expect(parseLine(stored.summary)).toMatchObject({ cost: 2, only_first: 1, _step: 6 });
    const config = parseLine(stored.config) as Record<string, { value: unknown }>;
    expect(config).toMatchObject({ a: { value: 1 }, b: { value: 2 }, c: { value: 3 } });
    expect(config._wandb?.value).toMatchObject({ visualize: { Datasets: { panel_type: "Vega2" } } });
    // The first part of the console log stays where it was.
    expect(uploadOf(stored, "output.log")).toBe("one\n");
    expect(uploadOf(stored, "logs/output_1.log")).toBe("two\n");
    expect(server.violations).toEqual([]);
  });

  it("understands a tail and a summary with NaN", async () => {
    const { start } = await harness();
    const first = await start();
    await first.history({ cost: Number.NaN, x: 'say "NaN" \\' }, { step: 7, timestamp: START });
    await first.finish();
    const second = await start();
    expect(second.existing?.summary).toMatchObject({ cost: Number.NaN, x: 'say "NaN" \\' });
    await second.finish();
  });

  it("writes over the rows from the first when told to replace, and says how many the server holds", async () => {
    const { server, start } = await harness();
    const first = await start({ config: { old: 1 }, tags: ["old"] });
    for (const step of [1, 2, 3]) await first.history({ cost: step }, { step, timestamp: step });
    await first.finish();
    const second = await start({ resume: "replace", config: { new: 1 } });
    expect(second.existing?.rows).toBe(3);
    expect(second.resumed).toBe(false);
    for (const step of [1, 2, 3, 4]) await second.history({ cost: 10 * step }, { step, timestamp: step });
    await second.finish();
    const stored = server.run("ru-en", "student_MjcJG");
    expect(server.history("ru-en", "student_MjcJG").map((row) => row.cost)).toEqual([10, 20, 30, 40]);
    expect(parseLine(stored.config)).not.toHaveProperty("old");
    expect(stored.tags).toEqual([]);
  });

  it("does not ask again for what the caller has looked up", async () => {
    const { server, start } = await harness();
    const run = await start({ existing: null });
    await run.finish();
    expect(server.requestsOf("graphql", "RunResumeStatus")).toHaveLength(0);
  });
});

describe("a live run", () => {
  it("sends the first row at once, then one request per 15 s, with rows and configuration together", async () => {
    const { server, clock, start } = await harness();
    const run = await start({ pacing: "live" });
    await run.history({ cost: 1 }, { step: 1, timestamp: START });
    await until(() => server.requestsOf("file_stream").length === 1);
    await run.history({ cost: 2 }, { step: 2, timestamp: START + 1 });
    await run.history({ cost: 3 }, { step: 3, timestamp: START + 2 });
    run.updateConfig({ late: true });
    clock.advance(14_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.requestsOf("file_stream")).toHaveLength(1);
    clock.advance(1000);
    await until(() => server.requestsOf("file_stream").length === 2);
    await until(() => server.history("ru-en", "student_MjcJG").length === 3);
    expect(parseLine(server.run("ru-en", "student_MjcJG").config)).toHaveProperty("late");
    expect(server.run("ru-en", "student_MjcJG").state).toBe("running");
    await run.finish();
  });

  it("sends a heartbeat after 30 s without anything else", async () => {
    const { server, clock, start } = await harness();
    const run = await start({ pacing: "live" });
    clock.advance(29_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.requestsOf("file_stream")).toHaveLength(0);
    clock.advance(1000);
    await until(() => server.requestsOf("file_stream").length === 1);
    expect(server.requestsOf("file_stream")[0]?.body.toString()).toBe("{}");
    await run.finish();
  });
});
