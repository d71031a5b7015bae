/** The core's memory grows whenever anybody waits, as other parsers of the thread make it do. */

import { createHook } from "node:async_hooks";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { LogParser, readRun } from "../../src/index.js";
import type { Source } from "../../src/io/source.js";
import { nodeCore } from "../../src/node-core.js";
import { publisherErrors } from "../../src/pipeline/input-receipt.js";
import { planSource, rowsOfSource } from "../../src/pipeline/plan-source.js";
import { publishLog } from "../../src/pipeline/publish-log.js";
import { CsvPublisher } from "../../src/publishers/csv/csv-publisher.js";
import { LineFile, NdjsonPublisher } from "../../src/publishers/ndjson.js";
import { TensorboardPublisher } from "../../src/publishers/tensorboard/tensorboard-publisher.js";
import { RunCollector } from "../../src/report/run-collector.js";
import { RunReader } from "../../src/run/run-reader.js";
import { StepRows } from "../../src/run/step-rows.js";
import { OfflineReader } from "../../src/wandb/offline/offline-reader.js";
import { WandbPublisher } from "../../src/wandb/wandb-publisher.js";
import { start, train, valid } from "../cli/sample-logs.js";

const UPDATES = 300;

function log(): string {
  let text = start({ metrics: ["chrf", "bleu-detok"] });
  for (let up = 1; up <= UPDATES; up += 1) {
    text += train(up);
    if (up % 10 === 0) text += valid(up, "chrf", up / 10) + valid(up, "bleu-detok", up / 20);
  }
  return text;
}

function source(): Source {
  const chunks = async function* () {
    yield new TextEncoder().encode(log());
  };
  return { name: "train.log", chunks };
}

/** Grows the core's memory before every continuation of a promise: no view of it lives through an `await`. */
async function growing<Result>(work: () => Promise<Result>): Promise<Result> {
  const { memory } = nodeCore();
  let grown = 0;
  const hook = createHook({
    before() {
      if (grown === 500) return;
      grown += 1;
      (memory as WebAssembly.Memory).grow(1);
    },
  }).enable();
  try {
    return await work();
  } finally {
    hook.disable();
    expect(grown).toBeGreaterThan(0);
  }
}

/** The files below a folder, and their text; of event files, whose name holds the time, the sizes. */
function filesOf(folder: string): Record<string, string | number> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      if (entry.name.startsWith("events.out")) return ["events", statSync(path).size];
      return [relative(folder, path), readFileSync(path, "utf8")];
    }),
  );
}

/** What publishers of files make of the log. */
async function written(): Promise<Record<string, string | number>> {
  const folder = mkdtempSync(join(tmpdir(), "growing-"));
  const receipt = await publishLog(source(), {}, [
    new CsvPublisher({ folder, mode: "whole", combine: false, patterns: false }),
    new NdjsonPublisher(new LineFile(join(folder, "measurements.ndjson"), "whole")),
    new TensorboardPublisher({ folder: join(folder, "board"), mode: "whole", step: "updates" }),
  ]);
  expect([receipt.error, publisherErrors(receipt)]).toEqual([undefined, []]);
  return filesOf(folder);
}

/** Rows in the offline file of the log. */
async function offlineRows(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "growing-"));
  const plan = await planSource(source(), {});
  const receipt = await publishLog(source(), {}, [
    new WandbPublisher({
      id: "student",
      project: "cs-en",
      tags: [],
      dir,
      baseUrl: "http://127.0.0.1:9",
      override: false,
      plan,
      rows: () => rowsOfSource(source(), {}, plan),
    }),
  ]);
  expect([receipt.error, publisherErrors(receipt)]).toEqual([undefined, []]);
  const [path] = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".wandb"),
  );
  let rows = 0;
  for await (const event of await OfflineReader.open(join(dir, path ?? "")))
    if (event.kind === "history") rows += 1;
  return rows;
}

/** The report's tables, collected by a publisher that waits before it takes each update. */
async function collected(): Promise<unknown> {
  let collector: RunCollector | undefined;
  const receipt = await publishLog(source(), {}, [
    {
      name: "report",
      publish: async (update) => {
        await null;
        collector ??= new RunCollector(update.batch.time);
        collector.take(update);
      },
      close: async () => ({ outputs: [] }),
      discard: async () => {},
    },
  ]);
  return collector?.finish({ name: "a", source: "a" }, receipt);
}

describe("while the core's memory grows at each await", () => {
  test.each<[string, () => Promise<unknown>]>([
    ["CSV, NDJSON and TensorBoard", written],
    ["the tables of a report", collected],
    ["a run of the library", () => readRun(new Blob([log()]))],
    ["a plan", () => planSource(source(), {})],
  ])("%s are the same", async (_name, work) => {
    const calm = await work();
    expect(await growing(work)).toEqual(calm);
  });

  test("an offline file has every row", async () => {
    expect(await growing(offlineRows)).toBe(UPDATES);
  });

  test("rows are handed over one by one to somebody who waits after each", async () => {
    const steps = await growing(async () => {
      using parser = new LogParser();
      const rows = new StepRows(parser.time);
      const found: number[] = [];
      for (const row of rows.each(parser.feed(new TextEncoder().encode(log())))) {
        await null;
        found.push(row.step);
      }
      return found;
    });
    expect(steps).toEqual(Array.from({ length: UPDATES - 1 }, (_, index) => index + 1));
  });
});

test("what a batch holds is its own: no array of it lies in the core's memory", () => {
  using parser = new LogParser();
  const batch = parser.feed(new TextEncoder().encode(log()));
  const arrays = [batch.order, ...Object.values(batch.training), ...Object.values(batch.validation)].filter(
    (value) => ArrayBuffer.isView(value),
  );
  expect(arrays.length).toBeGreaterThan(25);
  arrays.push(batch.trainingCsv({ labels: false, segment: false }, new Uint8Array()));
  for (const array of arrays) expect(array.buffer).not.toBe(nodeCore().memory.buffer);
});

test("a batch holds after its parser has gone on, and after it is freed", async () => {
  const parser = new LogParser();
  const reader = new RunReader(parser);
  const first = await reader.read(new TextEncoder().encode(log()));
  const ups = [...first.batch.training.up];
  await reader.read(new TextEncoder().encode(train(7).repeat(5000)));
  parser.free();
  expect([...first.batch.training.up]).toEqual(ups);
  expect([...first.batch.measurements()].filter(({ type }) => type === "validation")).toHaveLength(60);
});

test("the CSV of a batch that the core has left is refused, not taken for another's", () => {
  using parser = new LogParser();
  parser.feed(new TextEncoder().encode(train(1)));
  const batch = parser.settle();
  expect(parser.counts.training).toBe(1);
  expect(batch.trainingCsv({ labels: false, segment: false }, new Uint8Array()).length).toBeGreaterThan(0);
  parser.feed(new TextEncoder().encode(train(2)));
  expect(() => batch.trainingCsv({ labels: false, segment: false }, new Uint8Array())).toThrow(
    "called again",
  );
});
