/** Evaluations on W&B: with a training, and without one. */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Evaluation } from "../../src/evaluation/evaluation.js";
import { FileSource } from "../../src/io/source.js";
import { fieldsOf, outputsOf, publisherErrors } from "../../src/pipeline/input-receipt.js";
import { planSource, rowsOfSource } from "../../src/pipeline/plan-source.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import { type EvaluationPublication, publishEvaluationRun } from "../../src/wandb/evaluation-run.js";
import type { WandbPublication } from "../../src/wandb/publication.js";
import { WandbPublisher } from "../../src/wandb/wandb-publisher.js";
import { shared, sharedIsThere } from "../golden/shared.js";
import { parseLine, type StandInServer } from "../servers/wandb/index.js";
import { type Harness, harness } from "./client/harness.js";

type Row = Readonly<Record<string, unknown>>;

const evaluation = (dataset: string, metrics: Readonly<Record<string, number>>): Evaluation => ({
  run: "student",
  importer: "flores",
  dataset,
  augmentation: null,
  metrics: new Map(Object.entries(metrics)),
  source: `${dataset}.metrics`,
});
const DEVTEST = evaluation("devtest", { zeta: 1, chrf: 58.4, alpha: 0.5, bleu_detok: 26.9 });
const DEV = evaluation("dev", { comet: 87, bleu_detok: 27, chrf: 58 });

const start = "[2024-03-04 09:00:00] [marian] Marian v1.12.14 2d067af\n";
const row = (up: number, cost: number) =>
  `[2024-03-04 10:00:00] Ep. 1 : Up. ${up} : Sen. ${up * 10} : Cost ${cost.toFixed(8)}\n`;
const log = (...costs: readonly number[]) =>
  start + costs.map((cost, index) => row(1000 * (index + 1), cost)).join("");

const folder = (): string => mkdtempSync(join(tmpdir(), "evaluations-"));

function training({ client, server }: Harness, text: string, more: Partial<WandbPublication>) {
  const path = join(folder(), "train.log");
  writeFileSync(path, text);
  const source = new FileSource(path);
  return {
    source,
    publication: async (): Promise<WandbPublication> => {
      const plan = await planSource(source, {});
      return {
        id: "student",
        project: "cs-en",
        tags: [],
        client,
        dir: folder(),
        baseUrl: server.url,
        override: false,
        plan,
        rows: () => rowsOfSource(source, {}, plan),
        ...more,
      };
    },
  };
}

async function train(stage: Harness, text: string, evaluations: readonly Evaluation[], more = {}) {
  const { source, publication } = training(stage, text, { evaluations, ...more });
  const wanted = await publication();
  const receipt = await publishLog(source, {}, [new WandbPublisher(wanted)]);
  expect(publisherErrors(receipt)).toEqual([]);
  return receipt;
}

const without = (stage: Harness, evaluations: readonly Evaluation[]): EvaluationPublication => ({
  id: "student",
  project: "cs-en",
  group: "exp_G",
  tags: ["one"],
  client: stage.client,
  dir: folder(),
  baseUrl: stage.server.url,
  evaluations,
});

const history = ({ server }: Harness): Row[] => server.history("cs-en", "student");
const summary = ({ server }: Harness) => parseLine(server.run("cs-en", "student").summary) as Row;

/** A table as readers find it: by the summary, in the run's files. */
function table(server: StandInServer, key: string): unknown {
  const run = server.run("cs-en", "student");
  const { path } = ((parseLine(run.summary) as Row)[key] ?? {}) as { readonly path?: string };
  if (path === undefined || !run.visible.has(path)) return undefined;
  return JSON.parse(run.uploads.get(path)?.bytes.toString() ?? "null");
}

function charts(server: StandInServer): string[] {
  const config = parseLine(server.run("cs-en", "student").config) as Record<string, { value: Row }>;
  return Object.keys((config["_wandb"]?.value["visualize"] as Row) ?? {}).sort();
}

