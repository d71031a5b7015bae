/** Two metrics that ask for one column: which of them has it, in every output of whole logs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse as readCsv } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunCurves } from "../../src/cli/terminal/plot/run-curves.js";
import { LogParser } from "../../src/core/log-parser.js";
import { FileSource } from "../../src/io/source.js";
import { nodeCore } from "../../src/node-core.js";
import { type TableRun, writeTables } from "../../src/pipeline/tables/job.js";
import { columnsOf } from "../../src/publishers/tables/schema.js";
import { RunReader } from "../../src/run/run-reader.js";
import { check, filesBelow, freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { StandInServer } from "../servers/wandb/index.js";
import { readTable } from "./tables/read-tables.js";

/** Metrics with the value of each, and the column that it gets. */
const METRICS = [
  ["bleu-detok", 11, "bleu_detok_2"],
  ["bleu_detok", 22, "bleu_detok"],
  ["a-b-c", 33, "a_b_c_3"],
  ["a_b-c", 44, "a_b_c_2"],
  ["a_b_c", 55, "a_b_c"],
  ["chrf", 66, "chrf"],
] as const;
const EXPECTED = Object.fromEntries(METRICS.map(([, value, column]) => [column, value]));

const NAMES = METRICS.map(([name]) => name);
const logOf = (metrics: readonly string[]) =>
  start() +
  train(10) +
  METRICS.filter(([metric]) => metrics.includes(metric))
    .sort(([one], [other]) => metrics.indexOf(one) - metrics.indexOf(other))
    .map(([metric, value]) => valid(10, metric, value))
    .join("");

/** Logs that hold all metrics between them, whose order is the only difference. */
const ARRANGEMENTS: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ["one log", [NAMES]],
  ["one log, backwards", [NAMES.toReversed()]],
  ["a log a metric", NAMES.map((name) => [name])],
  ["a log a metric, backwards", NAMES.toReversed().map((name) => [name])],
];
const WHOLE = ARRANGEMENTS.slice(0, 2).map(([title, [metrics = []]]) => [title, metrics] as const);

let scratch: string;
let server: StandInServer;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "metric-columns-"));
  server = await StandInServer.start();
});
afterAll(async () => {
  await server.close();
  rmSync(scratch, { recursive: true });
});

/** What of `METRICS` rows hold, by column; each value is in one column of one row. */
function held(rows: readonly Readonly<Record<string, unknown>>[]): Record<string, number> {
  const found: Record<string, number> = {};
  const values: readonly number[] = METRICS.map(([, value]) => value);
  for (const row of rows) {
    for (const [column, cell] of Object.entries(row)) {
      if (!values.includes(Number(cell))) continue;
      expect(found).not.toHaveProperty(column);
      found[column] = Number(cell);
    }
  }
  return found;
}

/** A row of a table of many runs, with a column for each metric. */
const flat = ({ further = {}, ...row }: Readonly<Record<string, unknown>>) => ({
  ...row,
  ...(further as object),
});

/** The columns in such a table: the first metric that asks for one has it. */
function inOrder(metrics: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const metric of metrics) {
    const base = metric.replaceAll("-", "_");
    let column = base;
    for (let number = 2; column in found; number += 1) column = `${base}_${number}`;
    found[column] = METRICS.find(([name]) => name === metric)?.[1] ?? 0;
  }
  return found;
}

const tableOf = (folder: string, path: string): Record<string, string>[] =>
  readCsv(readFileSync(join(folder, path), "utf8"), { columns: true });

describe.each(ARRANGEMENTS)("the columns of %s", (_, logs) => {
  const files = Object.fromEntries(logs.map((metrics, at) => [`${at}/train.log`, logOf(metrics)]));
  const paths = Object.keys(files);

  test.each([["1"], ["3"]])("in the CSV of `parse --combine`, -j %s", async (jobs) => {
    const folder = freshFolder(files);
    check(await runHere("run", ["parse", ...paths, "--combine", "-j", jobs, "-q", "-o", "out"], { folder }), {
      code: 0,
    });
    expect(held(tableOf(folder, "out/validation.csv"))).toEqual(EXPECTED);
  });

  test.each([1, 16e6])("in CSV, NDJSON and Parquet of an archive, parts of %d bytes", async (itemBytes) => {
    const place = mkdtempSync(join(scratch, "tables-"));
    const runs = logs.map((metrics, at): TableRun => {
      const path = join(place, `${at}.log`);
      writeFileSync(path, logOf(metrics));
      return { project: "p", group: "g", run: `r${at}`, log: new FileSource(path) };
    });
    const folder = join(place, "tables");
    const { errors } = await writeTables(runs, [], {
      folder,
      formats: ["csv", "parquet", "ndjson"],
      compression: "snappy",
      threads: 1,
      itemBytes,
      parser: {},
      version: "1",
      signal: new AbortController().signal,
      progress: () => {},
    });
    expect(errors).toEqual([]);
    // The three formats are compared as they are read. Each run has its own names, in the order of its log.
    const { rows } = await readTable(folder, "validation");
    for (const [at, metrics] of logs.entries()) {
      const mine = rows.filter(({ run }) => run === `r${at}`);
      expect(held(mine.map(flat))).toEqual(inOrder(metrics));
    }
  });
});

