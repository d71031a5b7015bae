import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Agent } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/wandb/client/format/json.js";
import type { RowTable } from "../../src/wandb/client/format/row-table.js";
import type { TableData } from "../../src/wandb/client/format/table.js";
import { ApiKey, WandbClient, WandbRun } from "../../src/wandb/client/index.js";
import { StandInServer } from "../servers/wandb/index.js";
import { type OfficialRun, type OfficialStart, official, officialClientFound } from "./official-client.js";

const START = 1_694_867_941;
const GOLDEN = resolve("../shared/golden");

let home = "";
let server: StandInServer;
let client: WandbClient;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "wandb-interop-"));
  server = await StandInServer.start({ features: ["FILESTREAM_GZIP"] });
  const settings = {
    baseUrl: server.url,
    uiUrl: server.url,
    apiKey: new ApiKey(server.apiKey, "the test"),
    entity: undefined,
    mode: "online" as const,
    dir: home,
  };
  client = new WandbClient(settings, { version: "marian-tracking/test", dispatcher: new Agent() });
});

afterAll(async () => {
  await client.close();
  await server.close();
  await rm(home, { recursive: true, force: true });
});

async function jobs<T extends unknown[]>(...list: Parameters<typeof official>[2][number][]): Promise<T> {
  return (await official(server, home, list)) as T;
}

const readOf = (id: string) => ({ do: "read", path: `team/ru-en/${id}` });

/** Values of a row without those that each client makes for itself. */
function valuesOf(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { _timestamp, _runtime, ...values } = row;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, comparable(value)]));
}

/** Table references have random ids, and a step in the path that says nothing. */
function comparable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("_type" in value)) return value;
  const { sha256, size, ncols, nrows, log_mode, _type } = value as Record<string, unknown>;
  return { sha256, size, ncols, nrows, log_mode, _type };
}

