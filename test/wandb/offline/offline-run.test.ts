import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JsonValue } from "../../../src/wandb/client/format/json.js";
import { readDeliveryState } from "../../../src/wandb/offline/delivery-state.js";
import { applyChanges, type OfflineEvent, OfflineReader } from "../../../src/wandb/offline/offline-reader.js";
import { OfflineRun, type OfflineRunOptions } from "../../../src/wandb/offline/offline-run.js";
import { findTransactionLogs, isSynced, markSynced } from "../../../src/wandb/offline/run-directory.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "offline-run-"));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(dir, { recursive: true });
});

const START = 1_694_867_540.991;

function start(options: Partial<OfflineRunOptions> = {}): Promise<OfflineRun> {
  return OfflineRun.start({
    dir,
    id: "student_MjcJG",
    project: "ru-en",
    startedAt: START,
    ...options,
  });
}

async function readAll(run: { directory: string }): Promise<OfflineEvent[]> {
  const [file = ""] = await findTransactionLogs(run.directory);
  const events: OfflineEvent[] = [];
  for await (const event of await OfflineReader.open(file)) events.push(event);
  return events;
}

type Kind = OfflineEvent["kind"];
const of = <K extends Kind>(events: readonly OfflineEvent[], kind: K) =>
  events.filter((event): event is Extract<OfflineEvent, { kind: K }> => event.kind === kind);

function merged(
  events: readonly OfflineEvent[],
  kind: "summary" | "config",
): Record<string, JsonValue | undefined> {
  const target: Record<string, JsonValue | undefined> = {};
  for (const event of events) {
    if (event.kind === "run" && kind === "config")
      applyChanges(target, { update: event.run.config, remove: [] });
    if (event.kind === kind) applyChanges(target, event as Extract<OfflineEvent, { kind: "summary" }>);
  }
  return target;
}

const at = (step: number, runtime = step / 10) => ({ step, timestamp: START + runtime, runtime });

