/** The points of the core are those of the rules written record by record, and their CSV has the same numbers. */
import { createReadStream } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND, PRESENT } from "../../src/core/layout.js";
import { LogParser, type ParserOptions } from "../../src/core/log-parser.js";
import { instant } from "../../src/core/timestamp.js";
import { decompress } from "../../src/io/packed/decompress.js";
import { nodeCore } from "../../src/node-core.js";
import { formatCount, formatFloat } from "../../src/publishers/csv/float.js";
import { validMetrics } from "../../src/run/marian-config.js";
import { RunReader, type RunUpdate } from "../../src/run/run-reader.js";
import { pointTimes, type ValidationPoint } from "../../src/run/validation-point.js";
import { publishedLogs, shared, sharedIsThere } from "../golden/shared.js";
import { PointAssembler } from "./point-assembler.js";

/** What the rules make of an update. */
function pointsOf({ batch, segments, chunk }: RunUpdate, rules: PointAssembler): ValidationPoint[] {
  const points: ValidationPoint[] = [];
  let [training, validation, event] = [0, 0, 0];
  for (const kind of batch.order) {
    if (kind === KIND.training) points.push(...rules.training(batch.training.up[training++] ?? 0));
    else if (kind === KIND.validation) points.push(...rules.validation(batch.validationRow(validation++)));
    else {
      const segment = segments.get(event++);
      if (segment !== undefined) points.push(...rules.segment(validMetrics(segment.config)));
    }
  }
  return chunk === undefined ? [...points, ...rules.finish()] : points;
}

/** Each metric with its value and its stalls, in the order of the log, and then position and time. */
function csvOf(points: readonly ValidationPoint[], names: readonly string[]): string {
  return points
    .map(({ epoch, up, segment, timestamp, metrics }) => {
      const cells = names.flatMap((name) => {
        const { value, stalled } = metrics.get(name) ?? {};
        return [value, stalled].map((number) => (number === undefined ? "" : formatFloat(number)));
      });
      const time = instant(timestamp);
      const position = [formatCount(segment), time === undefined ? "" : new Date(time).toISOString()];
      const update = [epoch === undefined ? "" : formatCount(epoch), formatCount(up)];
      return `a,${[...update, ...cells, ...position].join(",")}\r\n`;
    })
    .join("");
}

function expectTheSame(update: RunUpdate, rules: PointAssembler): void {
  const expected = pointsOf(update, rules);
  expect(update.points).toEqual(expected);
  expect(update.points.map(({ metrics }) => [...metrics.keys()])).toEqual(
    expected.map(({ metrics }) => [...metrics.keys()]),
  );
  expect(update.points.every(Object.isFrozen)).toBe(true);
  expect(update.closed.partial).toBe(expected.filter(({ partial }) => partial).length);
  const names = [...update.metricNames];
  expect(names).toEqual([...rules.metricNames]);
  const columns = {
    cells: Float64Array.from(names.flatMap((_, index) => [2 * index, 2 * index + 1])),
    width: 2 * names.length,
    names: "",
    segment: true,
    timestamp: true,
    prefix: new TextEncoder().encode("a,"),
  };
  const csv = update.closed.viewCsv(columns, pointTimes(update.closed));
  expect(new TextDecoder().decode(csv)).toBe(csvOf(expected, names));
}

async function compare(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ParserOptions = {},
): Promise<number> {
  using parser = new LogParser(nodeCore(), options);
  const reader = new RunReader(parser);
  const rules = new PointAssembler();
  for await (const chunk of chunks) expectTheSame(await reader.read(chunk), rules);
  expectTheSame(await reader.finish(), rules);
  return reader.tally.points;
}

function* divided(text: string, lengths: readonly number[]): Generator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const length = lengths[index % lengths.length] ?? bytes.length;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