describe("evaluations of a training", () => {
  test("are tables with a chart in the last row, in the order of metrics", async () => {
    const stage = await harness();
    await train(stage, log(9, 8), [DEVTEST, DEV]);
    const rows = history(stage);
    expect(rows.map(({ _step }) => _step)).toEqual([1000, 2000]);
    expect(Object.keys(rows[0] ?? {})).not.toContain("flores_devtest_table");
    expect(rows[1]).toMatchObject({ cost: 8, flores_devtest_table: { _type: "table-file", nrows: 4 } });
    expect(table(stage.server, "flores_devtest_table")).toEqual({
      columns: ["Metric", "Value"],
      data: [
        ["bleu_detok", 26.9],
        ["chrf", 58.4],
        ["alpha", 0.5],
        ["zeta", 1],
      ],
    });
    expect(table(stage.server, "flores_dev_table")).toMatchObject({
      data: [
        ["bleu_detok", 27],
        ["chrf", 58],
        ["comet", 87],
      ],
    });
    expect(charts(stage.server)).toEqual(["flores_dev", "flores_devtest"]);
    expect(stage.server.violations).toEqual([]);
  });

  test("published again they change nothing", async () => {
    const stage = await harness();
    await train(stage, log(9, 8), [DEVTEST, DEV]);
    const before = JSON.stringify([history(stage), summary(stage), stage.server.store.artifacts.length]);
    const receipt = await train(stage, log(9, 8), [DEVTEST, DEV]);
    expect(JSON.stringify([history(stage), summary(stage), stage.server.store.artifacts.length])).toBe(
      before,
    );
    expect(fieldsOf(receipt)).toMatchObject({ wandb: { sent: 0 } });
    expect(charts(stage.server)).toEqual(["flores_dev", "flores_devtest"]);
  });

  test("only what changed is sent, and the row keeps the other tables", async () => {
    const stage = await harness();
    await train(stage, log(9, 8), [DEVTEST, DEV]);
    const first = history(stage)[1];
    await train(stage, log(9, 8), [evaluation("devtest", { bleu_detok: 30 }), DEV]);
    const rows = history(stage);
    expect(rows).toHaveLength(2);
    expect(rows[1]?.["flores_dev_table"]).toEqual(first?.["flores_dev_table"]);
    expect(table(stage.server, "flores_devtest_table")).toMatchObject({ data: [["bleu_detok", 30]] });
  });

  test("stay when the log has grown, and when it has changed", async () => {
    const stage = await harness();
    await train(stage, log(9, 8), [DEVTEST]);
    await train(stage, log(9, 8, 7), []);
    expect(history(stage).map(({ cost }) => cost)).toEqual([9, 8, 7]);
    expect(history(stage)[1]).toHaveProperty("flores_devtest_table");
    expect(table(stage.server, "flores_devtest_table")).toBeDefined();
    await train(stage, log(9, 5, 7), []);
    expect(history(stage).map(({ cost }) => cost)).toEqual([9, 5, 7]);
    expect(history(stage)[2]).toHaveProperty("flores_devtest_table");
    expect(table(stage.server, "flores_devtest_table")).toBeDefined();
    expect(charts(stage.server)).toEqual(["flores_devtest"]);
  });

  test("are sent anew with --override-runs", async () => {
    const stage = await harness();
    await train(stage, log(9, 8), [DEVTEST, DEV]);
    await train(stage, log(9, 8), [DEVTEST], { override: true });
    expect(history(stage)).toHaveLength(2);
    expect(charts(stage.server)).toEqual(["flores_devtest"]);
    expect(summary(stage)).not.toHaveProperty("flores_dev_table");
  });

  test("two of one title are both there", async () => {
    const stage = await harness();
    await train(stage, log(9), [DEV, DEV, evaluation("dev", { bleu_detok: 1 })]);
    expect(charts(stage.server)).toEqual(["flores_dev", "flores_dev-2"]);
  });

  test("of a log without rows have a row to themselves, once", async () => {
    const stage = await harness();
    await train(stage, start, [DEV]);
    await train(stage, start, [DEV, DEVTEST]);
    expect(history(stage)).toHaveLength(1);
    expect(Object.keys(history(stage)[0] ?? {}).sort()).toEqual([
      "_runtime",
      "_step",
      "_timestamp",
      "flores_dev_table",
      "flores_devtest_table",
    ]);
  });

  test("are told by a preview", async () => {
    const stage = await harness();
    await train(stage, log(9), [DEV]);
    const { publication } = training(stage, log(9), {
      evaluations: [DEV, DEVTEST],
    });
    const preview = await new WandbPublisher(await publication()).preview();
    expect(preview).toMatchObject({
      rows: 1,
      held: 1,
      sent: 1,
      tables: [
        { name: "flores_dev", state: "unchanged" },
        { name: "flores_devtest", state: "new" },
      ],
    });
  });

  test("are in the offline file where there is no server", async () => {
    const stage = await harness();
    const { source, publication } = training(stage, log(9, 8), { evaluations: [DEV] });
    const { client: _, ...wanted } = await publication();
    const outputs = outputsOf(await publishLog(source, {}, [new WandbPublisher(wanted)]));
    const { syncFiles, findOfflineFiles } = await import("../../src/wandb/sync/sync-files.js");
    const { files } = await findOfflineFiles(outputs);
    for await (const receipt of syncFiles(files, { client: stage.client }))
      expect(receipt.outcome).toBe("delivered");
    expect(history(stage)).toHaveLength(2);
    expect(table(stage.server, "flores_dev_table")).toBeDefined();
    expect(charts(stage.server)).toEqual(["flores_dev"]);
    // And then nothing is left to send.
    expect(fieldsOf(await train(stage, log(9, 8), [DEV]))).toMatchObject({ wandb: { sent: 0 } });
  });
});