describe("an offline run", () => {
  it("comes back with everything that was put in", async () => {
    const run = await start({
      entity: "team",
      group: "exp_MjcJG",
      displayName: "student",
      tags: ["taskcluster", "author:me"],
      jobType: "train",
      notes: "two\nlines",
      host: "box",
      config: { marian: { layers: [6, 2], "beam.size": 4 }, lr: Number.NaN },
    });
    await run.history({ cost: 8.25, gnorm: Number.NaN }, at(1000));
    await run.history({ cost: 7.5, "bleu-detok": Number.POSITIVE_INFINITY, gone: undefined }, at(2000));
    await run.history({ gone: undefined }, at(2500));
    run.summary({ best: { chrf: 50.1 } });
    run.updateConfig({ lr: 0.5, more: [1] });
    await run.console(["a line", "and another"].map((text) => ({ text, timestamp: START + 1.25 })));
    await run.console([{ text: "to stderr", timestamp: START + 2, error: true }]);
    await run.systemMetrics({ "system.cpu": 3.5, "gpu.0.temp": 61 }, START + 15);
    await run.file("notes/readme.txt", Buffer.from("hello"));
    await run.finish(1);

    const events = await readAll(run);
    expect(of(events, "run")[0]?.run).toEqual({
      runId: "student_MjcJG",
      project: "ru-en",
      entity: "team",
      group: "exp_MjcJG",
      displayName: "student",
      tags: ["taskcluster", "author:me"],
      jobType: "train",
      notes: "two\nlines",
      host: "box",
      startTime: START,
      config: [
        { path: ["marian"], json: '{"layers":[6,2],"beam.size":4}' },
        { path: ["lr"], json: "NaN" },
      ],
    });
    expect(of(events, "history")).toEqual([
      {
        kind: "history",
        line: 0,
        step: 1000,
        content: `{"cost":8.25,"gnorm":NaN,"_step":1000,"_runtime":100,"_timestamp":${START + 100}}`,
        row: { cost: 8.25, gnorm: Number.NaN, _step: 1000, _runtime: 100, _timestamp: START + 100 },
      },
      {
        kind: "history",
        line: 1,
        step: 2000,
        content: `{"cost":7.5,"bleu-detok":Infinity,"_step":2000,"_runtime":200,"_timestamp":${START + 200}}`,
        row: {
          cost: 7.5,
          "bleu-detok": Number.POSITIVE_INFINITY,
          _step: 2000,
          _runtime: 200,
          _timestamp: START + 200,
        },
      },
    ]);
    expect(merged(events, "summary")).toEqual({
      cost: 7.5,
      gnorm: Number.NaN,
      "bleu-detok": Number.POSITIVE_INFINITY,
      best: { chrf: 50.1 },
      _step: 2000,
      _runtime: 200,
      _timestamp: START + 200,
      _wandb: { runtime: 200 },
    });
    expect(merged(events, "config")).toEqual({
      marian: { layers: [6, 2], "beam.size": 4 },
      lr: 0.5,
      more: [1],
    });
    expect(of(events, "console").map(({ line, stream, content }) => [line, stream, content])).toEqual([
      [0, "stdout", "2023-09-16T12:32:22.241000 a line"],
      [1, "stdout", "2023-09-16T12:32:22.241000 and another"],
      [2, "stderr", "ERROR 2023-09-16T12:32:22.991000 to stderr"],
    ]);
    expect(of(events, "events")).toEqual([
      {
        kind: "events",
        line: 0,
        timestamp: START + 15,
        content: `{"_wandb":true,"_runtime":15,"_timestamp":${START + 15},"system.cpu":3.5,"system.gpu.0.temp":61}`,
      },
    ]);
    const [file] = of(events, "file");
    expect(file?.file).toEqual({ path: "notes/readme.txt", policy: "now", type: "other" });
    expect(await readFile(file?.localPath ?? "", "utf8")).toBe("hello");
    expect(of(events, "exit")).toEqual([{ kind: "exit", exitCode: 1, runtime: 200 }]);
    expect(events.map((event) => event.kind)).not.toContain("cut");
  });

  it("lies where the official client looks for runs", async () => {
    const first = await start();
    const second = await start();
    expect(basename(first.directory)).toMatch(/^offline-run-\d{8}_\d{6}-student_MjcJG$/);
    expect(second.directory).not.toBe(first.directory);
    expect((await readdir(first.directory)).sort()).toEqual([
      "files",
      "marian-tracking.json",
      "run-student_MjcJG.wandb",
    ]);
    await first.finish(0);
    await second.finish(0);
    const files = [first, second].map((run) => join(run.directory, "run-student_MjcJG.wandb")).sort();
    await symlink(first.directory, join(dir, "wandb", "latest-run"));
    expect(await findTransactionLogs(dir)).toEqual(files);
    expect(await findTransactionLogs(join(dir, "wandb"))).toEqual(files);
    expect(await findTransactionLogs(files[0] ?? "")).toEqual([files[0]]);
    expect(await isSynced(files[0] ?? "")).toBe(false);
    await markSynced(files[0] ?? "");
    expect(await isSynced(files[0] ?? "")).toBe(true);
    await expect(findTransactionLogs(join(dir, "nowhere"))).rejects.toThrow(/ENOENT/);
  });

  it("refuses ids and file names that would leave its folder", async () => {
    for (const id of ["", " x", "a/b", "..\\x", "a:b", "x".repeat(129)]) {
      await expect(start({ id })).rejects.toThrow(expect.objectContaining({ code: "invalid-name" }));
    }
    const run = await start();
    for (const name of ["../x", "", "/etc/x", "a/../../x", "a/"]) {
      await expect(run.file(name, Buffer.from(""))).rejects.toThrow(
        expect.objectContaining({ code: "file-name" }),
      );
    }
    await run.finish(0);
  });

  it("hands records to the disk after the flush interval, without being asked", async () => {
    const run = await start();
    const file = join(run.directory, "run-student_MjcJG.wandb");
    const before = (await readFile(file)).length;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await run.history({ cost: 1 }, at(1));
    vi.advanceTimersByTime(999);
    expect(vi.getTimerCount()).toBe(1);
    expect((await readFile(file)).length).toBe(before);
    vi.advanceTimersByTime(1);
    expect(vi.getTimerCount()).toBe(0);
    let events = await readAll(run);
    // Writing takes a while; a run that never writes ends this test by its time limit.
    while (of(events, "summary").length === 0) events = await readAll(run);
    expect(of(events, "history")).toHaveLength(1);
    expect(merged(events, "summary")).toMatchObject({ cost: 1, _step: 1 });
    expect(of(events, "exit")).toEqual([]);
    vi.useRealTimers();
    await run.finish(0);
  });

  it("keeps the order of calls that are not awaited, over many buffers", async () => {
    const run = await start();
    const calls = Array.from({ length: 3000 }, (_, step) => run.history({ text: "x".repeat(100) }, at(step)));
    await Promise.all([...calls, run.file("a.txt", Buffer.from("a"))]);
    await run.finish(0);
    const events = await readAll(run);
    expect(of(events, "history").map((event) => event.step)).toEqual(calls.map((_, step) => step));
    expect(of(events, "history").map((event) => event.line)).toEqual(calls.map((_, step) => step));
    expect(of(events, "file")).toHaveLength(1);
  });

  it("takes nothing after its end", async () => {
    const run = await start();
    await run.finish(0);
    await expect(run.history({ cost: 1 }, at(1))).rejects.toThrow(
      expect.objectContaining({ code: "closed" }),
    );
    await expect(run.file("a", Buffer.from(""))).rejects.toThrow(expect.objectContaining({ code: "closed" }));
    await expect(run.finish(0)).rejects.toThrow(expect.objectContaining({ code: "closed" }));
  });

  it("refuses a row whose place is unknown", async () => {
    const run = await start();
    await expect(run.history({ cost: 1 }, at(1.5))).rejects.toThrow(RangeError);
    await expect(run.history({ cost: 1 }, { ...at(1), timestamp: Number.NaN })).rejects.toThrow(RangeError);
    await run.finish(0);
    expect(of(await readAll(run), "history")).toEqual([]);
  });

  it("logs tables and bar charts with their files", async () => {
    const run = await start();
    await run.history({ cost: 1 }, at(10));
    const data = [
      ["a", 1.5, null],
      ["b", Number.NaN, null],
    ];
    await run.history({}, at(11), [{ name: "metrics", table: { columns: ["name", "score", "none"], data } }]);
    const chart = { label: "Name", value: "Count", title: "T" };
    const table = { columns: ["Name", "Count"], data: [["x", 3]] };
    await run.history({ cost: 2 }, at(20), [{ name: "Datasets", table, chart }]);
    const bad = { name: "bad", table: { columns: ["a", "b"], data: [[1]] } };
    await expect(run.history({}, at(30), [bad])).rejects.toThrow(RangeError);
    await run.finish(0);
    const events = await readAll(run);
    const rows = of(events, "history");
    expect(rows.map((event) => [event.step, Object.keys(event.row).slice(0, -3)])).toEqual([
      [10, ["cost"]],
      [11, ["metrics"]],
      [20, ["cost", "Datasets_table"]],
    ]);
    const value = rows[1]?.row.metrics as Record<string, string>;
    const [media] = of(events, "file");
    expect(media?.file).toMatchObject({ path: value.path, type: "media" });
    expect(value.path).toMatch(/^media\/table\/metrics_11_[0-9a-f]{20}\.table\.json$/);
    const bytes = await readFile(media?.localPath ?? "", "utf8");
    expect(bytes).toBe('{"columns":["name","score","none"],"data":[["a",1.5,null],["b",null,null]]}');
    const [artifact] = of(events, "artifact").map((event) => event.artifact);
    expect(artifact).toMatchObject({
      name: "run-student_MjcJG-metrics",
      type: "run_table",
      aliases: ["latest"],
    });
    expect(value.artifact_path).toBe(`wandb-client-artifact://${artifact?.clientId}/metrics.table.json`);
    const artifactTable = JSON.parse(await readFile(artifact?.files[0]?.localPath ?? "", "utf8"));
    expect(artifactTable.column_types.params.type_map).toEqual({
      name: { wb_type: "union", params: { allowed_types: [{ wb_type: "none" }, { wb_type: "string" }] } },
      score: { wb_type: "union", params: { allowed_types: [{ wb_type: "none" }, { wb_type: "number" }] } },
      none: { wb_type: "union", params: { allowed_types: [{ wb_type: "none" }, { wb_type: "unknown" }] } },
    });
    const config = merged(events, "config");
    expect(config).toMatchObject({
      _wandb: {
        visualize: { Datasets: { panel_config: { fieldSettings: { label: "Name", value: "Count" } } } },
      },
    });
  });

  it("keeps a copy of an artifact's files, also when the run is moved", async () => {
    const source = join(dir, "logs");
    await mkdir(join(source, "sub"), { recursive: true });
    await writeFile(join(source, "train.log"), "marian");
    await writeFile(join(source, "empty"), "");
    await symlink(join(source, "train.log"), join(source, "sub", "link.log"));
    const run = await start();
    await run.directoryArtifact("logs", "logs", source, { metadata: { a: 1 } });
    await expect(run.directoryArtifact("a/b", "logs", source)).rejects.toThrow(/be a W&B artifact/);
    await symlink(source, join(source, "sub", "circle"));
    await expect(run.directoryArtifact("logs", "logs", source)).rejects.toThrow(/directory above it/);
    await run.finish(0);
    await rm(source, { recursive: true });
    await mkdir(join(dir, "elsewhere"));
    const directory = join(dir, "elsewhere", basename(run.directory));
    await rename(run.directory, directory);

    const artifacts = of(await readAll({ directory }), "artifact").map((event) => event.artifact);
    expect(artifacts).toHaveLength(1);
    expect(artifacts[0]).toMatchObject({ name: "logs", type: "logs", metadata: '{"a":1}', finalize: true });
    // md5 of "wandb-artifact-manifest-v1\nempty:1B2M2Y8AsgTpgAmY7PhCfg==\nsub/link.log:…\ntrain.log:…\n"
    expect(artifacts[0]?.digest).toBe("701de0e793ada1ebd5120e32ef4902e8");
    expect(artifacts[0]?.files.map(({ path, size }) => [path, size])).toEqual([
      ["empty", 0],
      ["sub/link.log", 6],
      ["train.log", 6],
    ]);
    expect(await readFile(artifacts[0]?.files[2]?.localPath ?? "", "utf8")).toBe("marian");
  });
});

