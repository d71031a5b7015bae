/** The parser over its WebAssembly boundary. */
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instant } from "../../src/core/timestamp.js";
import { type Batch, LogParser, type Measurement, PRESENT, parseLog, readRun } from "../../src/index.js";
import { nodeCore } from "../../src/node-core.js";
import { formatCount, formatFloat } from "../../src/publishers/csv/float.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const decimal = fc
  .double({ noNaN: false })
  .map((value) =>
    Number.isFinite(value) ? String(value) : String(value).replace("Infinity", "inf").toLowerCase(),
  );
const short = fc
  .tuple(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 0, max: 99_999_999 }))
  .map(([a, b]) => `${a}.${String(b).padStart(8, "0")}`);
const number = fc.oneof({ weight: 4, arbitrary: short }, { weight: 1, arbitrary: decimal });
const count = fc.integer({ min: 0, max: 10 ** 12 }).map((value) => value.toLocaleString("en-US"));
const optional = (text: fc.Arbitrary<string>) => fc.oneof(fc.constant(""), text);

const training = fc
  .tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.nat(),
    count,
    number,
    optional(count.map((c) => ` * ${c} @ 7 after ${c}`)),
    optional(number.map((n) => ` : Time ${n}s`)),
    optional(number.map((n) => ` : ${n} words/s`)),
    optional(number.map((n) => ` : gNorm ${n}`)),
    optional(number.map((n) => ` : L.r. ${n}`)),
  )
  .map(
    ([epoch, up, sen, cost, ...rest]) =>
      `Ep. ${epoch} : Up. ${up} : Sen. ${sen} : Cost ${cost}${rest.join("")}`,
  );