describe.each(WHOLE)("the columns of %s", (_, metrics) => {
  const files = { "p/g/train.log": logOf(metrics), "p/h/train.log": logOf(metrics) };
  const [path = "", other = ""] = Object.keys(files);

  test("in the CSV of `parse`, also of several logs in threads", async () => {
    const folder = freshFolder(files);
    check(await runHere("run", ["parse", path, "-q", "-o", "one"], { folder }), { code: 0 });
    expect(held(tableOf(folder, "one/validation.csv"))).toEqual(EXPECTED);
    check(await runHere("run", ["parse", path, other, "-j", "2", "-q", "-o", "two"], { folder }), {
      code: 0,
    });
    const tables = filesBelow(join(folder, "two")).filter((name) => name.endsWith("validation.csv"));
    expect(tables).toHaveLength(2);
    for (const table of tables) expect(held(tableOf(folder, join("two", table)))).toEqual(EXPECTED);
  });

  test.each(["parse", "parse_tc_logs"] as const)("at W&B, by `%s` of a file", async (command) => {
    const folder = freshFolder(files);
    const project = `${command}-${metrics[0]}`;
    const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
    const done =
      command === "parse"
        ? await runHere("run", ["parse", path, "--wandb-project", project, "--wandb-run-name", "r"], {
            folder,
            env,
          })
        : await runHere(
            "parse_tc_logs",
            ["-i", path, "--wandb-publication", "--wandb-project", project, "--wandb-run-name", "r"],
            { folder, env },
          );
    expect(done.code).toBe(0);
    expect(held(server.history(project, "r"))).toEqual(EXPECTED);
  });

  test.each(["tsv", "ndjson"])("in rows of a manifest's run as %s", async (format) => {
    const folder = freshFolder({ "archive/logs/en-hu/exp_G1/student/train.log": logOf(metrics) });
    await runHere("run", ["plan", "archive", "-o", "m.ndjson"], { folder });
    const done = await runHere(
      "run",
      ["archive", "--manifest", "m.ndjson", "--table", "validation", "--format", format, "-q"],
      { folder },
    );
    expect(done.code).toBe(0);
    const [line = ""] = done.stdout.split("\n");
    const row =
      format === "ndjson"
        ? JSON.parse(line)
        : Object.fromEntries(
            line.split("\t").map((cell, at) => [columnsOf("validation")[at]?.name ?? "", cell]),
          );
    if (format === "tsv") row["further"] = JSON.parse(row["further"] ?? "");
    expect(held([flat(row)])).toEqual(inOrder(metrics));
  });

  test("of charts on a terminal, where Marian's own name asks for its own curve", async () => {
    using parser = new LogParser(nodeCore());
    const reader = new RunReader(parser);
    const asked = [...METRICS.map(([, , column]) => column), "bleu-detok", "a_b-c", "bleu_detok_2_stalled"];
    const curves = new RunCurves(asked);
    curves.take(await reader.read(new TextEncoder().encode(logOf(metrics))));
    curves.take(await reader.finish());
    const points = (name: string) => curves.curve(name)?.points.map(({ last }) => last);
    for (const [, value, column] of METRICS) expect([column, points(column)]).toEqual([column, [value]]);
    expect([points("bleu-detok"), points("a_b-c")]).toEqual([[11], [44]]);
    expect(points("bleu_detok_2_stalled")).toEqual([0]);
    expect(curves.names.filter((name) => name.startsWith("bleu"))).toEqual(
      expect.arrayContaining(["bleu_detok", "bleu_detok_stalled", "bleu_detok_2", "bleu_detok_2_stalled"]),
    );
  });
});
