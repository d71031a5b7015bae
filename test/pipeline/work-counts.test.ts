/**
 * How much work `parse` does for a log, in counts that are the same on every machine: calls of the core, bytes that are
 * copied, objects for records.
 */
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { openInputs } from "../../src/archive/input-source.js";
import { Batch } from "../../src/core/batch.js";
import { parseLogs } from "../../src/pipeline/parse-logs.js";
import { Core } from "../../wasm/marian_log_wasm.js";
import { freshFolder } from "../cli/run-binary.js";
import { start, train, valid } from "../cli/sample-logs.js";

afterEach(() => vi.restoreAllMocks());

const METRICS = ["chrf", "ce-mean-words", "bleu-detok"];

/** A log of which half is training and half is validations. */
function log(updates: number): string {
  let text = start({ metrics: METRICS });
  for (let up = 1; up <= updates; up += 1) {
    text += train(up);
    if (up % METRICS.length === 0) for (const metric of METRICS) text += valid(up, metric, up / 7);
  }
  return text;
}

const LOG = log(40_000);
const MEGABYTES = LOG.length / 1e6;

/** Makes a function that writes the CSV files of a log, as `parse` does. */
function parsing(text: string): () => Promise<void> {
  const folder = freshFolder({ "train.log": text });
  return () => parse(folder);
}

async function parse(folder: string): Promise<void> {
  const names = [join(folder, "train.log")];
  const { receipts } = await parseLogs({
    names,
    inputs: openInputs(names),
    format: "csv",
    output: { kind: "folder", folder: join(folder, "output") },
    combine: false,
    follow: false,
    options: {},
    version: "1.2.3",
    signal: new AbortController().signal,
    progress: () => {},
    openers: [],
  });
  expect(receipts[0]?.error).toBeUndefined();
}

test("the core is called nine times for each megabyte", async () => {
  const run = parsing(LOG);
  const calls = Object.getOwnPropertyNames(Core.prototype)
    .filter((name) => name !== "constructor")
    .map((name) => vi.spyOn(Core.prototype, name as "finish"));
  await run();
  expect(calls.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBeLessThan(10 * MEGABYTES + 20);
});

test("of a log whose every line is a record, the tables and the columns that are read are copied", async () => {
  const run = parsing(LOG);
  const arrays = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const slice = vi.spyOn(arrays, "slice");
  const set = vi.spyOn(arrays, "set");
  await run();
  const copied = [
    ...slice.mock.results.map(({ value }) => value),
    ...set.mock.calls.map(([source]) => source),
  ];
  const bytes = copied.reduce((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0);
  expect(bytes / LOG.length).toBeLessThan(1.5);
});

test("no record becomes an object", async () => {
  const records = vi.spyOn(Batch.prototype, "measurements");
  const frozen = vi.spyOn(Object, "freeze");
  await parsing(LOG)();
  expect(records).not.toHaveBeenCalled();
  expect(frozen.mock.calls.length).toBeLessThan(100);
});
