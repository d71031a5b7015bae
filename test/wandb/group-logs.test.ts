/** The run of a group: its table is completed and never written over. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Evaluation } from "../../src/evaluation/evaluation.js";
import type { TableData } from "../../src/wandb/client/format/table.js";
import { publishEvaluationRun } from "../../src/wandb/evaluation-run.js";
import { type GroupLogsPublication, publishGroupLogs } from "../../src/wandb/group-logs.js";
import { findOfflineFiles, syncFiles } from "../../src/wandb/sync/sync-files.js";
import { shared, sharedIsThere } from "../golden/shared.js";
import { type Fault, parseLine } from "../servers/wandb/index.js";
import { type Harness, harness } from "./client/harness.js";

type Row = Readonly<Record<string, unknown>>;

const folder = (): string => mkdtempSync(join(tmpdir(), "group-"));

const evaluation = (
  model: string,
  dataset: string | null,
  metrics: Readonly<Record<string, number>>,
  augmentation: string | null = null,
): Evaluation => ({
  run: model,
  importer: "flores",
  dataset,
  augmentation,
  metrics: new Map(Object.entries(metrics)),
  source: "",
});

const STUDENT = evaluation("student", "devtest", { bleu_detok: 26.9, chrf: 58.4 });
const TEACHER = evaluation("teacher-1", "devtest", { bleu_detok: 28, chrf: 59.5, comet: 87.5 });

const publication = (
  { client, server }: Harness,
  evaluations: readonly Evaluation[],
  more: Partial<GroupLogsPublication> = {},
): GroupLogsPublication => ({
  project: "cs-en",
  group: "exp_MjcJGroup",
  suffix: "_MjcJG",
  tags: [],
  client,
  dir: folder(),
  baseUrl: server.url,
  evaluations,
  ...more,
});

const ID = "group_logs_MjcJG";
const COLUMNS = ["Group", "Model", "Importer", "Dataset", "Augmenation", "bleu_detok", "chrf", "comet"];

/** The table as readers find it: by the summary, in the run's files. */
function table({ server }: Harness, id = ID, key = "metrics"): TableData {
  const run = server.run("cs-en", id);
  const { path = "" } = ((parseLine(run.summary) as Row)[key] ?? {}) as { readonly path?: string };
  expect(run.visible.has(path)).toBe(true);
  return JSON.parse(run.uploads.get(path)?.bytes.toString() ?? "null");
}

/** A table as the reference writes it: with its spelling, over everything that is there. */
async function asTheReference({ start }: Harness, data: TableData["data"]): Promise<void> {
  const run = await start({ id: ID, project: "cs-en", resume: "replace" });
  await run.history({}, { step: 0, timestamp: 1 }, [{ name: "metrics", table: { columns: COLUMNS, data } }]);
  await run.finish();
}

