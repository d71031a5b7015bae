import { existsSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileSource } from "../../../src/io/source.js";
import { publishLog } from "../../../src/pipeline/publish-log.js";
import { type EvaluationRow, type TableRun, writeTables } from "../../../src/pipeline/tables/job.js";
import { filePublisher } from "../../../src/publishers/files.js";
import { TABLES } from "../../../src/publishers/tables/columns.js";
import { start, train, valid } from "../../cli/sample-logs.js";
import { shared, sharedIsThere } from "../../golden/shared.js";
import { type Row, readCsv, readTable } from "../../publishers/tables/read-tables.js";
import { tableOptions as options, writeLogs } from "../table-logs.js";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "tables-"));
});
afterAll(() => rm(scratch, { recursive: true }));

const folder = () => mkdtemp(join(scratch, "out-"));

/** The rows that `parse_tc_logs` writes of each log, with the name of the run in front. */
async function parsed(runs: readonly TableRun[], table: "training" | "validation"): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { log, project, group, run } of runs) {
    if (log === undefined) continue;
    const place = await folder();
    await publishLog(log, {}, [await filePublisher(place, "csv", { reference: true })]);
    const path = join(place, `${table}.csv`);
    if (!existsSync(path)) continue;
    for (const row of (await readCsv(path, {})).rows) rows.push({ project, group, run, ...row });
  }
  return rows;
}

const without = (names: readonly string[]) => (row: Row) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));

/** A row of a table as that of its log's own file: each metric has a column, and its place is not told. */
const alone = ({ further = {}, ...row }: Row): Row =>
  without(["segment", "line", "timestamp"])({ ...row, ...(further as Row) });