describe("evaluations without a training", () => {
  test("make a run of their own, once", async () => {
    const stage = await harness();
    const outcome = await publishEvaluationRun(without(stage, [DEV, DEVTEST]));
    expect(outcome.undelivered).toBeUndefined();
    const run = stage.server.run("cs-en", "student");
    expect([run.group, run.tags, run.state]).toEqual(["exp_G", ["one"], "finished"]);
    expect(history(stage)).toHaveLength(1);
    const before = JSON.stringify([history(stage), summary(stage)]);
    const requests = stage.server.requests.length;
    const again = await publishEvaluationRun(without(stage, [DEV, DEVTEST]));
    expect(again.notes).toEqual([{ text: "2 tables were there already", isRoutine: true }]);
    expect(JSON.stringify([history(stage), summary(stage)])).toBe(before);
    // A look at the run, and at its files.
    expect(stage.server.requests.length - requests).toBe(2);
    expect(charts(stage.server)).toEqual(["flores_dev", "flores_devtest"]);
  });

  test("join the last row of a training, whose log can then be published again", async () => {
    const stage = await harness();
    await train(stage, log(9, 8), []);
    await publishEvaluationRun(without(stage, [DEV]));
    await publishEvaluationRun(without(stage, [DEVTEST]));
    const rows = history(stage);
    expect(rows.map(({ _step, cost }) => [_step, cost])).toEqual([
      [1000, 9],
      [2000, 8],
    ]);
    expect(rows[1]).toMatchObject({
      cost: 8,
      flores_dev_table: { nrows: 3 },
      flores_devtest_table: { nrows: 4 },
    });
    expect(fieldsOf(await train(stage, log(9, 8), []))).toMatchObject({ wandb: { sent: 0 } });
    expect(history(stage)).toEqual(rows);
  });

  test("eight programs at once lose nothing of each other", async () => {
    const stage = await harness();
    await train(stage, log(9, 8), []);
    const names = Array.from({ length: 8 }, (_, index) => `set${index}`);
    const outcomes = await Promise.all(
      names.map((name, index) =>
        publishEvaluationRun(without(stage, [evaluation(name, { bleu_detok: index })])),
      ),
    );
    expect(outcomes.map(({ undelivered }) => undelivered)).toEqual(names.map(() => undefined));
    expect(charts(stage.server)).toEqual(names.map((name) => `flores_${name}`));
    for (const [index, name] of names.entries()) {
      expect(table(stage.server, `flores_${name}_table`)).toMatchObject({ data: [["bleu_detok", index]] });
      expect(history(stage)[1]).toHaveProperty(`flores_${name}_table`);
    }
    expect(history(stage).map(({ cost }) => cost)).toEqual([9, 8]);
  });

  test("refused at any request and published again, they join the training all the same", async () => {
    let refused = 0;
    for (let after = 0; after < 20; after += 1) {
      const stage = await harness();
      await train(stage, log(9, 8), [DEVTEST]);
      stage.server.inject({ fault: { kind: "status", status: 400 }, after, times: Number.POSITIVE_INFINITY });
      const first = await publishEvaluationRun(without(stage, [DEV])).catch((error: Error) => error);
      if (first instanceof Error || first.undelivered !== undefined) refused += 1;
      stage.server.heal();
      expect((await publishEvaluationRun(without(stage, [DEV]))).undelivered).toBeUndefined();
      const rows = history(stage);
      expect(rows.map(({ cost }) => cost)).toEqual([9, 8]);
      expect(rows[1]).toMatchObject({ flores_dev_table: { nrows: 3 }, flores_devtest_table: { nrows: 4 } });
      expect(charts(stage.server)).toEqual(["flores_dev", "flores_devtest"]);
      expect(table(stage.server, "flores_dev_table")).toBeDefined();
      expect(stage.server.violations).toEqual([]);
    }
    expect(refused).toBeGreaterThan(8);
  });

  test("without a server they are in the offline file, and the outcome says so", async () => {
    const stage = await harness();
    stage.server.inject({ fault: { kind: "status", status: 503 }, times: Number.POSITIVE_INFINITY });
    const outcome = await publishEvaluationRun({ ...without(stage, [DEV]), budget: 1 });
    expect(outcome.undelivered).toContain("1 row did not reach the server");
    expect(outcome.notes?.map(({ text }) => text).join("\n")).toContain("marian-tracking sync");
    const { client: _, ...offline } = without(stage, [DEV]);
    expect((await publishEvaluationRun(offline)).undelivered).toBeUndefined();
  });

  test("tables that could not be uploaded are in the offline file", async () => {
    const stage = await harness();
    stage.server.inject({
      endpoint: "upload",
      path: "/storage/run/",
      fault: { kind: "status", status: 500 },
      times: 1e9,
    });
    const dir = folder();
    const outcome = await publishEvaluationRun({ ...without(stage, [DEV]), dir, budget: 1 });
    expect(outcome.undelivered).toBeDefined();
    stage.server.heal();
    const { syncFiles, findOfflineFiles } = await import("../../src/wandb/sync/sync-files.js");
    const { files } = await findOfflineFiles([dir]);
    expect(files).toHaveLength(1);
    for await (const receipt of syncFiles(files, { client: stage.client }))
      expect([receipt.outcome, receipt.problem]).toEqual(["delivered", undefined]);
    expect(table(stage.server, "flores_dev_table")).toBeDefined();
    expect(charts(stage.server)).toEqual(["flores_dev"]);
  });

  test("tables that could not be uploaded are sent when they are published again", async () => {
    const stage = await harness();
    const fault = { kind: "status", status: 403 } as const;
    stage.server.inject({ endpoint: "upload", path: "media%2Ftable", fault, times: 1e9 });
    const { source, publication } = training(stage, log(9, 8), { evaluations: [DEV] });
    const wanted = await publication();
    const first = await publishLog(source, {}, [new WandbPublisher(wanted)]);
    expect(publisherErrors(first).join("\n")).toContain("not everything of the run reached the server");
    // What is not there is not spoken of.
    expect(summary(stage)).not.toHaveProperty("flores_dev_table");
    expect(history(stage).map(({ cost }) => cost)).toEqual([9, 8]);
    stage.server.heal();
    await train(stage, log(9, 8), [DEV]);
    expect(table(stage.server, "flores_dev_table")).toBeDefined();
    expect(history(stage)).toHaveLength(2);
  });
});

