/** Evaluations, the run of a group, and rows that were sent twice, as the official client sees them. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/evaluation/evaluation.js";
import { ApiKey, WandbClient, WandbRun } from "../../src/wandb/client/index.js";
import { publishEvaluationRun } from "../../src/wandb/evaluation-run.js";
import { publishGroupLogs } from "../../src/wandb/group-logs.js";
import type { WandbPlace } from "../../src/wandb/publication.js";
import { StandInServer } from "../servers/wandb/index.js";
import { type OfficialRun, official, officialClientFound } from "./official-client.js";

let home = "";
let server: StandInServer;
let client: WandbClient;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "wandb-tables-"));
  server = await StandInServer.start();
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

const place = (): WandbPlace => ({
  project: "ru-en",
  group: "exp_G",
  tags: [],
  client,
  dir: home,
  baseUrl: server.url,
});

const evaluation = (
  model: string,
  dataset: string,
  scores: Readonly<Record<string, number>>,
): Evaluation => ({
  run: model,
  importer: "flores",
  dataset,
  augmentation: null,
  metrics: new Map(Object.entries(scores)),
  source: "",
});

const bar = (title: string, data: readonly (readonly [string, number])[]) => ({
  _type: "plot.bar",
  table: { _type: "Table", columns: ["Metric", "Value"], data },
  label: "Metric",
  value: "Value",
  title,
});

async function jobs(...list: Parameters<typeof official>[2][number][]): Promise<unknown[]> {
  return official(server, home, list);
}

const readOf = (id: string) => ({ do: "read", path: `${server.entity}/ru-en/${id}` });

/** A table by its reference in the summary. */
function tableIn(run: OfficialRun, key: string): unknown {
  const { path = "" } = (run.summary[key] ?? {}) as { readonly path?: string };
  return JSON.parse(run.files[path] ?? "null");
}

describe.skipIf(!officialClientFound)("evaluations", () => {
  const scores: [string, number][] = [
    ["bleu_detok", 26.9],
    ["chrf", 58.4],
  ];

  it("are the tables and charts that the official client makes", async () => {
    await publishEvaluationRun({
      ...place(),
      id: "ours",
      evaluations: [evaluation("student", "devtest", Object.fromEntries(scores))],
    });
    const rows = [[null, { flores_devtest: bar("flores_devtest", scores) }]];
    const [, ours, theirs, table] = (await jobs(
      { do: "publish", project: "ru-en", id: "theirs", rows },
      readOf("ours"),
      readOf("theirs"),
      {
        do: "table",
        artifact: `${server.entity}/ru-en/run-ours-flores_devtest_table:latest`,
        name: "flores_devtest_table",
      },
    )) as [unknown, OfficialRun, OfficialRun, unknown];
    expect(ours.rawconfig._wandb.visualize).toEqual(theirs.rawconfig._wandb.visualize);
    expect(tableIn(ours, "flores_devtest_table")).toEqual(tableIn(theirs, "flores_devtest_table"));
    expect(ours.scan.map(({ _step }) => _step)).toEqual(theirs.scan.map(({ _step }) => _step));
    expect(table).toEqual({ columns: ["Metric", "Value"], data: scores });
    expect(ours.state).toBe("finished");
  });

  it("that the official client published are known, and joined by others", async () => {
    const rows = [
      [1000, { cost: 8 }],
      [null, { flores_devtest: bar("flores_devtest", scores) }],
    ];
    await jobs({ do: "publish", project: "ru-en", id: "joined", rows });
    const known = evaluation("student", "devtest", Object.fromEntries(scores));
    const outcome = await publishEvaluationRun({ ...place(), id: "joined", evaluations: [known] });
    expect(outcome.notes).toEqual([{ text: "1 table was there already", isRoutine: true }]);
    const added = evaluation("student", "dev", { chrf: 50 });
    await publishEvaluationRun({ ...place(), id: "joined", evaluations: [known, added] });
    const [run] = (await jobs(readOf("joined"))) as [OfficialRun];
    expect(run.scan).toEqual([
      expect.objectContaining({
        _step: 1000,
        cost: 8,
        flores_devtest_table: expect.objectContaining({ nrows: 2 }),
        flores_dev_table: expect.objectContaining({ nrows: 1 }),
      }),
    ]);
    expect(Object.keys(run.rawconfig._wandb.visualize as object).sort()).toEqual([
      "flores_dev",
      "flores_devtest",
    ]);
    expect(tableIn(run, "flores_dev_table")).toEqual({ columns: ["Metric", "Value"], data: [["chrf", 50]] });
  });
});