describe("writeTables", () => {
  it.each([1, 3000, 16e6])(
    "has the rows of each log in every form, with parts of %d bytes",
    async (itemBytes) => {
      const [place, runs] = [await folder(), await writeLogs(await folder())];
      const { errors, outputs, logs } = await writeTables(runs, [], options(place, { itemBytes }));
      expect(errors).toEqual([]);
      expect((await readdir(place)).sort()).toEqual(
        TABLES.flatMap((table) => ["csv", "ndjson", "parquet"].map((format) => `${table}.${format}`)).sort(),
      );
      expect(outputs.map((path) => path.slice(place.length + 1)).sort()).toEqual(
        (await readdir(place)).sort(),
      );
      expect(logs.map(({ run }) => run)).toEqual(
        runs.filter(({ log }) => log !== undefined).map(({ run }) => run),
      );

      const training = await readTable(place, "training");
      expect(training.columns.join()).toBe(
        "project,group,run,segment,line,timestamp,epoch,up,sen,cost,time,rate,gnorm,learning_rate,labels,batch_labels,total_labels",
      );
      expect(training.rows.map(alone)).toEqual((await parsed(runs, "training")).map(alone));
      const segments = (run: string) => [
        ...new Set(training.rows.filter((row) => row["run"] === run).map((row) => row["segment"])),
      ];
      expect(["teacher-1", "second-start", "restarted", "mixed", "žluť"].map(segments)).toEqual([
        [0],
        [1],
        [0, 1],
        [0, 1],
        [0],
      ]);

      const validation = await readTable(place, "validation");
      expect(validation.columns.join()).toBe(
        "project,group,run,segment,line,timestamp,epoch,up,chrf,ce_mean_words,bleu_detok,perplexity,chrf_stalled,ce_mean_words_stalled,bleu_detok_stalled,perplexity_stalled,further",
      );
      expect(validation.rows.map(alone)).toEqual((await parsed(runs, "validation")).map(alone));
      const furthers = validation.rows.map(({ further }) => further).filter((one) => one !== undefined);
      expect(furthers).toEqual([
        { bleu: 12 },
        { bleu_detok_2: 9.75 },
        { epoch_metric: 1, my_metric: 1e-9 },
        { comet: 0.5, bleu: 3, bleu_stalled: 12 },
      ]);
      const [first] = training.rows;
      expect(first).toMatchObject({ segment: 0, line: 9, timestamp: "2024-07-03T09:00:00.000Z" });
      // The place of a validation is that of its first record.
      expect(validation.rows[0]).toMatchObject({ segment: 0, line: 49, up: 40 });
    },
  );

  it("has a row for every run, whatever became of its log", async () => {
    const [place, runs] = [await folder(), await writeLogs(await folder())];
    runs.push({ project: "p", group: "g", run: "gone", log: new FileSource("/nowhere/train.log") });
    const { logs } = await writeTables(runs, [], options(place));
    const { columns, rows } = await readTable(place, "runs");
    expect(columns.join()).toBe(
      "project,group,run,run_id,kind,source,marian_version,segments,started,ended,last_epoch,last_update,training_rows,validation_points,partial_points,unmatched,error,finished,further",
    );
    expect(rows.map((row) => row["run"])).toEqual(runs.map(({ run }) => run));
    const row = (run: string) => rows.find((one) => one["run"] === run);
    expect(row("quantized")).toEqual({
      project: "en-hu",
      group: "exp, 1",
      run: "quantized",
      run_id: "quantized",
      kind: "evaluation",
    });
    expect(row("restarted")).toMatchObject({
      kind: "training",
      marian_version: "v1.12.14",
      segments: 2,
      started: "2024-07-03T08:00:00.000Z",
      ended: "2024-07-03T10:00:00.000Z",
      last_epoch: 1,
      last_update: 50,
      training_rows: 61,
      validation_points: 2,
      unmatched: 0,
      finished: false,
      further: { best_chrf: 53, best_chrf_update: 50 },
    });
    // Marian's own best of before this log, which no value of the log reaches.
    expect(row("second-start")?.["further"]).toEqual({ best_chrf: 52 });
    expect(row("half")).not.toHaveProperty("finished");
    expect(row("logical")).toMatchObject({ last_epoch: 1, last_update: 2 });
    const errors = Object.fromEntries(
      rows.flatMap((one) => (one["error"] === undefined ? [] : [[one["run"], one["error"]]])),
    );
    expect(errors).toEqual({
      empty: "the input is empty",
      chatter: "it contains no Marian measurements: is this a training log?",
      half: "the gzip data ends early; what could be unpacked before that was read",
      binary: "it contains no Marian measurements: is this a training log?",
      gone: "there is no such file",
    });
    expect(
      Object.fromEntries(logs.flatMap(({ run, error }) => (error === undefined ? [] : [[run, error]]))),
    ).toEqual(errors);
    expect(Number(row("half")?.["training_rows"])).toBeGreaterThan(0);
    expect(row("gone")).toMatchObject({
      source: "/nowhere/train.log",
      training_rows: 0,
      validation_points: 0,
    });
  });

  it("has a row for every evaluation, and every metric of it", async () => {
    const place = await folder();
    const row = (run: string, dataset: string | null, metrics: Record<string, number>): EvaluationRow => ({
      project: "en-hu",
      group: "g",
      run,
      evaluation: {
        run: "student",
        importer: "flores",
        dataset,
        augmentation: dataset === null ? "aug-mix" : null,
        metrics: new Map(Object.entries(metrics)),
        source: "x",
      },
    });
    const evaluations = [
      row("a", "devtest", { bleu_detok: 30, chrf: 60, comet: 87 }),
      row("b", null, { metricx: 3, run: 5, chrf: Number.NaN }),
    ];
    await writeTables([], evaluations, options(place));
    const { columns, rows } = await readTable(place, "evaluations");
    expect(columns.join()).toBe(
      "project,group,run,model,importer,dataset,augmentation,bleu_detok,chrf,comet,further",
    );
    const name = { project: "en-hu", group: "g", model: "student", importer: "flores" };
    expect(rows).toEqual([
      { ...name, run: "a", dataset: "devtest", bleu_detok: 30, chrf: 60, comet: 87 },
      { ...name, run: "b", augmentation: "aug-mix", further: { metricx: 3, run: 5 }, chrf: Number.NaN },
    ]);
    // Without any row, the tables are there all the same.
    expect((await readTable(place, "training")).columns).toHaveLength(17);
    expect((await readTable(place, "runs")).rows).toEqual([]);
  });

  it("takes from valid.log what the log lacks", async () => {
    const place = await folder();
    const [log, validationLog] = [join(place, "train.log"), join(place, "valid.log")];
    await writeFile(log, start() + train(1) + train(2));
    await writeFile(validationLog, valid(1, "chrf", 40, "new best", { time: "2024-07-03 09:00:00" }));
    const run = {
      project: "p",
      group: "g",
      run: "r",
      log: new FileSource(log),
      validationLog: new FileSource(validationLog),
    };
    const { errors } = await writeTables([run], [], options(join(place, "out")));
    expect(errors).toEqual([]);
    expect((await readTable(join(place, "out"), "validation")).rows).toEqual([
      {
        project: "p",
        group: "g",
        run: "r",
        segment: 0,
        line: 7,
        timestamp: "2024-07-03T09:00:00.000Z",
        epoch: 1,
        up: 1,
        chrf: 40,
      },
    ]);
  });

  it("reads thousands of tiny logs", async () => {
    const place = await folder();
    const path = join(place, "train.log");
    await writeFile(path, start() + train(1) + valid(1, "chrf", 40));
    const info = { size: 400, mtimeMs: 1 };
    const runs = Array.from({ length: 3000 }, (_, index) => ({
      project: "p",
      group: `g${index % 30}`,
      run: `r${index}`,
      log: new FileSource(path, info),
    }));
    await writeTables(runs, [], options(join(place, "out"), { itemBytes: 100_000 }));
    const { rows } = await readTable(join(place, "out"), "training");
    expect(rows.map((row) => row["run"])).toEqual(runs.map(({ run }) => run));
    expect((await readTable(join(place, "out"), "runs")).rows).toHaveLength(3000);
  });

  it.skipIf(!sharedIsThere)("has the rows of every real log", async () => {
    const place = await folder();
    const list = (await readFile(shared("logs/manifest.tsv"), "utf8")).split("\n").slice(1);
    const paths = list
      .map((line) => line.split("\t")[0] ?? "")
      .filter((path) => /\.(log|expected|out|txt)$/.test(path));
    const runs = paths.map((path, index) => ({
      project: "p",
      group: "g",
      run: `${index}`,
      log: new FileSource(shared(`logs/${path}`)),
    }));
    expect(runs.length).toBeGreaterThan(50);
    const { errors } = await writeTables(runs, [], options(place, { itemBytes: 400_000 }));
    expect(errors).toEqual([]);
    const training = await readTable(place, "training");
    expect(training.rows.map(alone)).toEqual((await parsed(runs, "training")).map(alone));
    const validation = await readTable(place, "validation");
    expect(validation.rows.map(alone)).toEqual((await parsed(runs, "validation")).map(alone));
  });
});