const stamp = fc.constantFrom(
  "[2024-01-01 10:00:00] ",
  "[task 2024-01-01T09:00:00.250Z] [2024-01-01 10:00:00] ",
);
const name = fc.constantFrom("chrf", "bleu-detok", "ce-mean-words", "ter");
const update = fc.integer({ min: 1, max: 12 });
const value = fc.oneof(
  fc.constantFrom("nan", "-inf", "0", "19", "1.5e-08", "0.00001", "123456789012345678", "3.36434"),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const verdict = fc.oneof(
  fc.constantFrom(" : new best", " : no effect", ""),
  fc.tuple(update, value).map(([times, best]) => ` : stalled ${times} times (last best: ${best})`),
);
const epoch = fc.constantFrom("Ep. 1 : ", "Ep. 2 : ", "Ep. 1.5 : ", "");
const line = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(stamp, epoch, update, name, value, verdict)
      .map(
        ([time, ep, up, metric, number, end]) =>
          `${time}[valid] ${ep}Up. ${up} : ${metric} : ${number}${end}`,
      ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(stamp, update).map(([time, up]) => `${time}Ep. 1 : Up. ${up} : Sen. 100 : Cost 6.5`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(stamp, fc.option(fc.uniqueArray(name)), fc.boolean())
      .map(([time, metrics, absent]) =>
        [
          `${time}[marian] Marian v1.12.0 abc`,
          ...(metrics === null ? [] : [`${time}[config] valid-metrics:`]),
          ...(metrics ?? []).map((metric) => `${time}[config]   - ${metric}`),
          ...(metrics !== null && absent ? [`${time}[config]   - never-seen`] : []),
        ].join("\n"),
      ),
  },
);

describe("the points of the core", () => {
  test("are those of the rules, wherever chunks end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(undefined, "Europe/Paris"),
        async (lines, lengths, timeZone) => {
          await compare(
            divided(`${lines.join("\n")}\n`, lengths),
            timeZone === undefined ? {} : { timeZone },
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test("close the oldest of nine that are open", async () => {
    const log = Array.from(
      { length: 30 },
      (_, at) => `[valid] Ep. 1 : Up. ${at % 11} : m${at % 3} : 1 : new best`,
    );
    expect(await compare(divided(`${log.join("\n")}\n`, [70]))).toBeGreaterThan(10);
  });

  test("have any number of metrics", async () => {
    const names = Array.from({ length: 200 }, (_, at) => `m${at}`);
    const start = [
      "[marian] Marian v1.12.0 abc",
      "[config] valid-metrics:",
      ...names.map((each) => `[config]   - ${each}`),
    ];
    const records = [1, 2, 3].flatMap((up) =>
      names
        .filter((_, at) => up < 3 || at !== 150)
        .map((each) => `[valid] Ep. 1 : Up. ${up} : ${each} : 1 : new best`),
    );
    for (const head of [start, []]) {
      const stamped = [...head, ...records].map((each) => `[2024-01-01 10:00:00] ${each}\n`);
      expect(await compare(divided(stamped.join(""), [5000]))).toBe(3);
    }
  });

  test("are counted as partial where the configuration names a metric that never comes", async () => {
    using parser = new LogParser(nodeCore());
    const reader = new RunReader(parser);
    const stamps = [
      "[marian] Marian v1.12.0 abc",
      "[config] valid-metrics:",
      "[config]   - chrf",
      "[config]   - ter",
    ];
    const log = [...stamps, "[valid] Ep. 1 : Up. 5 : chrf : 1 : new best"].map(
      (each) => `[2024-01-01 10:00:00] ${each}\n`,
    );
    await reader.read(new TextEncoder().encode(log.join("")));
    const { closed } = await reader.finish();
    expect([closed.length, closed.partial, closed.number(0, "present") & PRESENT.partial]).toEqual([
      1,
      1,
      PRESENT.partial,
    ]);
  });

  test("can't be written as CSV when those of a later batch have been gathered", async () => {
    using parser = new LogParser(nodeCore());
    const reader = new RunReader(parser);
    const { closed } = await reader.read(new Uint8Array(0));
    await reader.finish();
    const columns = {
      cells: new Float64Array(0),
      width: 0,
      names: "",
      segment: false,
      timestamp: false,
      prefix: new Uint8Array(0),
    };
    expect(() => closed.viewCsv(columns, new Float64Array(0))).toThrow("take the CSV of a batch first");
  });

  test.skipIf(!sharedIsThere)("are those of the rules in every published log", async () => {
    for (const path of publishedLogs()) {
      const log = createReadStream(shared(`logs/${path}`), { highWaterMark: 10_000 });
      await compare(decompress(log as AsyncIterable<Uint8Array>));
    }
  });
});
