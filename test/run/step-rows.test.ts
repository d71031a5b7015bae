/** Rows by update, with and without knowing the whole log. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LogParser } from "../../src/index.js";
import { type StepRow, StepRows } from "../../src/run/step-rows.js";
import { planOf } from "./plan-of.js";

const bytes = (text: string) => new TextEncoder().encode(text);

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const all = bytes(text);
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

/** The rows of a log, read in chunks; with a plan or live. */
async function rowsOf(
  text: string,
  planned: boolean,
  size = 64,
): Promise<{ rows: StepRow[]; repeated: number }> {
  const pattern = { name: "gpu", regex: "memory (?P<mb>[0-9]+)" };
  using planner = new LogParser();
  const plan = planned ? await planOf(planner, chunksOf(text, size)) : undefined;
  using parser = new LogParser({ patterns: [pattern] });
  const rows = new StepRows(parser.time, plan);
  const found: StepRow[] = [];
  for await (const chunk of chunksOf(text, size)) found.push(...rows.take(parser.feed(chunk)));
  found.push(...rows.take(parser.finish()), ...rows.finish());
  return { rows: found, repeated: rows.repeated };
}

const train = (up: number, cost: number) =>
  `[2024-01-02 03:04:05] Ep. 1 : Up. ${up} : Sen. 10 : Cost ${cost}\n`;
const valid = (up: number, metric: string, value: number) =>
  `[2024-01-02 03:05:05] [valid] Ep. 1 : Up. ${up} : ${metric} : ${value} : stalled 2 times\n`;
const start = "[2024-01-02 03:00:00] [marian] Marian v1.12.14 2d067af\n";
const brief = (rows: readonly StepRow[]) => rows.map(({ step, values }) => [step, values]);

describe("StepRows", () => {
  test("one row an update with all its values", async () => {
    const text = train(1, 9) + valid(1, "bleu-detok", 3) + train(2, 8);
    const wanted = [
      [1, { epoch: 1, sen: 10, cost: 9, bleu_detok: 3, bleu_detok_stalled: 2 }],
      [2, { epoch: 1, sen: 10, cost: 8 }],
    ];
    for (const planned of [true, false]) expect(brief((await rowsOf(text, planned)).rows)).toEqual(wanted);
  });

  test("a row has the time of its first record", async () => {
    const { rows } = await rowsOf(train(1, 9) + valid(1, "chrf", 3), true);
    expect(new Date(rows[0]?.timestamp ?? 0).toISOString()).toBe("2024-01-02T03:04:05.000Z");
  });

  test("writers that overtake each other lose nothing when the whole log is known", async () => {
    const text = valid(1, "a", 1) + valid(2, "a", 2) + valid(1, "b", 3) + valid(2, "b", 4);
    const { rows, repeated } = await rowsOf(text, true);
    expect(rows.map(({ step, values }) => [step, values["a"], values["b"]])).toEqual([
      [1, 1, 3],
      [2, 2, 4],
    ]);
    expect(repeated).toBe(0);
  });

  test("after a restart the later values stand, and rows that only the earlier has stay", async () => {
    const text =
      start +
      train(1, 9) +
      train(2, 8) +
      valid(2, "chrf", 1) +
      train(4, 7) +
      start +
      train(2, 6) +
      train(3, 5);
    const { rows } = await rowsOf(text, true);
    expect(rows.map(({ step, values }) => [step, values["cost"], values["chrf"]])).toEqual([
      [1, 9, undefined],
      [2, 6, 1],
      [3, 5, undefined],
      [4, 7, undefined],
    ]);
  });

  test("a training that is done again from its start costs no more than another one", async () => {
    const updates = 10_000;
    const again = Array.from({ length: updates }, (_, index) => train(index + 1, 5)).join("");
    const { rows } = await rowsOf(start + again + start + again, true, 1 << 16);
    expect(rows).toHaveLength(updates);
  });

  test("live, updates that were handed over are counted", async () => {
    const { rows, repeated } = await rowsOf(
      start + train(1, 9) + train(2, 8) + train(3, 7) + start + train(2, 6) + train(4, 5),
      false,
    );
    expect(rows.map(({ step, values }) => [step, values["cost"]])).toEqual([
      [1, 9],
      [2, 8],
      [3, 7],
      [4, 5],
    ]);
    expect(repeated).toBe(1);
  });

  test("patterns join the latest update; numbers are numbers", async () => {
    const { rows } = await rowsOf(`${train(1, 9)}memory 12\n${train(2, 8)}`, true);
    expect(rows[0]?.values["gpu/mb"]).toBe(12);
  });

  test("a metric that is called like a field has a name of its own", async () => {
    const { rows } = await rowsOf(train(1, 9) + valid(1, "cost", 3), true);
    expect(rows[0]?.values).toMatchObject({ cost: 9, cost_metric: 3, cost_metric_stalled: 2 });
  });

  test("planned rows rise, are the different updates, and each record's last value is in one", async () => {
    const record = fc.record({
      up: fc.integer({ min: 0, max: 30 }),
      cost: fc.integer({ min: 1, max: 999 }),
      restart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 40 }),
        fc.integer({ min: 1, max: 300 }),
        async (records, size) => {
          const text = records
            .map(({ up, cost, restart }) => (restart ? start : "") + train(up, cost))
            .join("");
          const { rows } = await rowsOf(text, true, size);
          const last = new Map(records.map(({ up, cost }) => [up, cost]));
          const wanted = [...last].sort(([one], [other]) => one - other);
          expect(rows.map(({ step, values }) => [step, values["cost"]])).toEqual(wanted);
        },
      ),
      { numRuns: 150 },
    );
  });
});