describe("writeTables, stopped", () => {
  const at = new Date(1_700_000_000_000);
  const contents = async (place: string) => {
    const names = (await readdir(place)).sort();
    return Promise.all(
      names.map(async (name) => [name, await readFile(join(place, name), "base64")] as const),
    );
  };

  /** Replaces a log by something else of the same size. */
  async function ruin(path: string, time: Date): Promise<void> {
    await writeFile(path, (await readFile(path)).fill(0x20));
    await utimes(path, time, time);
  }

  /** The runs as a walk finds them that sees sizes and times alone. */
  async function found(runs: readonly TableRun[]): Promise<TableRun[]> {
    const again = runs.map(async (run): Promise<TableRun> => {
      const path = run.log?.path;
      if (path === undefined) return run;
      const { size, mtimeMs } = await stat(path);
      return { ...run, log: new FileSource(path, { size, mtimeMs }) };
    });
    return await Promise.all(again);
  }

  /** Logs with the bytes of their whole tables, and a folder where these were stopped halfway. */
  async function stopped() {
    const [clean, place, logs] = [await folder(), await folder(), await folder()];
    const written = await writeLogs(logs);
    for (const { log } of written) if (log?.path !== undefined) await utimes(log.path, at, at);
    const runs = await found(written);
    await writeTables(runs, [], options(clean, { itemBytes: 1 }));
    const stop = new AbortController();
    let read = 0;
    const progress = (bytes: number) => {
      read += bytes;
      if (read > 12_000) stop.abort();
    };
    const result = await writeTables(
      runs,
      [],
      options(place, { itemBytes: 1, signal: stop.signal, progress }),
    );
    const first = runs.find(({ run }) => run === result.logs[0]?.run)?.log?.path ?? "";
    return { place, runs, result, first, whole: await contents(clean) };
  }

  it("puts nothing in place, and goes on with the parts that are ready", async () => {
    const { place, runs, result, whole, first } = await stopped();
    expect(result.outputs).toEqual([]);
    expect(result.errors).toEqual([
      `tables: stopped before their end; what was read before waits in ${join(place, ".parts")} for the next time`,
    ]);
    expect(result.logs.length).toBeGreaterThan(1);
    expect(result.logs.length).toBeLessThan(runs.length - 1);
    expect(await readdir(place)).toEqual([".parts"]);
    // Left behind by a process that was killed, and by one that read something else.
    await mkdir(join(place, ".parts", "0123.99999.partial"));
    await mkdir(join(place, ".parts", "4567"));
    // Were this log read again, the tables would show it.
    await ruin(first, at);
    expect((await writeTables(runs, [], options(place, { itemBytes: 1 }))).errors).toEqual([]);
    expect(await contents(place)).toEqual(whole);
  });

  it("reads a log again that has changed since", async () => {
    const { place, runs, first } = await stopped();
    await ruin(first, new Date(at.getTime() + 1000));
    const { logs } = await writeTables(await found(runs), [], options(place, { itemBytes: 1 }));
    expect(logs[0]?.error).toBe("it contains no Marian measurements: is this a training log?");
  });

  it("makes a part again that is not as it was written", async () => {
    const { place, runs, whole } = await stopped();
    const parts = (await readdir(join(place, ".parts"))).map((part) => join(place, ".parts", part));
    const cut = parts.find((part) => existsSync(join(part, "training.csv"))) ?? "";
    await truncate(join(cut, "training.csv"), 3);
    const damaged = parts.filter((part) => part !== cut);
    expect(damaged).not.toEqual([]);
    for (const part of damaged) await writeFile(join(part, "part.json"), "{");
    expect((await writeTables(runs, [], options(place, { itemBytes: 1 }))).errors).toEqual([]);
    expect(await contents(place)).toEqual(whole);
  });
});

