import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { LogParser, parseLog } from "../../src/index.js";
import { LineFile, type LineOutput, NdjsonPublisher } from "../../src/publishers/ndjson.js";
import { RunReader } from "../../src/run/run-reader.js";

const root = mkdtempSync(join(tmpdir(), "marian-tracking-ndjson-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The NDJSON of a log. */
async function ndjson(log: string, source = "x.log"): Promise<string> {
  let text = "";
  const sink: LineOutput = {
    write: async (lines) => {
      text += lines;
    },
    close: async () => [],
    discard: async () => {},
  };
  using parser = new LogParser();
  const reader = new RunReader(parser);
  const publisher = new NdjsonPublisher(sink);
  publisher.open({ source, tally: () => reader.tally, summary: () => undefined });
  await publisher.publish(await reader.read(new TextEncoder().encode(log)));
  await publisher.publish(await reader.finish());
  await publisher.close();
  return text;
}

describe("NDJSON", () => {
  it("of training rows is what JSON.stringify would make of the library's objects", async () => {
    const number = fc.oneof(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((value) => value.toFixed(8)),
      fc.constantFrom("nan", "inf", "-inf", "0.00000000"),
    );
    const tail = fc.constantFrom(
      "",
      " : Time 1.25s : 7.50 words/s",
      " : Time 1.25s : inf words/s : gNorm nan",
      " : L.r. 1.8750e-08",
    );
    const labels = fc.constantFrom("", " * 1,234 after 5,678", " * 1,234 @ 56 after 7,890");
    const stamp = fc.constantFrom(
      "",
      "[2024-01-01 10:00:00] ",
      "[task 2024-01-01T09:00:00.500Z] [2024-01-01 10:00:00] ",
    );
    const line = fc
      .tuple(stamp, fc.nat(1e6), number, labels, tail)
      .map(
        ([time, up, cost, counts, rest]) =>
          `${time}Ep. 1 : Up. ${up} : Sen. 7 : Cost ${cost}${counts}${rest}\n`,
      );
    const textual = (_key: string, value: unknown) =>
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (lines) => {
        const log = lines.join("");
        const expected: string[] = [];
        for await (const { type, ...rest } of parseLog(new TextEncoder().encode(log))) {
          expected.push(`${JSON.stringify({ type, source: 'a "b"', ...rest }, textual)}\n`);
        }
        expect(expected).toHaveLength(lines.length);
        expect(await ndjson(log, 'a "b"')).toBe(expected.join(""));
      }),
      { numRuns: 200 },
    );
  });

  it("keeps configurations' numbers, also those that JSON has not, and leaves arguments out", async () => {
    const log =
      "[2024-01-01 10:00:00] [marian] Marian v1.12.0 abc 2024\n" +
      "[2024-01-01 10:00:00] [marian] Running on x as process 1 with command line:\n" +
      "[2024-01-01 10:00:00] [marian] marian --a b\n" +
      "[2024-01-01 10:00:00] [config] x: .inf\n" +
      "[2024-01-01 10:00:00] [config] y: 0.0003\n" +
      "[2024-01-01 10:00:00] Training started\n";
    expect(await ndjson(log)).toBe(
      '{"type":"segment","source":"x.log","segment":0,"line":1,"timestamp":"2024-01-01T10:00:00","marian_version":"v1.12.0","revision":"abc","command_line":"marian --a b","config":{"x":"Infinity","y":0.0003}}\n',
    );
  });

  it("gives a segment once its configuration has ended, before the first record", async () => {
    using parser = new LogParser();
    const reader = new RunReader(parser);
    const feed = async (text: string) => [
      ...(await reader.read(new TextEncoder().encode(text))).segments.values(),
    ];
    expect(await feed("[2024-01-01 10:00:00] [marian] Marian v1.12.0 abc 2024\n")).toEqual([]);
    expect(await feed("[2024-01-01 10:00:00] [config] a: 1\n")).toEqual([]);
    const [segment, ...others] = await feed(
      "[2024-01-01 10:00:00] Training started\nEp. 1 : Up. 1 : Sen. 1 : Cost 1.0\n",
    );
    expect(segment).toMatchObject({ segment: 0, config: { a: 1 } });
    expect(others).toEqual([]);
    expect(await feed("[2024-01-01 10:00:00] [config] b: 2\nEp. 1 : Up. 2 : Sen. 1 : Cost 1.0\n")).toEqual(
      [],
    );
  });

  it("of an error names the log and the reason", async () => {
    const lines: string[] = [];
    const publisher = new NdjsonPublisher({
      write: async (text) => void lines.push(String(text)),
      close: async () => [],
      discard: async () => {},
    });
    publisher.open({ source: "y.log", tally: () => expect.unreachable(), summary: () => undefined });
    await publisher.fail('no "such" file\n');
    expect(lines.join("")).toBe('{"type":"error","source":"y.log","message":"no \\"such\\" file\\n"}\n');
  });
});

describe("LineFile", () => {
  it("whole: at its place when closed; live: at once; discarded: not at all", async () => {
    const path = join(root, "a/b/lines.ndjson");
    const whole = new LineFile(path, "whole");
    await whole.write("1\n");
    expect(readdirSync(join(root, "a/b"))).toEqual([expect.stringMatching(/\.partial$/)]);
    expect(await whole.close()).toEqual([path]);
    expect(readdirSync(join(root, "a/b"))).toEqual(["lines.ndjson"]);
    const discarded = new LineFile(path, "whole");
    await discarded.write("2\n");
    await discarded.discard();
    expect(readFileSync(path, "utf8")).toBe("1\n");
    const live = new LineFile(path, "live");
    await live.write("3\n");
    expect(readFileSync(path, "utf8")).toBe("3\n");
    await live.discard();
    expect(readdirSync(join(root, "a/b"))).toEqual(["lines.ndjson"]);
  });
});