describe("group_logs", () => {
  test("has the configuration, a row for each evaluation, and the logs", async () => {
    const stage = await harness();
    const logsFolder = folder();
    mkdirSync(join(logsFolder, "eval"));
    writeFileSync(join(logsFolder, "eval", "eval.log"), "BLEU 1\n");
    const config = { experiment: { name: "exp", src: "cs" }, "spm-sample-size": 10 };
    const outcome = await publishGroupLogs(
      publication(
        stage,
        [
          STUDENT,
          {
            ...TEACHER,
            metrics: new Map([...TEACHER.metrics, ["unaligned-ratio", 0.1], ["cometkiwi", 0.8]]),
          },
          evaluation("student", null, { bleu_detok: 20, chrf: 50 }, "aug-mix"),
        ],
        { config, logsFolder },
      ),
    );
    expect(outcome).toMatchObject({ undelivered: undefined });
    expect(outcome.outputs).toEqual([`${stage.server.url}/team/cs-en/runs/${ID}`]);
    const run = stage.server.run("cs-en", ID);
    expect([run.displayName, run.group, run.state]).toEqual([ID, "exp_MjcJGroup", "finished"]);
    const stored = parseLine(run.config) as Record<string, { value: unknown }>;
    expect(stored["experiment"]?.value).toEqual(config.experiment);
    expect(stored["spm-sample-size"]?.value).toBe(10);
    expect(table(stage)).toEqual({
      columns: COLUMNS,
      data: [
        ["exp_MjcJGroup", "student", "flores", "devtest", null, 26.9, 58.4, null],
        ["exp_MjcJGroup", "teacher-1", "flores", "devtest", null, 28, 59.5, 87.5],
        ["exp_MjcJGroup", "student", "flores", null, "aug-mix", 20, 50, null],
      ],
    });
    expect(table(stage, ID, "group_metrics")).toEqual({
      columns: [...COLUMNS.slice(0, 5), "cometkiwi", "unaligned-ratio"],
      data: [["exp_MjcJGroup", "teacher-1", "flores", "devtest", null, 0.8, 0.1]],
    });
    const [artifact] = stage.server.store.versions("team", "cs-en", "exp_MjcJGroup");
    expect(artifact).toMatchObject({ type: "logs", state: "COMMITTED", runId: ID });
    expect(artifact?.files.get("eval/eval.log")?.bytes?.toString()).toBe("BLEU 1\n");
    expect(stage.server.violations).toEqual([]);
  });

  test("published again it is the same", async () => {
    const stage = await harness();
    const config = { experiment: { name: "exp" } };
    const logsFolder = folder();
    writeFileSync(join(logsFolder, "a.log"), "a");
    const picture = () => {
      const run = stage.server.run("cs-en", ID);
      return [run.lines["wandb-history.jsonl"], run.summary, run.config, stage.server.store.artifacts.length];
    };
    await publishGroupLogs(publication(stage, [STUDENT, TEACHER], { config, logsFolder }));
    const before = JSON.stringify(picture());
    await publishGroupLogs(publication(stage, [TEACHER, STUDENT], { config, logsFolder }));
    expect(JSON.stringify(picture())).toBe(before);
    const { notes, undelivered } = await publishGroupLogs(publication(stage, [TEACHER], { config }));
    expect([notes, undelivered]).toEqual([[{ text: `the run ${ID} has all of this already` }], undefined]);
    expect(JSON.stringify(picture())).toBe(before);
  });

  test("is completed: rows stay, those of the same model and dataset are updated", async () => {
    const stage = await harness();
    await publishGroupLogs(publication(stage, [STUDENT]));
    await publishGroupLogs(publication(stage, [TEACHER]));
    await publishGroupLogs(
      publication(stage, [evaluation("student", "devtest", { bleu_detok: 27, "metric-x": 1 })]),
    );
    expect(table(stage)).toEqual({
      columns: COLUMNS,
      data: [
        ["exp_MjcJGroup", "student", "flores", "devtest", null, 27, 58.4, null],
        ["exp_MjcJGroup", "teacher-1", "flores", "devtest", null, 28, 59.5, 87.5],
      ],
    });
    expect(table(stage, ID, "group_metrics")).toEqual({
      columns: [...COLUMNS.slice(0, 5), "metric-x"],
      data: [["exp_MjcJGroup", "student", "flores", "devtest", null, 1]],
    });
    expect(stage.server.history("cs-en", ID).map(({ _step }) => _step)).toEqual([0, 1, 2]);
  });

  test("with further metrics in the table itself, as earlier versions wrote it, gets both tables", async () => {
    const stage = await harness();
    const run = await stage.start({ id: ID, project: "cs-en", resume: "replace" });
    const columns = COLUMNS.map((column) => (column === "Augmenation" ? "Augmentation" : column));
    const data = [["exp_MjcJGroup", "student", "flores", "devtest", "aug-mix", 1, 2, null, 0.5]];
    const older = { name: "metrics", table: { columns: [...columns, "metric-x"], data } };
    await run.history({}, { step: 0, timestamp: 1 }, [older]);
    await run.finish();
    await publishGroupLogs(publication(stage, [TEACHER]));
    expect(table(stage)).toEqual({
      columns: COLUMNS,
      data: [
        ["exp_MjcJGroup", "student", "flores", "devtest", "aug-mix", 1, 2, null],
        ["exp_MjcJGroup", "teacher-1", "flores", "devtest", null, 28, 59.5, 87.5],
      ],
    });
    expect(table(stage, ID, "group_metrics")).toEqual({
      columns: [...COLUMNS.slice(0, 5), "metric-x"],
      data: [["exp_MjcJGroup", "student", "flores", "devtest", "aug-mix", 0.5]],
    });
  });

  test("calls models by their runs where the reference's eval does", async () => {
    const stage = await harness();
    await publishGroupLogs(publication(stage, [STUDENT], { run: "student_MjcJG" }));
    await publishGroupLogs(publication(stage, [STUDENT, TEACHER]));
    expect(table(stage).data.map(([, model]) => model)).toEqual(["student_MjcJG", "teacher-1"]);
  });

  test("begun by the reference it keeps its columns and the names of its models", async () => {
    const stage = await harness();
    await asTheReference(stage, [
      ["exp_MjcJGroup", "student_MjcJG", "flores", "devtest", null, 1, 2, null],
      ["exp_MjcJGroup", "student_MjcJG", "flores", "devtest", null, 1, 2, null],
      ["exp_MjcJGroup", "backwards", "mtdata", "x", "aug-mix", 3, 4, null],
    ]);
    await publishGroupLogs(publication(stage, [STUDENT]));
    expect(table(stage)).toEqual({
      columns: COLUMNS,
      data: [
        ["exp_MjcJGroup", "student_MjcJG", "flores", "devtest", null, 26.9, 58.4, null],
        ["exp_MjcJGroup", "backwards", "mtdata", "x", "aug-mix", 3, 4, null],
      ],
    });
  });

  test("eight programs at once: every row is there", async () => {
    const stage = await harness();
    await publishGroupLogs(publication(stage, [TEACHER]));
    const models = Array.from({ length: 8 }, (_, index) => `teacher-${index}`);
    const outcomes = await Promise.all(
      models.map((model, index) =>
        publishGroupLogs(publication(stage, [evaluation(model, "dev", { bleu_detok: index })])),
      ),
    );
    expect(outcomes.map(({ undelivered }) => undelivered)).toEqual(models.map(() => undefined));
    const rows = table(stage).data.map(([, model, , dataset, , bleu]) => [model, dataset, bleu]);
    expect(rows).toHaveLength(9);
    expect(rows).toEqual(
      expect.arrayContaining([
        ["teacher-1", "devtest", 28],
        ...models.map((model, index) => [model, "dev", index]),
      ]),
    );
  });

  test("takes in what runs of the group hold and the table lacks", async () => {
    const stage = await harness();
    const run = (id: string, evaluations: readonly Evaluation[], group = "exp_MjcJGroup") =>
      publishEvaluationRun({ ...publication(stage, evaluations), id, group });
    const mixed = evaluation("student", "devtest", { chrf: 50, comet: 80 }, "aug-mix");
    const tedtalks = {
      ...evaluation("quantized", "Neulab-tedtalks_test-1-eng-ces", { chrf: 60 }),
      importer: "mtdata",
    };
    const own = { ...evaluation("quantized", "harbour", { bleu_detok: 30 }), importer: "gcp" };
    await run("student_MjcJG", [STUDENT, mixed]);
    await run("quantized_MjcJG", [tedtalks, own]);
    await run("backwards_OTHER", [STUDENT]);
    await run("elsewhere_MjcJG", [STUDENT], "exp_other");
    await publishGroupLogs(publication(stage, [STUDENT]));
    await publishGroupLogs(publication(stage, [TEACHER], { fromRuns: true }));
    const rows = [
      ["exp_MjcJGroup", "student", "flores", "devtest", null, 26.9, 58.4, null],
      ["exp_MjcJGroup", "quantized", "mtdata", "Neulab-tedtalks_test-1-eng-ces", null, null, 60, null],
      ["exp_MjcJGroup", "quantized", "gcp", "harbour", null, 30, null, null],
      ["exp_MjcJGroup", "student", "flores", "devtest", "aug-mix", null, 50, 80],
      ["exp_MjcJGroup", "teacher-1", "flores", "devtest", null, 28, 59.5, 87.5],
    ];
    const sorted = (data: TableData["data"]) => data.map((row) => JSON.stringify(row)).sort();
    expect(sorted(table(stage).data)).toEqual(sorted(rows));
    const held = stage.server.history("cs-en", ID).length;
    await publishGroupLogs(publication(stage, [TEACHER], { fromRuns: true }));
    expect(stage.server.history("cs-en", ID)).toHaveLength(held);
  });

  test("goes without the runs of the group where they can't be read", async () => {
    const stage = await harness();
    await publishEvaluationRun({ ...publication(stage, [STUDENT]), id: "student_MjcJG" });
    stage.server.inject({ operation: "Runs", fault: { kind: "graphql-error", message: "no" } });
    const { notes, undelivered } = await publishGroupLogs(publication(stage, [TEACHER], { fromRuns: true }));
    expect(notes?.map(({ text }) => text).join("\n")).toMatch(
      /the other runs of the group can't be read: .*no/,
    );
    expect(undelivered).toBeUndefined();
    expect(table(stage).data.map(([, model]) => model)).toEqual(["teacher-1"]);
    await publishGroupLogs(publication(stage, [], { fromRuns: true }));
    expect(table(stage).data.map(([, model]) => model)).toEqual(["teacher-1", "student"]);
  });

  test("rows that somebody has written over come back", async () => {
    const stage = await harness();
    await publishGroupLogs(publication(stage, [STUDENT, TEACHER]));
    await asTheReference(stage, [["exp_MjcJGroup", "late", "flores", "dev", null, 9, 9, null]]);
    await publishGroupLogs(publication(stage, [evaluation("new", "dev", { bleu_detok: 5 })]));
    expect(
      table(stage)
        .data.map(([, model]) => model)
        .sort(),
    ).toEqual(["late", "new", "student", "teacher-1"]);
  });

  test("what another program changes in the meantime is kept", async () => {
    const stage = await harness();
    await publishGroupLogs(publication(stage, [STUDENT, TEACHER]));
    const [one, other] = await Promise.all([
      publishGroupLogs(publication(stage, [evaluation("teacher-1", "devtest", { bleu_detok: 40 })])),
      publishGroupLogs(publication(stage, [evaluation("student", "devtest", { bleu_detok: 30 })])),
    ]);
    expect([one.undelivered, other.undelivered]).toEqual([undefined, undefined]);
    expect(table(stage).data.map(([, model, , , , bleu]) => [model, bleu])).toEqual([
      ["student", 30],
      ["teacher-1", 40],
    ]);
  });

  test.each<[string, Fault]>([
    ["503", { kind: "status", status: 503 }],
    ["a dropped connection", { kind: "drop" }],
    ["a request that is carried out unheard", { kind: "drop-answer" }],
  ])("through %s at any request it becomes whole", async (_, fault) => {
    for (let after = 0; after < 25; after += 1) {
      const stage = await harness();
      await publishGroupLogs(publication(stage, [STUDENT]));
      const logsFolder = folder();
      writeFileSync(join(logsFolder, "a.log"), "a");
      stage.server.inject({ fault, after });
      const outcome = await publishGroupLogs(publication(stage, [TEACHER], { logsFolder }));
      expect([after, outcome.undelivered]).toEqual([after, undefined]);
      expect(table(stage).data.map(([, model]) => model)).toEqual(["student", "teacher-1"]);
      const versions = stage.server.store.versions("team", "cs-en", "exp_MjcJGroup");
      expect(versions.filter(({ state }) => state === "COMMITTED")).toHaveLength(1);
      expect(stage.server.violations).toEqual([]);
    }
  });

  test("refused at any request and published again, nothing is lost and nothing doubled", async () => {
    let refused = 0;
    for (let after = 0; after < 25; after += 1) {
      const stage = await harness();
      await publishGroupLogs(publication(stage, [STUDENT]));
      stage.server.inject({ fault: { kind: "status", status: 400 }, after, times: Number.POSITIVE_INFINITY });
      const first = await publishGroupLogs(publication(stage, [TEACHER])).catch((error: Error) => error);
      if (first instanceof Error || first.undelivered !== undefined) refused += 1;
      stage.server.heal();
      expect((await publishGroupLogs(publication(stage, [TEACHER]))).undelivered).toBeUndefined();
      expect(table(stage).data.map(([, model]) => model)).toEqual(["student", "teacher-1"]);
    }
    expect(refused).toBeGreaterThan(10);
  });

  test("a name that W&B does not take for an artifact is changed, and told", async () => {
    const stage = await harness();
    const logsFolder = folder();
    writeFileSync(join(logsFolder, "a"), "");
    const outcome = await publishGroupLogs(publication(stage, [], { group: "a b/c", logsFolder }));
    expect(outcome.notes?.map(({ text }) => text).join("\n")).toContain("is called a-b-c");
    expect(stage.server.store.versions("team", "cs-en", "a-b-c")).toHaveLength(1);
    expect(stage.server.history("cs-en", ID)).toEqual([]);
  });

  test("offline it is in the file; what it overtakes at the upload comes back with the next publication", async () => {
    const stage = await harness();
    await publishGroupLogs(publication(stage, [STUDENT]));
    const { client: _, ...offline } = publication(stage, [TEACHER]);
    const outcome = await publishGroupLogs(offline);
    expect(outcome).toMatchObject({ undelivered: undefined });
    const { files } = await findOfflineFiles(outcome.outputs);
    for await (const receipt of syncFiles(files, { client: stage.client }))
      expect(receipt.outcome).toBe("delivered");
    expect(table(stage).data.map(([, model]) => model)).toEqual(["teacher-1"]);
    await publishGroupLogs(publication(stage, []));
    expect(table(stage).data.map(([, model]) => model)).toEqual(["teacher-1", "student"]);
  });

  test("a table that can't be read costs only itself, and is named", async () => {
    const stage = await harness();
    await publishGroupLogs(publication(stage, [STUDENT]));
    const run = stage.server.run("cs-en", ID);
    const path = [...run.visible].find((name) => name.startsWith("media/table/")) ?? "";
    run.uploads.set(path, { bytes: Buffer.from("{"), updatedAt: "2026" });
    const outcome = await publishGroupLogs(publication(stage, [TEACHER]));
    expect(outcome.notes?.map(({ text }) => text).join("\n")).toContain(`the table ${path} can't be read`);
    expect(table(stage).data).toHaveLength(1);
  });
});