describe("writeTables, where they can't be written", () => {
  const run = async () => (await writeLogs(await folder())).slice(0, 1);

  it("says so of a folder that can't be made", async () => {
    const place = join(await folder(), "file", "out");
    await writeFile(join(place, ".."), "");
    const { errors, outputs, logs } = await writeTables(await run(), [], options(place));
    expect(errors).toEqual([`tables: ${join(place, ".parts")} can't be made: a part of its path is a file`]);
    expect([outputs, logs]).toEqual([[], []]);
  });

  it("says so of a folder in the way of a table, and keeps the others as they were", async () => {
    const place = await folder();
    await mkdir(join(place, "training.csv", "x"), { recursive: true });
    await writeFile(join(place, "validation.csv"), "old");
    const { errors, outputs } = await writeTables(await run(), [], options(place));
    expect(errors).toEqual([
      `tables: ${join(place, "training.csv")} can't be written: a folder of that name is in the way`,
    ]);
    expect(outputs).toEqual([]);
    expect(await readFile(join(place, "validation.csv"), "utf8")).toBe("old");
  });

  it.skipIf(!existsSync("/dev/full"))("says so of a full disk", async () => {
    const place = await folder();
    const building = join(place, ".parts", `whole.${process.pid}`);
    await mkdir(building, { recursive: true });
    await symlink("/dev/full", join(building, "validation.parquet"));
    await writeFile(join(place, "training.csv"), "old");
    const { errors, outputs } = await writeTables(await run(), [], options(place));
    expect(errors).toEqual([
      `tables: ${join(building, "validation.parquet")} does not fit: the disk is full`,
    ]);
    expect(outputs).toEqual([]);
    expect(await readFile(join(place, "training.csv"), "utf8")).toBe("old");
  });
});
