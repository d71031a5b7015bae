/** Parquet files of logs: the columns and rows of the CSV files, with types. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { LogParser } from "../../src/index.js";
import { filePublisher } from "../../src/publishers/files.js";
import { RunReader } from "../../src/run/run-reader.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { parquetTypes, query, readCsv, readParquet } from "./tables/read-tables.js";

const root = mkdtempSync(join(tmpdir(), "marian-tracking-parquet-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const fresh = () => join(root, `${++count}`);

interface Options {
  readonly combine?: boolean;
  readonly pattern?: string;
  readonly timeZone?: string;
}

/** Reads logs into the files of a folder. */
async function write(
  folder: string,
  format: "csv" | "parquet",
  logs: Readonly<Record<string, string>>,
  { combine = false, pattern, timeZone }: Options = {},
): Promise<readonly string[]> {
  const patterns = pattern === undefined ? [] : [{ name: "p", regex: pattern }];
  const publisher = await filePublisher(folder, format, {
    combine,
    patterns: patterns.length > 0,
    version: "1.2.3",
  });
  for (const [source, log] of Object.entries(logs)) {
    const parser = new LogParser({ patterns, ...(timeZone === undefined ? {} : { timeZone }) });
    const reader = new RunReader(parser);
    publisher.open?.({ source, tally: () => reader.tally, summary: () => undefined });
    const bytes = new TextEncoder().encode(log);
    for (let at = 0; at < bytes.length; at += 1 << 18)
      await publisher.publish(await reader.read(bytes.subarray(at, at + (1 << 18))));
    await publisher.publish(await reader.finish());
    parser.free();
  }
  return (await publisher.close()).outputs;
}

/** Writes logs in both forms and holds one to the other; returns the folder of the Parquet files. */
async function compared(logs: Readonly<Record<string, string>>, options: Options = {}): Promise<string> {
  const [csv, parquet] = [fresh(), fresh()];
  await write(csv, "csv", logs, options);
  const outputs = await write(parquet, "parquet", logs, options);
  expect(outputs.map((path) => path.replace(parquet, csv).replace(/parquet$/, "csv")).sort()).toEqual(
    readdirSync(csv)
      .map((name) => join(csv, name))
      .sort(),
  );
  const isSourced = options.combine === true || options.pattern !== undefined;
  const texts = ["timestamp", "name", "word", "rest", "line_group", ...(isSourced ? ["source"] : [])];
  const types = Object.fromEntries(texts.map((name) => [name, "VARCHAR"]));
  for (const name of readdirSync(parquet)) {
    const found = await readParquet(join(parquet, name));
    expect(found).toEqual(await readCsv(join(csv, name.replace("parquet", "csv")), types));
  }
  return parquet;
}

const labelled = (up: number) => train(up).replace(/Cost \S+/, "$& * 1,000 @ 20 after 3,000");

describe("Parquet files of a log", () => {
  it("have the columns of the CSV files with their types, and times as times in UTC", async () => {
    const folder = await compared(
      { a: train(1) + valid(1, "chrf", 19) + train(2).replace(/^\[.*?\] /, "") },
      { timeZone: "Europe/Paris" },
    );
    expect(await parquetTypes(join(folder, "training.parquet"))).toEqual({
      epoch: "DOUBLE",
      up: "BIGINT",
      sen: "BIGINT",
      ...Object.fromEntries(
        ["cost", "time", "rate", "gnorm", "learning_rate"].map((name) => [name, "DOUBLE"]),
      ),
      timestamp: "TIMESTAMP WITH TIME ZONE",
    });
    const { rows } = await readParquet(join(folder, "training.parquet"));
    expect(rows.map(({ timestamp }) => timestamp)).toEqual(["2024-07-03T07:00:00.000Z", undefined]);
    const validation = await readParquet(join(folder, "validation.parquet"));
    expect(validation.rows).toEqual([{ epoch: 1, up: 1, chrf: 19, timestamp: "2024-07-03T08:00:00.000Z" }]);
    const [facts] = await query(`select created_by from parquet_file_metadata('${folder}/training.parquet')`);
    expect(facts).toEqual({ created_by: "marian-tracking version 1.2.3" });
  });

  it("have columns that come late, in rows of earlier row groups too", async () => {
    const many = Array.from({ length: 33_000 }, (_, row) => train(row + 1)).join("");
    const log =
      start() +
      many +
      valid(33_000, "chrf", 1) +
      start() +
      train(5) +
      labelled(6) +
      valid(6, "ter", 3, "stalled 2 times");
    const folder = await compared({ a: log });
    const { columns } = await readParquet(join(folder, "training.parquet"));
    expect(columns.slice(-5)).toEqual(["labels", "batch_labels", "total_labels", "segment", "timestamp"]);
  });

  it("give metrics that would share a column the names and places of the CSV file", async () => {
    const metrics = ["ce_mean_words", "ce-mean-words", "a-b", "a_b", "epoch", "timestamp", "source", "run"];
    const points = (up: number) => metrics.map((metric, at) => valid(up, metric, at)).join("");
    await compared({ a: points(1) + points(2) });
    await compared({ a: points(1), 'odd, "b"': points(2) + labelled(3) }, { combine: true });
  });

  it("have numbers that are not finite, and tables without rows", async () => {
    await compared({
      a: train(1).replace(/Cost \S+/, "Cost nan") + train(2).replace(/gNorm \S+/, "gNorm -inf"),
    });
    await compared({ a: valid(1, "chrf", "inf") });
  });

  it("of patterns have all texts exactly", async () => {
    const log = `x=1 y=7\n[a] x=2\n${train(1000)}row x="3, 4"\n${"x=5\n".repeat(10_001)}`;
    const pattern = '^(?:\\[(?P<word>\\w+)\\] )?.*x=(?P<rest>"[^"]*"|\\d+)(?: y=(?P<line>.*))?';
    const folder = await compared({ 'q"s': log }, { pattern });
    expect(await parquetTypes(join(folder, "patterns.parquet"))).toMatchObject({
      source: "VARCHAR",
      line: "BIGINT",
      up: "BIGINT",
      rest: "VARCHAR",
      line_group: "VARCHAR",
    });
  });

  it("replace files only if anything was measured; matches of an earlier run go", async () => {
    const folder = fresh();
    await write(folder, "parquet", { a: train(1) + valid(1, "chrf", 1) }, { pattern: "Cost (?P<rest>.*)" });
    const names = ["patterns.parquet", "training.parquet", "validation.parquet"];
    expect(readdirSync(folder).sort()).toEqual(names);
    const outputs = await write(folder, "parquet", { a: start() }, { pattern: "(?P<rest>never)" });
    expect([outputs, readdirSync(folder).sort()]).toEqual([[], names]);
    await write(folder, "parquet", { a: train(2) }, { pattern: "(?P<rest>never)" });
    expect(existsSync(join(folder, "patterns.parquet"))).toBe(false);
    const { rows } = await readParquet(join(folder, "training.parquet"));
    expect(rows.map(({ up }) => up)).toEqual([2]);
  });

  it("leave nothing behind where they can't be written", async () => {
    const folder = fresh();
    writeFileSync(folder, "a file");
    await expect(write(folder, "parquet", { a: train(1) })).rejects.toThrow(/EEXIST|ENOTDIR/);
  });
});
