import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonValue } from "../../../src/wandb/client/format/json.js";
import { tableArtifactName } from "../../../src/wandb/client/format/names.js";
import { applyChanges, type OfflineEvent, OfflineReader } from "../../../src/wandb/offline/offline-reader.js";
import { OfflineRun } from "../../../src/wandb/offline/offline-run.js";
import { encodeRecord } from "../../../src/wandb/offline/records.js";
import { findTransactionLogs, isSynced } from "../../../src/wandb/offline/run-directory.js";
import { BLOCK_SIZE, TransactionLogEncoder } from "../../../src/wandb/offline/transaction-log.js";
import { parseLine, StandInServer } from "../../servers/wandb/index.js";
import { findWandbVenv, wandbEnvironment } from "./wandb-venv.js";

const execute = promisify(execFile);
const HERE = resolve("test/wandb/offline");
const START = 1_694_867_540.991;

const venv = await findWandbVenv();
// Said aloud: a run of the suite without the judge should not pass for one with it.
if ("missing" in venv) process.stderr.write(`skipped: ${venv.missing}\n`);
const { python, wandb } = "missing" in venv ? { python: "", wandb: "" } : venv;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "official-"));
});
afterAll(() => rm(dir, { recursive: true }));

/** Runs a program of the official client. What it says on stderr is returned, its failure is thrown. */
async function run(
  program: string,
  args: string[],
  more: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string }> {
  const env = { ...wandbEnvironment(dir), ...more };
  return await execute(program, args, { env, cwd: dir, maxBuffer: 1 << 28 });
}

type Json = Record<string, unknown>;
const jsonLines = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json);

/** A run with a bit of everything, with a row over three blocks and non-finite numbers. */
async function writeRun(id: string): Promise<OfflineRun> {
  const logs = join(dir, `logs-${id}`);
  await mkdir(join(logs, "sub"), { recursive: true });
  await writeFile(join(logs, "train.log"), `marian ${id}`);
  await writeFile(join(logs, "sub", "empty"), "");
  const offline = await OfflineRun.start({
    dir,
    id,
    project: "ru-en",
    group: "exp_MjcJG",
    displayName: `name of ${id}`,
    tags: ["a", "b"],
    jobType: "train",
    notes: "some notes",
    host: "box",
    startedAt: START,
    config: { marian: { layers: [6, 2] }, lr: 0.5 },
  });
  const row = (step: number) => ({ step, timestamp: START + step, runtime: step });
  await offline.history({ cost: 8.25, gnorm: Number.NaN, text: "é" }, row(10));
  await offline.history({ cost: Number.NEGATIVE_INFINITY, text: "é".repeat(50_000) }, row(20));
  await offline.console([
    { text: "first line", timestamp: START + 1 },
    { text: "an error", timestamp: START + 2, error: true },
  ]);
  await offline.systemMetrics({ "system.cpu": 3.5 }, START + 15);
  const chart = { label: "Name", value: "Count", title: "T" };
  const data = [
    ["x", 3],
    ["y", null],
  ];
  await offline.history({}, row(30), [
    { name: "Datasets", table: { columns: ["Name", "Count"], data }, chart },
  ]);
  await offline.directoryArtifact("logs", "logs", logs);
  await offline.file("notes.txt", Buffer.from("hello"));
  offline.updateConfig({ late: "yes" });
  offline.summary({ best: { chrf: 50.1 } });
  await offline.finish(3);
  return offline;
}

async function events(directory: string): Promise<OfflineEvent[]> {
  const [file = ""] = await findTransactionLogs(directory);
  const list: OfflineEvent[] = [];
  for await (const event of await OfflineReader.open(file)) list.push(event);
  return list;
}