describe("an offline run under an online client", () => {
  it("remembers the server's line of every undelivered row, over gaps and across restarts of counting", async () => {
    const run = await start({ baseUrl: "https://wandb.example", entity: "team" });
    await run.undelivered("history", 120, [
      '{"cost":NaN,"_step":10,"_runtime":1.5,"_timestamp":1694867542.5}',
      '{"cost":2,"_step":20,"_runtime":2.5,"_timestamp":1694867543.5}',
    ]);
    await run.history({ cost: 3 }, at(30));
    await run.undelivered("history", 500, ['{"cost":4,"_step":40}']);
    await run.undelivered("console", 7, ["ERROR 2023-09-16T12:32:22.000250 oops", "plain"]);
    await run.undelivered("events", 3, [
      '{"_wandb":true,"_runtime":1,"_timestamp":1694867541,"system.cpu":1.5}',
    ]);
    await run.flush();

    const state = await readDeliveryState(run.directory);
    expect(state).toMatchObject({
      runId: "student_MjcJG",
      project: "ru-en",
      entity: "team",
      baseUrl: "https://wandb.example",
      resume: "overwrite",
      anchor: { history: 0, events: 0, console: 0 },
      acknowledged: { history: 0, events: 0, console: 0 },
    });
    expect(state?.spans.history).toEqual([
      { record: 0, line: 120 },
      { record: 3, line: 500 },
    ]);
    const events = await readAll(run);
    expect(of(events, "history").map((event) => [event.line, event.step, event.row.cost])).toEqual([
      [120, 10, Number.NaN],
      [121, 20, 2],
      [122, 30, 3],
      [500, 40, 4],
    ]);
    expect(of(events, "history")[0]?.content).toBe(
      '{"cost":NaN,"_step":10,"_runtime":1.5,"_timestamp":1694867542.5}',
    );
    expect(of(events, "console").map((event) => [event.line, event.content.slice(0, 35)])).toEqual([
      [7, "ERROR 2023-09-16T12:32:22.000250 oo"],
      [8, expect.stringMatching(/^\d{4}-.* plain$/)],
    ]);
    expect(of(events, "events").map((event) => event.line)).toEqual([3]);
    await expect(run.undelivered("history", 9, ["{"])).rejects.toThrow(SyntaxError);
    await run.finish(0);
  });

  it("counts lines from an unknown anchor when it is to be appended", async () => {
    const run = await start({ resume: "append" });
    await run.history({ cost: 1 }, at(1));
    await run.finish(0);
    expect(await readDeliveryState(run.directory)).toMatchObject({
      resume: "append",
      anchor: null,
      entity: null,
    });
  });
});