describe.skipIf(!officialClientFound)("a run of ours, read by the official client", () => {
  let run: OfficialRun;
  let logs = "";
  let pythonDigest: unknown;
  let table: unknown;
  let listed: unknown;

  beforeAll(async () => {
    logs = join(home, "logs");
    await mkdir(join(logs, "eval"), { recursive: true });
    await writeFile(join(logs, "train.log"), "[2023-09-16] é\n");
    await writeFile(join(logs, "eval", "eval-1.log"), Buffer.from([0, 255, 10]));
    await writeFile(join(logs, "Z"), "");
    await writeFile(join(logs, "ａ"), "full width");
    await writeFile(join(logs, "😀"), "beyond the first plane");
    const ours = await WandbRun.start({
      client,
      project: "ru-en",
      id: "student_MjcJG",
      displayName: "student",
      group: "exp_MjcJGroup",
      tags: ["taskcluster", "author:me"],
      jobType: "train",
      notes: "a note",
      startedAt: START,
      config: {
        marian: { "dim-emb": 1024, nan: Number.NaN, empty: {} },
        arguments: { c: ["a", "b"] },
        model: null,
      },
    });
    const datasets = {
      columns: ["Name", "Count"],
      data: [
        ["corpus", 12],
        ["mono", null],
      ],
    };
    const chart = { label: "Name", value: "Count", title: "Datasets" };
    await ours.history({}, { step: 0, timestamp: START }, [{ name: "Datasets", table: datasets, chart }]);
    await ours.history(
      { epoch: 1, cost: 8.26540375, text: 'ü \u2028 "q"' },
      { step: 1000, timestamp: START + 375.06 },
    );
    const metrics = {
      columns: ["Group", "bleu", "ok"],
      data: [
        ["g", 37.5, true],
        [null, 1e-7, null],
      ],
    };
    await ours.history(
      { cost: Number.NaN, gnorm: Number.POSITIVE_INFINITY, low: Number.NEGATIVE_INFINITY },
      { step: 2000, timestamp: START + 640.25 },
      [{ name: "metrics", table: metrics }],
    );
    await ours.systemMetrics({ cpu: 12.5, "gpu.0.temp": 61 }, START + 15);
    await ours.console([
      { text: "[marian] Marian v1.12.0", timestamp: START },
      { text: "worse", timestamp: START + 1.5, error: true },
    ]);
    await ours.directoryArtifact("logs", "logs", logs);
    const receipt = await ours.finish(0);
    expect(receipt).toMatchObject({ complete: true, warnings: [] });
    [run, pythonDigest, table, listed] = await jobs<[OfficialRun, unknown, unknown, unknown]>(
      readOf("student_MjcJG"),
      { do: "digest", path: logs },
      { do: "table", artifact: "team/ru-en/run-student_MjcJG-metrics:latest", name: "metrics" },
      {
        do: "runs",
        path: "team/ru-en",
        filters: { group: "exp_MjcJGroup", "config.marian.value.dim-emb": 1024 },
      },
    );
  });

  it("has its names, tags, notes and state", () => {
    expect(run).toMatchObject({
      id: "student_MjcJG",
      name: "student",
      state: "finished",
      group: "exp_MjcJGroup",
      job_type: "train",
      notes: "a note",
      tags: ["taskcluster", "author:me"],
    });
    expect(listed).toEqual(["student_MjcJG"]);
  });

  it("has its configuration", () => {
    expect(run.config).toEqual({
      marian: { "dim-emb": 1024, nan: Number.NaN, empty: {} },
      arguments: { c: ["a", "b"] },
      model: null,
    });
  });

  it("has every row with the log's own time, NaN and infinities", () => {
    expect(run.scan).toEqual(run.history);
    expect(run.scan.map(valuesOf)).toEqual([
      { _step: 0, Datasets_table: expect.objectContaining({ _type: "table-file", nrows: 2 }) },
      { _step: 1000, epoch: 1, cost: 8.26540375, text: 'ü \u2028 "q"' },
      {
        _step: 2000,
        cost: Number.NaN,
        gnorm: Number.POSITIVE_INFINITY,
        low: Number.NEGATIVE_INFINITY,
        metrics: expect.objectContaining({ _type: "table-file", nrows: 2, ncols: 3 }),
      },
    ]);
    expect(run.scan.map((row) => [row._timestamp, row._runtime])).toEqual([
      [START, 0],
      [START + 375.06, 375.06],
      [START + 640.25, 640.25],
    ]);
  });

  it("has its summary", () => {
    expect(run.summary).toMatchObject({
      epoch: 1,
      cost: Number.NaN,
      gnorm: Number.POSITIVE_INFINITY,
      _step: 2000,
    });
    expect(run.summary._wandb).toEqual({ runtime: 640 });
  });

  it("has its system metrics and its console log", () => {
    expect(run.system).toEqual([
      { _wandb: true, _runtime: 15, _timestamp: START + 15, "system.cpu": 12.5, "system.gpu.0.temp": 61 },
    ]);
    expect(run.console.map(([, level, text]) => [level, text])).toEqual([
      ["", "[marian] Marian v1.12.0"],
      ["error", "worse"],
    ]);
    expect(run.files["output.log"]).toBe("[marian] Marian v1.12.0\nworse\n");
  });

  it("has its tables, as files and as artifacts", () => {
    const names = Object.keys(run.files).filter((name) => name.startsWith("media/table/metrics"));
    expect(names).toHaveLength(1);
    const data = [
      ["g", 37.5, true],
      [null, 1e-7, null],
    ];
    expect(JSON.parse(run.files[names[0] ?? ""] ?? "")).toEqual({ columns: ["Group", "bleu", "ok"], data });
    expect(table).toEqual({ columns: ["Group", "bleu", "ok"], data });
  });

  it("has the directory with Python's own digest", () => {
    const artifact = run.artifacts.find((one) => one.type === "logs");
    expect(artifact).toMatchObject({ name: "logs:v0", aliases: ["latest"], digest: pythonDigest });
    expect(artifact?.files).toEqual({
      "train.log": Buffer.from("[2023-09-16] é\n").toString("latin1"),
      "eval/eval-1.log": "\u0000\u00ff\n",
      Z: "",
      ａ: "full width",
      "😀": "beyond the first plane",
    });
  });
});

