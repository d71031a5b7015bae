import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { LogParser } from "../../../src/index.js";
import { type CsvOptions, CsvPublisher } from "../../../src/publishers/csv/csv-publisher.js";
import { formatCount, formatFloat } from "../../../src/publishers/csv/float.js";
import { RunReader } from "../../../src/run/run-reader.js";

const root = mkdtempSync(join(tmpdir(), "marian-tracking-csv-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

interface Options extends Partial<CsvOptions> {
  readonly patterns?: boolean;
  readonly pattern?: string;
  /** Given to the parser in parts of this many bytes. */
  readonly step?: number;
}

/** Reads logs into the CSV files of a fresh folder. */
async function write(logs: Readonly<Record<string, string>>, options: Options = {}): Promise<string> {
  count += 1;
  const folder = join(root, String(count));
  const { mode = "whole", combine = false, reference, pattern, step = 1 << 20 } = options;
  const publisher = new CsvPublisher({ folder, mode, combine, reference, patterns: pattern !== undefined });
  for (const [source, log] of Object.entries(logs)) {
    const parser = new LogParser({ patterns: pattern === undefined ? [] : [{ name: "p", regex: pattern }] });
    const reader = new RunReader(parser);
    publisher.open({ source, tally: () => reader.tally, summary: () => undefined });
    const bytes = new TextEncoder().encode(log);
    for (let at = 0; at < bytes.length; at += step)
      await publisher.publish(await reader.read(bytes.subarray(at, at + step)));
    await publisher.publish(await reader.finish());
    parser.free();
  }
  await publisher.close();
  return folder;
}

type Row = Readonly<Record<string, string>>;

/** The rows of a table without their empty cells, and its columns. */
function table(folder: string, name: string): { columns: string[]; rows: Row[] } {
  const [columns = [], ...rows] = parse(readFileSync(join(folder, name)), {
    record_delimiter: "\r\n",
  }) as string[][];
  return {
    columns,
    rows: rows.map((row) =>
      Object.fromEntries(
        row.map((cell, at) => [columns[at] ?? "?", cell] as const).filter(([, cell]) => cell !== ""),
      ),
    ),
  };
}

const REFERENCE = "epoch,up,sen,cost,time,rate,gnorm,learning_rate".split(",");
const VALIDATION =
  "epoch,up,chrf,ce_mean_words,bleu_detok,perplexity,chrf_stalled,ce_mean_words_stalled,bleu_detok_stalled,perplexity_stalled".split(
    ",",
  );
const BANNER = "[2024-01-01 00:00:00] [marian] Marian v1.12.14 2d067af 2024-02-16\n";
const train = (up: number, cost = "Cost 1.5") =>
  `Ep. 1 : Up. ${up} : Sen. 5 : ${cost} : Time 1.00s : 2.00 words/s\n`;
const valid = (up: number, metric: string, value: string | number = 1, tail = "new best") =>
  `[valid] Ep. 1 : Up. ${up} : ${metric} : ${value} : ${tail}\n`;

describe.each(["whole", "live"] as const)("CSV columns, %s", (mode) => {
  it("are the reference's where nothing else occurs", async () => {
    const folder = await write({ a: train(1) + valid(1, "chrf", 19) }, { mode });
    expect(table(folder, "training.csv")).toEqual({
      columns: [...REFERENCE, "timestamp"],
      rows: [{ epoch: "1", up: "1", sen: "5", cost: "1.5", time: "1.0", rate: "2.0" }],
    });
    expect(table(folder, "validation.csv")).toEqual({
      columns: [...VALIDATION, "timestamp"],
      rows: [{ epoch: "1", up: "1", chrf: "19.0" }],
    });
    expect(readdirSync(folder).sort()).toEqual(["training.csv", "validation.csv"]);
  });

  it("get labels late, before the segment that came earlier", async () => {
    const log =
      train(1) +
      BANNER +
      BANNER +
      train(2) +
      train(3, "Cost 2.5 * 1,000 @ 20 after 3,000") +
      train(4, "Cost 2.5 * 7 after 9");
    const folder = await write({ a: log }, { mode, step: 50 });
    const { columns, rows } = table(folder, "training.csv");
    expect(columns).toEqual([...REFERENCE, "labels", "batch_labels", "total_labels", "segment", "timestamp"]);
    expect(
      rows.map(({ up, labels, batch_labels, total_labels, segment }) => [
        up,
        labels,
        batch_labels,
        total_labels,
        segment,
      ]),
    ).toEqual([
      ["1", undefined, undefined, undefined, "0"],
      ["2", undefined, undefined, undefined, "1"],
      ["3", "1000", "20", "3000", "1"],
      ["4", "7", undefined, "9", "1"],
    ]);
  });

  it("get the segment late, and only where rows come from two", async () => {
    const folder = await write(
      { a: BANNER + BANNER + train(1) + valid(1, "chrf") + valid(2, "chrf") + BANNER + train(2) },
      { mode, step: 50 },
    );
    const training = table(folder, "training.csv");
    expect(training.columns).toEqual([...REFERENCE, "segment", "timestamp"]);
    expect(training.rows.map(({ segment }) => segment)).toEqual(["1", "2"]);
    expect(table(folder, "validation.csv").columns).toEqual([...VALIDATION, "timestamp"]);
  });

  it("get further metrics in the order of their first record", async () => {
    const log =
      valid(1, "bleu", 1.5) +
      valid(1, "chrf", 2) +
      valid(2, "ter", 3, "stalled 4 times (last best: 1)") +
      valid(2, "bleu", "1e-05") +
      BANNER +
      BANNER +
      valid(3, "cross-entropy", "nan") +
      valid(3, "chrf", "-inf");
    const folder = await write({ a: log }, { mode, step: 40 });
    const { columns, rows } = table(folder, "validation.csv");
    expect(columns).toEqual([
      ...VALIDATION,
      ...["bleu", "bleu_stalled", "ter", "ter_stalled", "cross_entropy", "cross_entropy_stalled"],
      ...["segment", "timestamp"],
    ]);
    expect(rows).toEqual([
      { epoch: "1", up: "1", bleu: "1.5", chrf: "2.0", segment: "0" },
      { epoch: "1", up: "2", bleu: "1e-05", ter: "3.0", ter_stalled: "4.0", segment: "0" },
      { epoch: "1", up: "3", cross_entropy: "nan", chrf: "-inf", segment: "1" },
    ]);
  });
});

describe.each(["whole", "live"] as const)("timestamps, %s", (mode) => {
  const at = (time: string, line: string) => `[2024-01-02 ${time}] ${line}`;

  it("stand last, of validations that of the first record, and are empty without a time", async () => {
    const log =
      at("03:04:05", train(1)) +
      train(2) +
      `[task 2024-01-02T03:04:06.105Z] ${train(3)}` +
      at("03:04:07", valid(3, "chrf")) +
      at("03:09:07", valid(3, "ter")) +
      valid(4, "chrf") +
      BANNER +
      BANNER +
      at("23:59:59", train(5, "Cost 2.5 * 7 after 9")) +
      at("23:59:59", valid(5, "chrf"));
    const folder = await write({ a: log }, { mode, step: 60 });
    const training = table(folder, "training.csv");
    expect(training.columns.slice(-2)).toEqual(["segment", "timestamp"]);
    expect(training.rows.map(({ up, timestamp, labels }) => [up, timestamp, labels])).toEqual([
      ["1", "2024-01-02T03:04:05.000Z", undefined],
      ["2", undefined, undefined],
      ["3", "2024-01-02T03:04:06.105Z", undefined],
      ["5", "2024-01-02T23:59:59.000Z", "7"],
    ]);
    const validation = table(folder, "validation.csv");
    expect(validation.columns).toEqual([...VALIDATION, "ter", "ter_stalled", "segment", "timestamp"]);
    expect(validation.rows.map(({ up, timestamp, ter }) => [up, timestamp, ter])).toEqual([
      ["3", "2024-01-02T03:04:07.000Z", "1.0"],
      ["4", undefined, undefined],
      ["5", "2024-01-02T23:59:59.000Z", undefined],
    ]);
  });

  it("are UTC by the zone of the segment", async () => {
    const start = `${BANNER}[2024-01-01 00:00:00] [config] log-time-zone: Asia/Tokyo\n`;
    const log = start + at("03:04:05", train(1)) + at("03:04:05", valid(1, "chrf"));
    const folder = await write({ a: log }, { mode });
    for (const name of ["training.csv", "validation.csv"])
      expect(table(folder, name).rows).toMatchObject([{ timestamp: "2024-01-01T18:04:05.000Z" }]);
  });

  it("are not in the files of the reference, where a metric may have their name", async () => {
    const log = at("03:04:05", train(1)) + at("03:04:05", valid(1, "timestamp", 7)) + valid(2, "chrf");
    const folder = await write({ a: log }, { mode, reference: true });
    expect(table(folder, "training.csv").columns).toEqual(REFERENCE);
    expect(table(folder, "validation.csv").columns).toEqual([
      ...VALIDATION,
      "timestamp",
      "timestamp_stalled",
    ]);
    expect(table(folder, "validation.csv").rows.map(({ up, timestamp }) => [up, timestamp])).toEqual([
      ["1", "7.0"],
      ["2", undefined],
    ]);
  });
});

describe("CSV names", () => {
  it("of metrics whose column is taken get _metric behind them", async () => {
    const metrics = [
      "epoch",
      "up",
      "chrf_stalled",
      "a-b",
      "a_b",
      "segment",
      "timestamp",
      "b.l/eu+",
      "größe",
      "ce_mean_words",
      "ce-mean-words",
    ];
    const log =
      metrics.map((metric, at) => valid(1, metric, at + 10)).join("") + BANNER + BANNER + valid(2, "chrf");
    const { columns, rows } = table(await write({ a: log }), "validation.csv");
    expect(new Set(columns).size).toBe(columns.length);
    expect(columns.slice(0, VALIDATION.length)).toEqual(VALIDATION);
    expect(rows[0]).toEqual({
      epoch: "1",
      up: "1",
      epoch_metric: "10.0",
      up_metric: "11.0",
      chrf_stalled_metric: "12.0",
      // Of two that would have one column, the metric with fewer replaced characters keeps the name.
      a_b: "14.0",
      a_b_2: "13.0",
      segment_metric: "15.0",
      timestamp_metric: "16.0",
      "b_l_eu+": "17.0",
      größe: "18.0",
      ce_mean_words: "19.0",
      ce_mean_words_2: "20.0",
      segment: "0",
    });
  });

  it("of a metric and another's stalls don't meet", async () => {
    const log = valid(1, "x_stalled", 1, "stalled 2 times") + valid(1, "x", 3, "stalled 4 times");
    const { columns, rows } = table(await write({ a: log }), "validation.csv");
    expect(new Set(columns).size).toBe(columns.length);
    expect(Object.values(rows[0] ?? {}).sort()).toEqual(["1", "1", "1.0", "2.0", "3.0", "4.0"]);
  });

  it("of the source get _metric too where sources have a column", async () => {
    const { columns, rows } = table(
      await write({ s: valid(1, "source", 7) }, { combine: true }),
      "validation.csv",
    );
    expect(columns).toEqual(["source", ...VALIDATION, "source_metric", "source_metric_stalled", "timestamp"]);
    expect(rows).toEqual([{ source: "s", epoch: "1", up: "1", source_metric: "7.0" }]);
  });
});

describe("combined CSV", () => {
  it("has the source first and quotes it where it must", async () => {
    const odd = 'a, "b"\r\nc';
    const logs = {
      [odd]: train(1) + valid(1, "chrf"),
      plain: BANNER + train(2) + BANNER + train(3, "Cost 1.5 * 3 after 4"),
    };
    const folder = await write(logs, { combine: true });
    const { columns, rows } = table(folder, "training.csv");
    expect(columns).toEqual([
      "source",
      ...REFERENCE,
      ...["labels", "batch_labels", "total_labels", "segment", "timestamp"],
    ]);
    expect(rows.map(({ source, up, labels, segment }) => [source, up, labels, segment])).toEqual([
      [odd, "1", undefined, "0"],
      ["plain", "2", undefined, "0"],
      ["plain", "3", "3", "1"],
    ]);
    expect(table(folder, "validation.csv").rows).toEqual([{ source: odd, epoch: "1", up: "1", chrf: "1.0" }]);
  });
});

describe("patterns.csv", () => {
  it("has the groups as they come, and all text exactly", async () => {
    const log = 'x=1 y=\n[a] x=2\nrow x="3, 4"\n';
    const folder = await write(
      { 'q"s': log },
      { pattern: '^(?:\\[(?P<line>\\w+)\\] )?.*x=(?P<x>"[^"]*"|\\d+)(?: y=(?P<y>.*))?' },
    );
    const { columns, rows } = table(folder, "patterns.csv");
    expect(columns.slice(0, 4)).toEqual(["source", "line", "up", "name"]);
    expect(columns.slice(4).sort()).toEqual(["line_group", "x", "y"]);
    expect(rows).toEqual([
      { source: 'q"s', line: "1", name: "p", x: "1" },
      { source: 'q"s', line: "2", name: "p", line_group: "a", x: "2" },
      { source: 'q"s', line: "3", name: "p", x: '"3, 4"' },
    ]);
  });

  it("isn't there where nothing matched", async () => {
    expect(existsSync(join(await write({ a: train(1) }, { pattern: "(?P<x>never)" }), "patterns.csv"))).toBe(
      false,
    );
  });
});

describe("training rows", () => {
  it("are what csv-stringify would write", async () => {
    const number = fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value.toFixed(8)),
      fc.constantFrom("nan", "inf", "-inf", "0.00000000", "19.00000000", "123456789012345678.00000000"),
    );
    const record = fc.record({
      epoch: fc.nat(99),
      up: fc.nat(1e9),
      sen: fc.nat(1e9),
      cost: number,
      rate: number,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 5 }), async (records) => {
        const log = records
          .map(
            ({ epoch, up, sen, cost, rate }) =>
              `Ep. ${epoch} : Up. ${up} : Sen. ${sen} : Cost ${cost} : Time 1.25s : ${rate} words/s : gNorm 0.5000\n`,
          )
          .join("");
        const value = (text: string) =>
          formatFloat(Number(text.replace("inf", "Infinity").replace("nan", "NaN")));
        const rows = records.map(({ epoch, up, sen, cost, rate }) => [
          formatCount(epoch),
          formatCount(up),
          formatCount(sen),
          value(cost),
          "1.25",
          value(rate),
          "0.5",
          "",
          "",
        ]);
        const folder = await write({ a: log });
        expect(readFileSync(join(folder, "training.csv"), "utf8")).toBe(
          stringify([[...REFERENCE, "timestamp"], ...rows], { record_delimiter: "windows" }),
        );
      }),
      { numRuns: 200 },
    );
  });
});
