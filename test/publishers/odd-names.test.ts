/** Metrics and patterns that are called like something that every object of JavaScript has. */

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse as readCsv } from "csv-parse/sync";
import { expect, test } from "vitest";
import type { Source } from "../../src/io/source.js";
import { publisherErrors } from "../../src/pipeline/input-receipt.js";
import { planSource, rowsOfSource } from "../../src/pipeline/plan-source.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import { CsvPublisher } from "../../src/publishers/csv/csv-publisher.js";
import { LineFile, NdjsonPublisher } from "../../src/publishers/ndjson.js";
import { RunCollector } from "../../src/report/run-collector.js";
import { OfflineReader } from "../../src/wandb/offline/offline-reader.js";
import { WandbPublisher } from "../../src/wandb/wandb-publisher.js";
import { train, valid } from "../cli/sample-logs.js";

const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty"];
const PATTERNS = [{ name: "__proto__", regex: "gpu (?P<__proto__>[0-9]+) (?P<constructor>[0-9]+)" }];
const LOG = `${train(10)}${NAMES.map((name, index) => valid(10, name, index + 1)).join("")}gpu 7 8\n${train(20)}`;

function source(): Source {
  const chunks = async function* () {
    yield new TextEncoder().encode(LOG);
  };
  return { name: "train.log", chunks };
}

test("they are in every file, in the report and in the offline file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "names-"));
  const options = { patterns: PATTERNS };
  const plan = await planSource(source(), options);
  let collector: RunCollector | undefined;
  const receipt = await publishLog(source(), options, [
    new CsvPublisher({ folder, mode: "whole", combine: false, patterns: true }),
    new NdjsonPublisher(new LineFile(join(folder, "measurements.ndjson"), "whole")),
    {
      name: "report",
      publish: async (update) => {
        collector ??= new RunCollector(update.batch.time);
        collector.take(update);
      },
      close: async () => ({ outputs: [] }),
      discard: async () => {},
    },
    new WandbPublisher({
      id: "student",
      project: "cs-en",
      tags: [],
      dir: folder,
      baseUrl: "http://127.0.0.1:9",
      override: false,
      plan,
      rows: () => rowsOfSource(source(), options, plan),
    }),
  ]);
  expect([receipt.error, publisherErrors(receipt)]).toEqual([undefined, []]);

  const csv = (name: string) =>
    readCsv(readFileSync(join(folder, name)), { relax_column_count: true }) as string[][];
  const [head = [], row = []] = csv("validation.csv");
  for (const [index, name] of NAMES.entries()) expect(row[head.indexOf(name)]).toBe(`${index + 1}.0`);
  expect(csv("patterns.csv")).toEqual([
    ["source", "line", "up", "name", "__proto__", "constructor"],
    ["train.log", "6", "10", "__proto__", "7", "8"],
  ]);

  const records = readFileSync(join(folder, "measurements.ndjson"), "utf8").trimEnd().split("\n");
  const pattern = records.map((record) => JSON.parse(record)).find(({ type }) => type === "pattern");
  expect(Object.entries(pattern.values)).toEqual([
    ["__proto__", "7"],
    ["constructor", "8"],
  ]);

  const run = collector?.finish({ name: "a", source: "a" }, receipt);
  expect([...(run?.validation.keys() ?? [])]).toEqual(NAMES);
  expect([...(run?.patterns.keys() ?? [])]).toEqual(["__proto__/__proto__", "__proto__/constructor"]);

  const [path = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".wandb"),
  );
  const rows: string[] = [];
  for await (const event of await OfflineReader.open(join(folder, path)))
    if (event.kind === "history") rows.push(event.content);
  expect(rows).toHaveLength(2);
  for (const [index, name] of NAMES.entries()) expect(rows[0]).toContain(`"${name}":${index + 1}`);
  expect(rows[0]).toContain('"__proto__/__proto__":7');
});