describe("an offline file that was hurt", () => {
  it("is read up to the cut", async () => {
    const run = await start();
    for (let step = 0; step < 50; step++) await run.history({ cost: step }, at(step));
    await run.finish(0);
    const [file = ""] = await findTransactionLogs(run.directory);
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, 2000));
    const events = await readAll(run);
    const rows = of(events, "history");
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThan(50);
    expect(rows.map((event) => event.line)).toEqual(rows.map((_, index) => index));
    expect(of(events, "cut")).toHaveLength(1);
    expect(of(events, "exit")).toEqual([]);
  });

  it("gives no line numbers behind damage", async () => {
    const run = await start();
    for (let step = 0; step < 2000; step++) await run.history({ cost: step }, at(step));
    await run.finish(0);
    const [file = ""] = await findTransactionLogs(run.directory);
    const bytes = await readFile(file);
    bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const events = await readAll(run);
    const [damage] = of(events, "damage");
    expect(damage?.offset).toBeGreaterThan(39_000);
    expect(damage?.offset).toBeLessThanOrEqual(40_000);
    const split = events.findIndex((event) => event.kind === "damage");
    const before = of(events.slice(0, split), "history");
    const behind = of(events.slice(split), "history");
    expect(before.map((event) => event.line)).toEqual(before.map((event) => event.step));
    expect(behind.length).toBeGreaterThan(100);
    expect(new Set(behind.map((event) => event.line))).toEqual(new Set([undefined]));
    expect(of(events, "exit")).toHaveLength(1);
  });

  it("is not delivered by a damaged delivery state", async () => {
    const run = await start();
    await run.finish(0);
    const [file = ""] = await findTransactionLogs(run.directory);
    for (const text of ["{", "[]", '{"version":2}']) {
      await writeFile(join(run.directory, "marian-tracking.json"), text);
      await expect(OfflineReader.open(file)).rejects.toThrow(
        expect.objectContaining({ code: "delivery-state" }),
      );
    }
  });
});