describe.skipIf(!sharedIsThere)("what the reference published", () => {
  interface Call {
    readonly call: string;
    readonly run?: string;
    readonly data?: Readonly<Record<string, Bar>>;
    readonly step?: number;
  }
  interface Bar {
    readonly _type: string;
    readonly title: string;
    readonly table: { readonly columns: readonly string[]; readonly data: readonly [string, number][] };
  }

  test.each(["archive_experiments_1_10_snakemake_str", "archive_synthetic_taskcluster"])(
    "%s: the same charts of each run",
    async (name) => {
      const stage = await harness();
      const text = readFileSync(shared(`golden/${name}/wandb_calls.json`), "utf8");
      const wanted = new Map<string, Bar[]>();
      for (const { call, run = "", data } of JSON.parse(text) as Call[]) {
        const bars = Object.values(data ?? {}).filter((value) => value?._type === "plot.bar");
        if (call === "run.log" && bars.length > 0) wanted.set(run, [...(wanted.get(run) ?? []), ...bars]);
      }
      expect(wanted.size).toBeGreaterThan(3);
      for (const [id, bars] of wanted) {
        const evaluations = bars.map(({ title, table: { data } }): Evaluation => {
          const [, importer = "", rest] = /^([^_]+)_?(.*)$/.exec(title) ?? [];
          const metrics = new Map(data);
          return { run: id, importer, dataset: rest || null, augmentation: null, metrics, source: "" };
        });
        await publishEvaluationRun({ ...without(stage, evaluations), id });
        const run = stage.server.run("cs-en", id);
        const config = parseLine(run.config) as Record<string, { value: Row }>;
        for (const { title, table: recorded } of bars) {
          const { columns, data } = recorded;
          const { path = "" } = ((parseLine(run.summary) as Row)[`${title}_table`] ?? {}) as {
            path?: string;
          };
          expect(JSON.parse(run.uploads.get(path)?.bytes.toString() ?? "null")).toEqual({ columns, data });
          expect(config["_wandb"]?.value["visualize"]).toHaveProperty([title]);
        }
      }
    },
  );
});