describe.skipIf(!sharedIsThere)("what the reference published", () => {
  interface Call {
    readonly call: string;
    readonly run?: string;
    readonly kwargs?: { readonly id: string; readonly group: string; readonly config: Row };
    readonly data?: { readonly metrics?: TableData };
  }

  test.each([
    "archive_experiments_1_10_snakemake_str",
    "archive_experiments_1_12_snakemake_str",
    "archive_synthetic_taskcluster",
  ])("%s: the same table and configuration", async (name) => {
    const calls = JSON.parse(readFileSync(shared(`golden/${name}/wandb_calls.json`), "utf8")) as Call[];
    const tables = calls.filter(({ data }) => data?.metrics !== undefined);
    expect(tables.length).toBeGreaterThan(0);
    const stage = await harness();
    for (const { run: id = "", data } of tables) {
      const { kwargs } = calls.find(({ call, kwargs }) => call === "init" && kwargs?.id === id) ?? {};
      const { columns, data: rows } = data?.metrics ?? { columns: [], data: [] };
      const evaluations = rows.map((cells): Evaluation => {
        const [, model, importer, dataset, augmentation, ...scores] = cells as (string | null)[];
        const names = ["bleu_detok", "chrf", "comet"];
        const metrics = names.flatMap((metric, at): [string, number][] =>
          scores[at] == null ? [] : [[metric, Number(scores[at])]],
        );
        return {
          run: model ?? "",
          importer: importer ?? "",
          dataset: dataset ?? null,
          augmentation: augmentation ?? null,
          metrics: new Map(metrics),
          source: "",
        };
      });
      const suffix = id.replace(/^group_logs/, "");
      const { group = "", config = {} } = kwargs ?? {};
      await publishGroupLogs(
        publication(stage, evaluations, {
          suffix,
          group,
          config: config as NonNullable<GroupLogsPublication["config"]>,
        }),
      );
      expect(table(stage, id)).toEqual({ columns, data: merged(rows) });
      const stored = parseLine(stage.server.run("cs-en", id).config) as Record<string, { value: unknown }>;
      for (const [key, value] of Object.entries(config)) expect(stored[key]?.value).toEqual(value);
    }
  });

  /** The reference has some evaluations twice, from a log and from a file of metrics; here each is one row. */
  function merged(rows: TableData["data"]): TableData["data"] {
    const known = new Map<string, TableData["data"][number]>();
    for (const row of rows) {
      const key = JSON.stringify(row.slice(0, 5));
      const before = known.get(key);
      known.set(
        key,
        row.map((cell, at) => cell ?? before?.[at] ?? null),
      );
    }
    return [...known.values()];
  }
});