describe.skipIf("missing" in venv)("the official client", () => {
  it("parses every record of our file with its own message classes", async () => {
    const offline = await writeRun("classes");
    const [file = ""] = await findTransactionLogs(offline.directory);
    const { stdout } = await run(python, [join(HERE, "read_records.py"), file]);
    const records = jsonLines(stdout);
    expect(records.map((record) => record.num)).toEqual(records.map((_, index) => String(index + 1)));
    const kinds = records.map((record) => Object.keys(record).find((key) => key !== "num"));
    expect([kinds[0], kinds[1], kinds.at(-2), kinds.at(-1)]).toEqual(["header", "run", "exit", "footer"]);
    expect(new Set(kinds)).toEqual(
      new Set("header run history output_raw stats config artifact files summary exit footer".split(" ")),
    );
    expect(records[1]?.run).toEqual({
      run_id: "classes",
      project: "ru-en",
      run_group: "exp_MjcJG",
      job_type: "train",
      display_name: "name of classes",
      notes: "some notes",
      tags: ["a", "b"],
      host: "box",
      start_time: "2023-09-16T12:32:20.991Z",
      config: {
        update: [
          { key: "marian", value_json: '{"layers":[6,2]}' },
          { key: "lr", value_json: "0.5" },
        ],
      },
    });
    expect(records.filter((record) => "history" in record)[0]?.history).toEqual({
      item: [
        { key: "cost", value_json: "8.25" },
        { key: "gnorm", value_json: "NaN" },
        { key: "text", value_json: '"é"' },
        { key: "_step", value_json: "10" },
        { key: "_runtime", value_json: "10" },
        { key: "_timestamp", value_json: String(START + 10) },
      ],
      step: { num: "10" },
    });
    expect(records.filter((record) => "output_raw" in record).map((record) => record.output_raw)).toEqual([
      { output_type: "STDOUT", timestamp: "2023-09-16T12:32:21.991Z", line: "first line\n" },
      { timestamp: "2023-09-16T12:32:22.991Z", line: "an error\n" },
    ]);
    const artifacts = records.flatMap((record) => ("artifact" in record ? [record.artifact as Json] : []));
    expect(artifacts[1]).toMatchObject({
      run_id: "classes",
      type: "logs",
      name: "logs",
      aliases: ["latest"],
      finalize: true,
      digest_algorithm: "MANIFEST_MD5",
      manifest: {
        version: 1,
        storage_policy: "wandb-storage-policy-v1",
        storage_policy_config: [{ key: "storageLayout", value_json: '"V2"' }],
        contents: [{ path: "sub/empty" }, { path: "train.log", size: "14" }],
      },
    });
    expect(records.at(-2)?.exit).toEqual({ exit_code: 3, runtime: 30 });
  });

  it("lists our file with its own reader, up to the last byte of a block and beyond", async () => {
    const encoder = new TransactionLogEncoder();
    const texts: string[] = [];
    const pieces: Uint8Array[] = [];
    const append = (size: number) => {
      const text = "x".repeat(size);
      const record = { kind: "output", stream: "stdout", timestamp: START, text } as const;
      texts.push(text);
      pieces.push(encoder.encode(encodeRecord(texts.length, record)));
    };
    for (let left = 0; left <= 9; left++) {
      append(100);
      // Texts of this length take 19 bytes around them with their record number below 128.
      const room = BLOCK_SIZE - (encoder.position % BLOCK_SIZE);
      const text = "x".repeat(room - left - 7 - 100);
      const size = encodeRecord(texts.length + 1, {
        kind: "output",
        stream: "stdout",
        timestamp: START,
        text,
      }).length;
      append(text.length + 100 - (size - text.length));
      expect(encoder.position % BLOCK_SIZE).toBe((BLOCK_SIZE - left) % BLOCK_SIZE);
    }
    append(3 * BLOCK_SIZE);
    const file = join(dir, "run-ends.wandb");
    await writeFile(file, Buffer.concat(pieces));
    const { stdout, stderr } = await run(wandb, ["leet", "inspect", "--json", file]);
    expect(stderr).not.toMatch(/corrupt/);
    const lines = jsonLines(stdout).map((record) => (record.output_raw as Json).line as string);
    expect(lines.map((line) => line.length)).toEqual(texts.map((text) => text.length));
    expect(jsonLines((await run(python, [join(HERE, "read_records.py"), file])).stdout)).toHaveLength(
      texts.length,
    );
  });

  it("sees the state and the metrics of our file", async () => {
    const offline = await writeRun("summary");
    const { stdout } = await run(wandb, ["leet", "inspect", "--summary", "--json", offline.directory]);
    expect(JSON.parse(stdout)).toMatchObject({
      run_id: "summary",
      name: "name of summary",
      project: "ru-en",
      state: "failed",
      exit_code: 3,
      step: 30,
      tags: ["a", "b"],
      start_time: "2023-09-16T12:32:20.991Z",
      config: { marian: { layers: [6, 2] }, lr: 0.5, late: "yes" },
      console_lines: 2,
      summary: { cost: "-Infinity", gnorm: "NaN", _step: 30, best: { chrf: 50.1 } },
    });
  });

  it("reads whole rows from a file that was cut", async () => {
    const offline = await writeRun("cut");
    const [file = ""] = await findTransactionLogs(offline.directory);
    const bytes = await readFile(file);
    const cut = join(dir, "run-short.wandb");
    await writeFile(cut, bytes.subarray(0, BLOCK_SIZE + 100));
    const theirs = jsonLines((await run(wandb, ["leet", "inspect", "--json", cut])).stdout);
    const ours: OfflineEvent[] = [];
    for await (const event of await OfflineReader.open(cut)) ours.push(event);
    expect(theirs.filter((record) => record.type === "history")).toHaveLength(1);
    expect(ours.filter((event) => event.kind === "history")).toHaveLength(1);
    expect(ours.at(-1)?.kind).toBe("cut");
  });

  it("names artifacts of tables as we do", async () => {
    const keys = ["metrics", "a/b c", "é", "x.y-z_1", "1 2", "::"];
    const script = `import sys
from wandb.sdk.artifacts._internal_artifact import sanitize_artifact_name
print("\\n".join(sanitize_artifact_name("run-id-" + key) for key in sys.argv[1:]))`;
    const { stdout } = await run(python, ["-c", script, ...keys]);
    expect(keys.map((key) => tableArtifactName("id", key))).toEqual(stdout.trim().split("\n"));
  });

  it("writes runs that we read", async () => {
    const folder = join(dir, "theirs");
    await mkdir(folder);
    await run(python, [join(HERE, "write_run.py"), folder]);
    const list = await events(folder);
    const config: Record<string, JsonValue | undefined> = {};
    const summary: Record<string, JsonValue | undefined> = {};
    const rows: Extract<OfflineEvent, { kind: "history" }>[] = [];
    for (const event of list) {
      if (event.kind === "run") applyChanges(config, { update: event.run.config, remove: [] });
      else if (event.kind === "config") applyChanges(config, event);
      else if (event.kind === "summary") applyChanges(summary, event);
      else if (event.kind === "history") rows.push(event);
    }
    expect(list[0]).toMatchObject({
      kind: "run",
      run: {
        runId: "official",
        project: "ru-en",
        displayName: "student",
        group: "exp_MjcJG",
        jobType: "train",
        notes: "some notes",
        tags: ["a", "b"],
      },
    });
    expect(config).toMatchObject({ marian: { layers: [6, 2] }, lr: 0.5, late: "yes" });
    expect(config).toMatchObject({ _wandb: { visualize: { Datasets: { panel_type: "Vega2" } } } });
    expect(rows.map((event) => [event.line, event.step])).toEqual([
      [0, 10],
      [1, 20],
      [2, 30],
    ]);
    const own = { _step: expect.anything(), _runtime: expect.any(Number), _timestamp: expect.any(Number) };
    expect(rows[0]?.row).toEqual({
      cost: 8.25,
      gnorm: Number.NaN,
      flag: true,
      none: null,
      big: 2 ** 60,
      deep: { a: { b: 1 } },
      ...own,
    });
    expect(rows[0]?.content).toContain('"big":1152921504606846976');
    expect(rows[1]?.row).toEqual({ cost: Number.NEGATIVE_INFINITY, text: "é".repeat(50_000), ...own });
    expect(rows[2]?.row).toMatchObject({
      metrics: { _type: "table-file", nrows: 2 },
      Datasets_table: { nrows: 1 },
    });
    expect(summary).toMatchObject({ cost: Number.NEGATIVE_INFINITY, best: { chrf: 50.1 }, flag: true });
    const lines = list.flatMap((event) =>
      event.kind === "console" && event.stream === "stdout" ? [event] : [],
    );
    expect(lines.map((event) => [event.line, event.text])).toEqual([
      [0, "first line"],
      [1, "over"],
    ]);
    for (const event of list) {
      if (event.kind === "file" && event.file.path.startsWith("media/")) {
        expect(JSON.parse(await readFile(event.localPath, "utf8"))).toHaveProperty("columns");
      }
    }
    const artifacts = list.flatMap((event) => (event.kind === "artifact" ? [event.artifact] : []));
    expect(artifacts.map((artifact) => artifact.name)).toEqual(
      expect.arrayContaining(["logs", "run-official-metrics"]),
    );
    const [log] = artifacts.find((artifact) => artifact.name === "logs")?.files ?? [];
    expect(log).toMatchObject({ path: "sub/train.log", size: 6 });
    expect(await readFile(log?.localPath ?? "", "utf8")).toBe("marian");
    expect(list.at(-1)).toMatchObject({ kind: "exit", exitCode: 3 });
    expect(list.filter((event) => event.kind === "damage" || event.kind === "cut")).toEqual([]);
  });

  it("uploads our file with wandb sync, row by row as it is", async () => {
    const offline = await writeRun("synced");
    const server = await StandInServer.start();
    try {
      const more = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
      await run(wandb, ["sync", "--yes", offline.directory], more);
      const stored = server.run("ru-en", "synced");
      const own = await events(offline.directory);
      const rows = own.flatMap((event) => (event.kind === "history" ? [event.row] : []));
      expect(rows).toHaveLength(3);
      expect(server.history("ru-en", "synced")).toEqual(rows);
      expect(stored).toMatchObject({
        displayName: "name of synced",
        group: "exp_MjcJG",
        jobType: "train",
        notes: "some notes",
        host: "box",
        tags: ["a", "b"],
        state: "failed",
        exitCode: 3,
      });
      const config = parseLine(stored.config) as Json;
      expect(config).toMatchObject({
        marian: { value: { layers: [6, 2] } },
        lr: { value: 0.5 },
        late: { value: "yes" },
        _wandb: { value: { visualize: { Datasets: { panel_type: "Vega2" } } } },
      });
      const summary: Record<string, JsonValue | undefined> = {};
      for (const event of own) if (event.kind === "summary") applyChanges(summary, event);
      expect(parseLine(stored.lines["wandb-summary.json"][0] ?? "")).toEqual(summary);
      expect(summary).toMatchObject({ cost: Number.NEGATIVE_INFINITY, best: { chrf: 50.1 }, _step: 30 });
      // The official client stamps console lines with the time of the upload.
      expect(stored.lines["output.log"].map((line) => line.replace(/\d{4}-\S+ /, ""))).toEqual([
        "first line",
        "ERROR an error",
      ]);
      expect(stored.lines["wandb-events.jsonl"].map(parseLine)).toEqual([
        { _wandb: true, _runtime: 15, _timestamp: START + 15, "system.cpu": 3.5 },
      ]);
      const { path = "" } = (rows[2]?.Datasets_table ?? {}) as Record<string, string>;
      expect([...stored.visible]).toEqual(expect.arrayContaining(["notes.txt", path]));
      expect(stored.uploads.get("notes.txt")?.bytes.toString()).toBe("hello");
      expect(stored.uploads.get(path)?.bytes.toString()).toBe(
        '{"columns":["Name","Count"],"data":[["x",3],["y",null]]}',
      );
      const digests = own.flatMap((event) => (event.kind === "artifact" ? [event.artifact.digest] : []));
      expect(
        server.store.artifacts.map(({ collection, type, state, runId }) => [collection, type, state, runId]),
      ).toEqual(
        expect.arrayContaining([
          ["run-synced-Datasets_table", "run_table", "COMMITTED", "synced"],
          ["logs", "logs", "COMMITTED", "synced"],
        ]),
      );
      expect(server.store.artifacts.map(({ digest }) => digest).sort()).toEqual(digests.sort());
      expect(server.violations).toEqual([]);
      const [file = ""] = await findTransactionLogs(offline.directory);
      expect(await isSynced(file)).toBe(true);
    } finally {
      await server.close();
    }
  });

  it("uploads the rows of a run whose writer was killed", async () => {
    const offline = await OfflineRun.start({
      dir,
      id: "killed",
      project: "ru-en",
      startedAt: START,
    });
    for (let step = 1; step <= 10; step++) {
      await offline.history({ cost: step }, { step, timestamp: START + step, runtime: step });
    }
    await offline.flush();
    const [file = ""] = await findTransactionLogs(offline.directory);
    const bytes = await readFile(file);
    // What a write that was under way leaves behind.
    await writeFile(file, Buffer.concat([bytes, bytes.subarray(7, 50)]));
    const server = await StandInServer.start();
    try {
      const more = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
      await run(wandb, ["sync", "--yes", offline.directory], more);
      expect(server.history("ru-en", "killed").map((row) => row._step)).toEqual([
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
      ]);
      expect(server.run("ru-en", "killed").state).toBe("failed");
    } finally {
      await server.close();
      await offline.finish(1);
    }
  });
});