describe.skipIf(!officialClientFound)("group_logs", () => {
  it("is completed by ours and by the official client in turn", async () => {
    const logsFolder = mkdtempSync(join(tmpdir(), "logs-"));
    writeFileSync(join(logsFolder, "eval.log"), "BLEU\n");
    const group = (model: string, bleu: number) =>
      publishGroupLogs({
        ...place(),
        group: "exp_G",
        suffix: "_MjcJG",
        config: { experiment: { name: "exp" } },
        evaluations: [evaluation(model, "devtest", { bleu_detok: bleu })],
        logsFolder,
      });
    const columns = ["Group", "Model", "Importer", "Dataset", "Augmenation", "bleu_detok", "chrf", "comet"];
    await group("student", 26.9);
    const [before] = (await jobs(readOf("group_logs_MjcJG"))) as [OfficialRun];
    const { data = [] } = tableIn(before, "metrics") as { readonly data?: readonly unknown[] };
    const row = ["exp_G", "teacher-1_MjcJG", "flores", "devtest", null, 28, null, null];
    await jobs({
      do: "publish",
      project: "ru-en",
      id: "group_logs_MjcJG",
      resume: "allow",
      rows: [[null, { metrics: { _type: "Table", columns, data: [...data, row] } }]],
    });
    await group("backwards", 20);
    const [run, table] = (await jobs(readOf("group_logs_MjcJG"), {
      do: "table",
      artifact: `${server.entity}/ru-en/run-group_logs_MjcJG-metrics:latest`,
      name: "metrics",
    })) as [OfficialRun, { readonly columns: string[]; readonly data: unknown[][] }];
    expect(run).toMatchObject({ group: "exp_G", state: "finished", config: { experiment: { name: "exp" } } });
    expect(table.columns).toEqual(columns);
    expect(table.data.map(([, model, , , , bleu]) => [model, bleu])).toEqual([
      ["student", 26.9],
      ["teacher-1_MjcJG", 28],
      ["backwards", 20],
    ]);
    const artifact = run.artifacts.find(({ type }) => type === "logs");
    expect(artifact).toMatchObject({ name: "exp_G:v0", files: { "eval.log": "BLEU\n" } });
    expect(server.violations).toEqual([]);
  });
});

describe.skipIf(!officialClientFound)("rows of a training that runs", () => {
  it("that were shown before they were whole are one row each, and the official client goes on behind them", async () => {
    const run = await WandbRun.start({ client, project: "ru-en", id: "live", pacing: "live" });
    const shown = (step: number, values: Record<string, number>) =>
      run.show([{ values, position: { step, timestamp: 1000 + step } }]);
    shown(1, { cost: 9 });
    await run.flush();
    shown(1, { cost: 9, chrf: 50 });
    await run.flush();
    await run.history({ cost: 9, chrf: 50 }, { step: 1, timestamp: 1001 });
    shown(2, { cost: 8 });
    await run.flush();
    const [during] = (await jobs(readOf("live"))) as [OfficialRun];
    await run.history({ cost: 8, chrf: 51 }, { step: 2, timestamp: 1002 });
    await run.finish();
    const [, after] = (await jobs(
      { do: "publish", project: "ru-en", id: "live", resume: "must", rows: [[3, { cost: 7 }]] },
      readOf("live"),
    )) as [unknown, OfficialRun];
    const rowsOf = ({ scan }: OfficialRun) => scan.map(({ _step, cost, chrf }) => [_step, cost, chrf]);
    expect(rowsOf(during)).toEqual([
      [1, 9, 50],
      [2, 8, undefined],
    ]);
    expect(rowsOf(after)).toEqual([
      [1, 9, 50],
      [2, 8, 51],
      [3, 7, undefined],
    ]);
    expect(after.summary).toMatchObject({ cost: 7, chrf: 51 });
  });
});
