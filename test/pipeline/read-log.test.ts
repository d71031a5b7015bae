import { appendFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { LendingParser } from "../../src/core/lending-parser.js";
import { LocalFile } from "../../src/io/local-file.js";
import { FileSource, type Source } from "../../src/io/source.js";
import { nodeCore } from "../../src/node-core.js";
import { type ReadControl, readLog } from "../../src/pipeline/read-log.js";
import { RunReader } from "../../src/run/run-reader.js";
import { start, train, valid } from "../cli/sample-logs.js";

const folder = mkdtempSync(join(tmpdir(), "read-log-"));
/** 3 MB: several reads of a file. */
const LOG =
  start({ metrics: ["chrf"] }) +
  Array.from(
    { length: 25_000 },
    (_, at) => train(at + 1) + (at % 50 === 0 ? valid(at + 1, "chrf", at) : ""),
  ).join("");

function file(text: string | Uint8Array, name = "train.log"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A file that is read in chunks, as pipes are. */
function inChunks(path: string): Source {
  const source = new FileSource(path);
  return { name: path, chunks: () => source.chunks() };
}

/** What is found in a log, the text that was seen, and how much of the file was read. */
async function found(
  source: Source,
  control: ReadControl = {},
  each = (_chunk: () => Uint8Array | undefined) => {},
) {
  using parser = new LendingParser(nodeCore());
  const reader = new RunReader(parser);
  const records: unknown[] = [];
  const texts: string[] = [];
  let bytes = 0;
  const see = (text: Uint8Array) => void texts.push(new TextDecoder("latin1").decode(text));
  const progress = (length: number) => {
    bytes += length;
  };
  let error: unknown;
  try {
    for await (const update of readLog(source, parser, reader, { ...control, progress }, { see })) {
      records.push(...update.batch.measurements());
      each(() => update.chunk);
    }
  } catch (thrown) {
    error = thrown;
  }
  records.push(...(await reader.finish()).batch.measurements());
  return { records, tally: reader.tally, text: texts.join(""), bytes, error };
}

test("a file that is read into the core gives what its chunks give, and all of its text", async () => {
  const path = file(LOG);
  expect(LocalFile.open(path)).toBeDefined();
  const direct = await found(new FileSource(path));
  expect(direct).toEqual(await found(inChunks(path)));
  expect(direct.text).toBe(LOG);
  expect(direct.bytes).toBe(LOG.length);
});

test.each([
  ["an empty file", ""],
  ["a last line without its end", `${train(1)}${train(2)}${train(3).trimEnd()}`],
  ["a line of 3 MB", `${train(1)}${"x".repeat(3 << 20)}\n${train(2)}${train(3)}`],
  ["gzip", gzipSync(LOG)],
  ["another format", new Uint8Array([0x50, 0x4b, 0x03, 0x04, 1, 2, 3])],
  ["half a magic number", new Uint8Array([0x1f])],
])("%s is read as it is in chunks", async (_what, content) => {
  const path = file(content);
  expect(await found(new FileSource(path))).toEqual(await found(inChunks(path)));
});

test("half a line at the end of a file that is being written is left for the next reading", async () => {
  const path = file(`${train(1)}${train(2)}`);
  const source = new FileSource(path, { size: 1, mtimeMs: 0 });
  appendFileSync(path, train(3).slice(0, 60));
  expect((await found(source)).text).toBe(train(1) + train(2));
  expect((await found(new FileSource(path))).text).toHaveLength((train(1) + train(2)).length + 60);
});

test("the text of each update is there for whoever asks for it", async () => {
  const texts: string[] = [];
  await found(new FileSource(file(LOG)), {}, (chunk) => texts.push(new TextDecoder().decode(chunk())));
  expect(texts.length).toBeGreaterThan(2);
  expect(texts.join("")).toBe(LOG);
});

test("a signal ends the reading between two reads", async () => {
  const stop = new AbortController();
  let updates = 0;
  const { bytes } = await found(new FileSource(file(LOG)), { signal: stop.signal }, () => {
    updates += 1;
    stop.abort();
  });
  expect(updates).toBe(1);
  expect(bytes).toBeLessThan(LOG.length);
});

test("devices, folders, and files that are not there are not read synchronously", () => {
  for (const path of ["/dev/null", "/proc/self/status", folder, join(folder, "absent")])
    expect(LocalFile.open(path)).toBeUndefined();
});
