/**
 * How much work `parse` does for a log, in counts that are the same on every machine: calls of the core, bytes that are
 * copied, memory that JavaScript allocates for rows.
 */
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { openInputs } from "../../src/archive/input-source.js";
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

/** Writes the CSV files of a log, as `parse` does. */
async function parse(text: string): Promise<void> {
  const folder = freshFolder({ "train.log": text });
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

/** Bytes that JavaScript's heap was asked for, those that were collected since included. */
async function allocated(text: string): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post("HeapProfiler.startSampling", {
    samplingInterval: 1024,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as object);
  await parse(text);
  const { profile } = await session.post("HeapProfiler.stopSampling");
  session.disconnect();
  let bytes = 0;
  const nodes = [profile.head];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    bytes += node.selfSize;
    nodes.push(...node.children);
  }
  return bytes;
}

test("the core is called a few times for each megabyte", async () => {
  const text = log(40_000);
  const calls = Object.getOwnPropertyNames(Core.prototype)
    .filter((name) => name !== "constructor")
    .map((name) => vi.spyOn(Core.prototype, name as "feed"));
  await parse(text);
  const total = calls.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  console.log(total, text.length / 1e6, calls.map((c) => [c.getMockName(), c.mock.calls.length]));
  expect(total).toBeLessThan(10 * (1 + text.length / 1e6));
});

test("few bytes of a log are copied", async () => {
  const text = log(40_000);
  const arrays = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const slice = vi.spyOn(arrays, "slice");
  const set = vi.spyOn(arrays, "set");
  await parse(text);
  const copied =
    slice.mock.results.reduce((sum, { value }) => sum + (value as Uint8Array).byteLength, 0) +
    set.mock.calls.reduce((sum, [source]) => sum + ((source as Uint8Array).byteLength ?? source.length), 0);
  console.log(copied / text.length);
  expect(copied / text.length).toBeLessThan(0.1);
});

test("rows cost no objects", async () => {
  await parse(log(1000));
  const rows = 60_000;
  const less = await allocated(log(rows / 4));
  const more = await allocated(log(rows));
  console.log(less, more, (more - less) / rows);
  expect((more - less) / ((2 * rows * 3) / 4)).toBeLessThan(8);
});