describe.skipIf(!officialClientFound)("resuming", () => {
  const directions = ["ours-ours", "ours-official", "official-ours", "official-official"] as const;
  const read = new Map<string, OfficialRun>();
  const starts = new Map<string, OfficialStart>();

  async function ours(id: string, steps: readonly number[], config: JsonObject): Promise<void> {
    const run = await WandbRun.start({ client, project: "ru-en", id, config });
    if (steps[0] === 1000) {
      run.updateConfig({ first: true });
      const table = { columns: ["N", "C"], data: [["a", 1]] };
      const chart = { label: "N", value: "C", title: "t" };
      await run.history({}, { step: 0, timestamp: START }, [{ name: "Bar", table, chart }]);
    }
    for (const step of steps)
      await run.history({ cost: step / 1000, [`at${step}`]: 1 }, { step, timestamp: START + step });
    expect((await run.finish()).complete).toBe(true);
  }

  const officialJob = (id: string, steps: readonly number[], config: JsonObject, resume: string) => {
    const bar = {
      Bar: {
        _type: "plot.bar",
        table: { _type: "Table", columns: ["N", "C"], data: [["a", 1]] },
        label: "N",
        value: "C",
        title: "t",
      },
    };
    const rows: unknown[] = steps.map((step) => [step, { cost: step / 1000, [`at${step}`]: 1 }]);
    const early = steps[0] === 1000 ? { ...config, first: true } : config;
    const all = steps[0] === 1000 ? [[null, bar], ...rows] : rows;
    return { do: "publish", project: "ru-en", id, config: early, resume, rows: all };
  };

  beforeAll(async () => {
    const before = [1000, 2000];
    const after = [3000, 4000];
    await ours("ours-ours", before, { a: 1 });
    await ours("ours-official", before, { a: 1 });
    const [, , first, second] = await jobs<OfficialStart[]>(
      officialJob("official-ours", before, { a: 1 }, "allow"),
      officialJob("official-official", before, { a: 1 }, "allow"),
      officialJob("ours-official", after, { b: 2 }, "must"),
      officialJob("official-official", after, { b: 2 }, "must"),
    );
    if (first === undefined || second === undefined) throw new Error("no results");
    starts.set("ours-official", first).set("official-official", second);
    await ours("ours-ours", after, { b: 2 });
    await ours("official-ours", after, { b: 2 });
    const runs = await jobs<OfficialRun[]>(...directions.map(readOf));
    for (const run of runs) read.set(run.id, run);
  });

  it.each(directions)("%s keeps every row and adds the new ones", (id) => {
    const rows = read.get(id)?.scan.map(valuesOf) ?? [];
    expect(rows.map((row) => row._step)).toEqual([0, 1000, 2000, 3000, 4000]);
    expect(rows).toEqual(read.get("official-official")?.scan.map(valuesOf));
  });

  it.each(directions)("%s keeps configuration, summary and charts", (id) => {
    const run = read.get(id);
    expect(run?.config).toEqual({ a: 1, b: 2, first: true });
    expect(run?.summary).toMatchObject({ cost: 4, at1000: 1, at2000: 1, at3000: 1, at4000: 1, _step: 4000 });
    expect(run?.rawconfig._wandb.visualize).toEqual(
      read.get("official-official")?.rawconfig._wandb.visualize,
    );
    expect(run?.state).toBe("finished");
  });

  it("looks the same to the official client, whoever made the first part", () => {
    const byUs = starts.get("ours-official");
    const byThem = starts.get("official-official");
    expect(byUs).toMatchObject({ resumed: true, starting_step: 2001 });
    expect(byThem).toMatchObject({ resumed: true, starting_step: 2001 });
    expect(byUs?.config).toEqual(byThem?.config);
  });

  it("never wrote a line at the wrong place", () => {
    expect(server.violations).toEqual([]);
  });
});

interface RecordedCall {
  readonly call: string;
  readonly run?: string;
  readonly kwargs?: { readonly id?: string };
  readonly data?: Readonly<Record<string, unknown>>;
  readonly step?: number;
}