const time = fc
  .date({
    min: new Date("1972-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString());
const stamp = fc.oneof(
  time.map((text) => `[task ${text}] `),
  time.map((text) => `[${text.slice(0, 19).replace("T", " ")}] `),
  fc.constantFrom("", "[2024-03-31 01:59:59] ", "[2024-03-31 03:00:00] ", "[2024-10-27 02:30:00] "),
);
const validation = fc
  .tuple(
    fc.nat(),
    fc.constantFrom("chrf", "bleu-detok", "translation"),
    number,
    optional(fc.nat().map((n) => ` : stalled ${n} times`)),
  )
  .map(([up, metric, value, stalled]) => `[valid] Ep. 1 : Up. ${up} : ${metric} : ${value}${stalled}`);
const other = fc.oneof(
  fc.string(),
  fc.constantFrom(
    "[marian] Marian v1.12.14 2d067af",
    "[config] after: 0e",
    "[valid]   Hyp: Ep. 1 : Up. 1",
    "Ep. 1 : Up. 7",
    "\0\0",
    "caf\u00e9 \u4e2d",
  ),
);
const line = fc
  .tuple(
    fc.constantFrom("[2024-01-02 03:04:05] ", "[task 2023-09-16T12:39:01.105Z] [2023-09-16 12:39:01] ", ""),
    fc.oneof(training, validation, other),
    fc.constantFrom("\n", "\n", "\r\n", "\r"),
  )
  .map((parts) => parts.join(""));
const log = fc.array(line, { maxLength: 20 }).map((lines) => lines.join(""));

function read(chunks: Iterable<Uint8Array>): Measurement[] {
  using parser = new LogParser();
  const found: Measurement[] = [];
  for (const chunk of chunks) found.push(...parser.feed(chunk).measurements());
  found.push(...parser.finish().measurements());
  return found;
}

function* split(all: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  const places = cuts.map((cut) => Math.floor(cut * all.length)).sort((one, other) => one - other);
  let start = 0;
  for (const place of [...places, all.length]) {
    yield all.subarray(start, place);
    start = place;
  }
}

describe("LogParser", () => {
  test("any split of the input into chunks gives the same", () => {
    const cut = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
    fc.assert(
      fc.property(log, fc.array(cut, { maxLength: 6 }), (text, cuts) => {
        expect(read(split(bytes(text), cuts))).toEqual(read([bytes(text)]));
      }),
      { numRuns: 300 },
    );
  });

  test("random bytes never throw and every byte is counted", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (all) => {
        using parser = new LogParser();
        parser.feed(all);
        expect(parser.finish().counts.bytes).toBe(all.length);
      }),
      { numRuns: 300 },
    );
  });

  test("the core's CSV is csv-stringify's", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(stamp, training).map((texts) => texts.join("")),
          { minLength: 1, maxLength: 12 },
        ),
        fc.record({
          position: fc.boolean(),
          labels: fc.boolean(),
          segment: fc.boolean(),
          timestamp: fc.boolean(),
        }),
        fc.constantFrom({}, { timeZone: "Europe/Paris" }),
        (records, columns, options) => {
          using parser = new LogParser(options);
          const batch = parser.feed(bytes(records.map((record) => `${record}\n`).join("")));
          const text = new TextDecoder().decode(batch.trainingCsv(columns, bytes("a,")));
          expect(text).toBe(stringify(rows(batch, columns), { record_delimiter: "windows" }));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("a batch survives another parser's growth of the shared memory", () => {
    using parser = new LogParser();
    parser.feed(bytes("Ep. 1 : Up. 1 : Sen. 2 : Cost 3.5\nEp. 1 : Up. 2 : Sen. 4 : Cost 3.2\n"));
    const batch = parser.finish();
    const iterator = batch.measurements();
    expect(iterator.next().value).toMatchObject({ up: 1, cost: 3.5 });
    const { buffer } = nodeCore().memory;
    using other = new LogParser();
    other.feed(bytes("Ep. 1 : Up. 1 : Sen. 2 : Cost 3.5\n".repeat(400_000)));
    expect(nodeCore().memory.buffer).not.toBe(buffer);
    expect(iterator.next().value).toMatchObject({ up: 2, cost: 3.2 });
    expect([...batch.training.up]).toEqual([1, 2]);
  });

  test("memory does not grow with the log, nor with the number of logs", () => {
    const chunk = bytes(
      "[2024-01-02 03:04:05] Ep. 1 : Up. 1000 : Sen. 2 : Cost 3.5 : gNorm 1.5\n".repeat(10_000),
    );
    const feed = (chunks: number) => {
      using parser = new LogParser();
      for (let index = 0; index < chunks; index += 1) parser.feed(chunk);
      parser.finish();
    };
    feed(3);
    const before = nodeCore().memory.buffer.byteLength;
    feed(100);
    for (let log = 0; log < 100; log += 1) feed(1);
    expect(nodeCore().memory.buffer.byteLength).toBe(before);
  });

  test("says so when it is used after free", () => {
    const parser = new LogParser();
    parser.free();
    parser.free();
    expect(() => parser.feed(bytes("x"))).toThrow("has been freed");
  });

  test("refuses patterns that are none", () => {
    expect(() => new LogParser({ patterns: [{ name: "a", regex: "(" }] })).toThrow(
      "the pattern 'a' is no regular expression",
    );
    expect(() => new LogParser({ patterns: [{ name: "a", regex: "b" }] })).toThrow("names no group");
    expect(() => new LogParser({ timeZone: "Europe/Nowhere" })).toThrow(RangeError);
  });
});

describe("parseLog", () => {
  const text = "Ep. 1 : Up. 1 : Sen. 2 : Cost 3.5\n";
  const row = { type: "training", segment: 0, line: 1, epoch: 1, up: 1, sen: 2, cost: 3.5 };
  const all = async (input: Parameters<typeof parseLog>[0]) => {
    const found: Measurement[] = [];
    for await (const measurement of parseLog(input)) found.push(measurement);
    return found;
  };

  test.each<[string, () => Parameters<typeof parseLog>[0]]>([
    ["bytes", () => bytes(text)],
    ["an ArrayBuffer", () => bytes(text).buffer as ArrayBuffer],
    ["a Blob", () => new Blob([text])],
    ["a web stream", () => new Blob([text]).stream()],
    ["an iterable of texts", () => [text.slice(0, 9), text.slice(9)]],
  ])("reads %s", async (_name, input) => {
    expect(await all(input())).toEqual([row]);
  });

  test("measurements are frozen", async () => {
    const [first] = await all(bytes(text));
    expect(Object.isFrozen(first)).toBe(true);
  });

  test("logs that are read at the same time do not disturb each other", async () => {
    const logs = Array.from({ length: 8 }, (_, index) =>
      `Ep. 1 : Up. ${index} : Sen. 2 : Cost 3.5\n`.repeat(20_000),
    );
    const runs = await Promise.all(logs.map((log) => readRun(new Blob([log]))));
    for (const [index, { training }] of runs.entries()) {
      expect(training).toHaveLength(20_000);
      expect(training.every(({ up }) => up === index)).toBe(true);
    }
  });
});

function rows(batch: Batch, { position, labels, segment, timestamp }: Record<string, boolean>): string[][] {
  const { training } = batch;
  return Array.from({ length: training.length }, (_, row) => {
    const present = training.present[row] ?? 0;
    const cell = (
      name: "time" | "rate" | "gnorm" | "learning_rate" | "labels" | "batch_labels" | "total_labels",
      format: (value: number) => string,
    ) => (present & PRESENT[name] ? format(training[name][row] ?? 0) : "");
    const printed = instant(batch.trainingRow(row).timestamp);
    const time = printed === undefined ? "" : new Date(printed).toISOString();
    const place = [training.segment, training.line].map((column) => formatCount(column[row] ?? 0));
    return [
      "a",
      ...(position ? [...place, time] : []),
      ...[training.epoch, training.up, training.sen].map((column) => formatCount(column[row] ?? 0)),
      formatFloat(training.cost[row] ?? 0),
      cell("time", formatFloat),
      cell("rate", formatFloat),
      cell("gnorm", formatFloat),
      cell("learning_rate", formatFloat),
      ...(labels
        ? [cell("labels", formatCount), cell("batch_labels", formatCount), cell("total_labels", formatCount)]
        : []),
      ...(segment ? [formatCount(training.segment[row] ?? 0)] : []),
      ...(timestamp ? [time] : []),
    ];
  });
}
