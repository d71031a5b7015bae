/** The entries of the package are one library: the same names, and the same answer to the same call. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as browser from "../../src/browser.js";
import * as browserInNode from "../../src/browser-node.js";
import * as node from "../../src/index.js";
import type { LogInput } from "../../src/io/log-input.js";
import type { Library } from "../../src/library/library.js";
import type { ReadOptions } from "../../src/library/open-log.js";
import * as slim from "../../src/slim.js";
import { zstdFrame } from "../browser/zstd-frame.js";
import { start, train } from "../cli/sample-logs.js";

type Entry = Library<Blob | AsyncIterable<Uint8Array>>;

const ENTRIES: Readonly<Record<string, Entry>> = {
  "marian-tracking": node,
  "marian-tracking/browser in Node": browserInNode,
  "marian-tracking/browser": browser,
  "marian-tracking/slim": slim,
};

const LOG = readFileSync(new URL("../../fixtures/train.log", import.meta.url));
const DIVERGED = `${start()}${train(100)}${train(200).replace(/Cost [\d.]+/, "Cost nan")}`;

const INPUTS: Readonly<Record<string, Uint8Array | string>> = {
  "a log": LOG,
  "a log in gzip": gzipSync(LOG),
  "a log in gzip that is cut": gzipSync(LOG).subarray(0, -700),
  "a log in zstd": zstdFrame(LOG),
  "a training that diverged": DIVERGED,
  "an empty file": "",
  "a PDF": "%PDF-1.7\n1 0 obj\n",
  "a tar": Buffer.concat([Buffer.from("train.log".padEnd(257, "\0")), Buffer.from("ustar\0")]),
  "a file in xz": Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0]),
};

async function all<Item>(items: AsyncIterable<Item>, into: Item[] = []): Promise<Item[]> {
  for await (const item of items) into.push(item);
  return into;
}

/** What a call gives, or its error with what came before. */
const CALLS: Readonly<
  Record<string, (entry: Entry, input: Blob, options?: ReadOptions) => Promise<unknown>>
> = {
  async parseLog(entry, input, options) {
    const found: unknown[] = [];
    const error = await all(entry.parseLog(input, options), found).catch(plainError);
    return [found, error === found ? undefined : error];
  },
  async parseBatches(entry, input, options) {
    const found: unknown[] = [];
    const read = async () => {
      for await (const batch of entry.parseBatches(input, options)) found.push(...batch.measurements());
    };
    return [found, await read().catch(plainError)];
  },
  async readUpdates(entry, input, options) {
    const found = { segments: [] as unknown[], points: [] as unknown[], tally: undefined as unknown };
    const read = async () => {
      for await (const { segments, points, tally } of entry.readUpdates(input, options)) {
        found.segments.push(...segments.values());
        found.points.push(...points);
        found.tally = tally;
      }
    };
    return [await read().catch(plainError), found];
  },
  readRun: (entry, input, options) => entry.readRun(input, options).catch(plainError),
  async checkRun(entry, input, options) {
    const { error, ...report } = await entry.checkRun(input, options);
    return [report, error === undefined ? undefined : plainError(error)];
  },
  async LogParser(entry, input, options) {
    const parser = new entry.LogParser(options);
    const bytes = new Uint8Array(await input.arrayBuffer());
    const found = [...parser.feed(bytes).measurements(), ...parser.finish().measurements()];
    parser.free();
    return found;
  },
};

/** An error by what programs go by. */
function plainError(error: unknown): unknown {
  const { name, message, code, run } = error as node.PartialRunError;
  return { isInputError: error instanceof node.InputError, name, message: sameAdvice(message), code, run };
}

/** The advice for a packing that is not read here fits the place: a page has no pipe. */
const sameAdvice = (message: string) => message.replace(/: (?:make plain text|use `).*/, "");

const folder = mkdtempSync(join(tmpdir(), "entries-"));
beforeAll(() => slim.init(readFileSync(new URL("../../wasm/marian_log_wasm_bg.wasm", import.meta.url))));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(Object.keys(ENTRIES).slice(1))("%s", (name) => {
  const entry = ENTRIES[name] as Entry;
  // A browser unpacks a gzip that is cut to its last byte; Node's DecompressionStream drops the end. test/browser reads it.
  const isForPages = (input: string) => input.endsWith("cut") && !name.endsWith("in Node");

  test("exports what marian-tracking exports, but for the readers of names", () => {
    const isForPages = (exported: string) => !["parseDataset", "parseTaskLabel"].includes(exported);
    expect(Object.keys(entry).sort()).toEqual(Object.keys(node).filter(isForPages).sort());
  });

  describe.each(Object.keys(CALLS))("%s", (call) => {
    test.each(Object.keys(INPUTS).filter((input) => !isForPages(input)))(
      "of %s gives what marian-tracking gives",
      async (input) => {
        const blob = new Blob([INPUTS[input] as BlobPart]);
        const run = CALLS[call] as (typeof CALLS)[string];
        expect(await run(entry, blob)).toEqual(await run(node, blob));
      },
    );

    test("takes the same options", async () => {
      const blob = new Blob([LOG]);
      const run = CALLS[call] as (typeof CALLS)[string];
      const options = {
        timeZone: "Europe/Paris",
        patterns: [{ name: "saving", regex: "Saving (?P<what>.*)" }],
      };
      expect(await run(entry, blob, options)).toEqual(await run(node, blob, options));
    });
  });
});

describe.each(Object.keys(ENTRIES))("%s", (name) => {
  const entry = ENTRIES[name] as Entry;
  const blob = new Blob([LOG]);

  test("names wrong options and inputs", async () => {
    await expect(entry.readRun(blob, { timeZone: "Mars/Base" })).rejects.toThrow(RangeError);
    await expect(entry.readRun(blob, { patterns: [{ name: "x", regex: "(" }] })).rejects.toThrow("x");
    await expect(entry.readRun(7 as never)).rejects.toThrow(TypeError);
    await expect(entry.checkRun({} as never)).rejects.toThrow(TypeError);
  });

  test("reports its progress up to the last byte", async () => {
    const seen: node.Progress[] = [];
    await entry.readRun(blob, { progress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({
      bytes: LOG.length,
      total: LOG.length,
      counts: { bytes: LOG.length },
    });
  });

  test("stops when its signal aborts, and closes the input", async () => {
    const control = new AbortController();
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield LOG;
      } finally {
        closed = true;
      }
    }
    const reason = new Error("enough");
    const progress = () => control.abort(reason);
    await expect(entry.readRun(endless(), { signal: control.signal, progress })).rejects.toBe(reason);
    expect(closed).toBe(true);
    await expect(entry.checkRun(blob, { signal: control.signal })).rejects.toBe(reason);
  });

  test("gives a parser only what its rows need: a batch outlives it", () => {
    const parser = new entry.LogParser();
    const { training } = parser.feed(LOG);
    parser.free();
    expect(training.length).toBeGreaterThan(80);
  });
});

test("Node also reads paths, URLs, and iterables of bytes or text", async () => {
  const path = join(folder, "train.log");
  writeFileSync(path, LOG);
  const expected = await node.readRun(new Blob([LOG]));
  const inputs: readonly LogInput[] = [
    path,
    pathToFileURL(path),
    LOG,
    new Uint8Array(LOG).buffer,
    [LOG.subarray(0, 999), LOG.subarray(999)],
    LOG.toString().match(/.*\n|.+$/g) ?? [],
    new Response(LOG),
    new Blob([LOG]).stream(),
  ];
  for (const input of inputs) expect(await node.readRun(input)).toEqual(expected);
});