/** One call of run.log; without a step it joins the open row. */
interface LogCall {
  readonly data: Readonly<Record<string, unknown>>;
  readonly step: number | undefined;
}

const recordings = ["taskcluster_file_wandb", "archive_synthetic_taskcluster"].map((name) => ({
  name,
  path: join(GOLDEN, name, "wandb_calls.json"),
}));
const recordingsFound = recordings.every(({ path }) => existsSync(path));
if (!recordingsFound) process.stderr.write(`skipped: no recorded calls under ${GOLDEN}\n`);

describe.skipIf(!officialClientFound || !recordingsFound)(
  "the recorded calls of the Python reference",
  () => {
    interface Bar {
      readonly table: TableData;
      readonly label: string;
      readonly value: string;
      readonly title: string;
    }

    function callsByRun(path: string): Map<string, LogCall[]> {
      const calls = JSON.parse(readFileSync(path, "utf8")) as RecordedCall[];
      const runs = new Map<string, LogCall[]>();
      const sessions = new Map<string, number>();
      for (const { call, run, kwargs, data, step } of calls) {
        // The archive has one run twice; the second is a run of its own here.
        const id = run ?? kwargs?.id ?? "";
        if (call === "init") sessions.set(id, (sessions.get(id) ?? 0) + 1);
        if (call !== "run.log" || data === undefined) continue;
        const name = `${id}-session${sessions.get(id)}`;
        runs.set(name, [...(runs.get(name) ?? []), { data, step }]);
      }
      return runs;
    }

    /** As the official client does it: what is logged without a step joins the open row and closes it. */
    async function replay(id: string, calls: readonly LogCall[]): Promise<void> {
      const run = await WandbRun.start({ client, project: "ru-en", id, startedAt: START });
      let open: { step: number; values: Record<string, unknown>; tables: RowTable[] } | undefined;
      let next = 0;
      const close = async (): Promise<void> => {
        if (open === undefined) return;
        const { step, values, tables } = open;
        await run.history(values as JsonObject, { step, timestamp: START + step }, tables);
        next = step + 1;
        open = undefined;
      };
      for (const { step, data } of calls) {
        if (step !== undefined && open?.step !== step) await close();
        open ??= { step: step ?? next, values: {}, tables: [] };
        for (const [name, value] of Object.entries(data)) {
          const { _type: type } = (value ?? {}) as { readonly _type?: string };
          if (type === "plot.bar")
            open.tables.push({ name, table: (value as Bar).table, chart: value as Bar });
          else if (type === "Table") open.tables.push({ name, table: value as TableData });
          else open.values[name] = value;
        }
        if (step === undefined) await close();
      }
      await close();
      expect((await run.finish()).complete).toBe(true);
    }

    it.each(recordings)("$name read back alike from both clients", async ({ path }) => {
      const runs = [...callsByRun(path)];
      for (const [id, calls] of runs) await replay(`ours-${id}`, calls);
      const publishJobs = runs.map(([id, calls]) => ({
        do: "publish",
        project: "ru-en",
        id: `official-${id}`,
        rows: calls.map((call) => [call.step ?? null, call.data]),
      }));
      const readJobs = runs.flatMap(([id]) => [readOf(`ours-${id}`), readOf(`official-${id}`)]);
      const results = await jobs<unknown[]>(...publishJobs, ...readJobs);
      const read = results.slice(publishJobs.length) as OfficialRun[];
      expect(runs.length).toBeGreaterThan(0);
      runs.forEach(([id], index) => {
        const ours = read[2 * index];
        const theirs = read[2 * index + 1];
        expect([id, ours?.scan.map(valuesOf)]).toEqual([id, theirs?.scan.map(valuesOf)]);
        expect(ours?.rawconfig._wandb.visualize).toEqual(theirs?.rawconfig._wandb.visualize);
        const tables = (run: OfficialRun | undefined) =>
          run?.artifacts.map((one) => one.name.replace(/^run-\w+?-/, "")).sort();
        expect(tables(ours)).toEqual(tables(theirs));
      });
      expect(server.violations).toEqual([]);
    });
  },
);
