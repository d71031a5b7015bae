/** Findings about values: nan, divergence, throughput. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, MarianLog, said } from "./marian-log.js";

const training = () => new MarianLog().start();

describe("nan", () => {
  it("is one finding for as long as it lasts", async () => {
    const log = training().rows(100, 300, 100);
    const line = log.next;
    log
      .row(400, { cost: "nan" })
      .row(500, { cost: "-nan" })
      .row(600, { cost: "inf" })
      .rows(700, 800, 100)
      .finished();
    const findings = await check(log);
    expect(findings).toEqual([
      {
        kind: "nan",
        severity: "error",
        metric: "cost",
        line,
        segment: 0,
        timestamp: "2024-07-03T08:06:40",
        epoch: 1,
        up: 400,
        words: "cost is NaN from update 400 to 600 (3 records)",
        numbers: { value: Number.NaN, records: 3, last_up: 600 },
      },
    ]);
  });

  it("says when no number came after, and tells fields and metrics apart", async () => {
    const log = training()
      .row(100, { gnorm: "nan" })
      .valid(100, "perplexity", "inf")
      .valid(100, "chrf", 20)
      .row(200, { gnorm: 1, rate: "inf" })
      .valid(200, "perplexity", "inf", 1)
      .row(300, { gnorm: 1 })
      .finished();
    expect((await said(log)).map((line) => line.replace(/^\d+: /, ""))).toEqual([
      "nan: gnorm is NaN at update 100 [warning]",
      "nan: perplexity is Infinity from update 100 to 200 (2 records); no number came after [error]",
      "nan: rate is Infinity at update 200 [info]",
    ]);
  });

  it("is a warning where it passes, and an error where it comes back often", async () => {
    const broken = (times: number) => {
      const log = training();
      for (let index = 0; index < times; index += 1)
        log.rows(200 * index + 100, 200 * index + 200, 100, (row) => ({ cost: row === 0 ? "nan" : 3 }));
      return said(log.finished(), { kinds: ["nan"] });
    };
    expect(await broken(1)).toEqual(["7: nan: cost is NaN at update 100 [warning]"]);
    expect((await broken(3)).map((line) => line.replace(/.*\[/, "["))).toEqual(Array(3).fill("[warning]"));
    expect((await broken(4)).map((line) => line.replace(/.*\[/, "["))).toEqual(Array(4).fill("[error]"));
    const two = training().row(100, { cost: "nan" }).row(200, { cost: "nan" }).row(300).finished();
    expect(await said(two)).toEqual(["7: nan: cost is NaN from update 100 to 200 (2 records) [warning]"]);
  });

  it("is what Marian says of skipped updates and of its cost scaling", async () => {
    const log = training().row(100);
    const line = log.next;
    log.line("[training] skipping 101-th update due to loss being nan").row(200);
    for (let index = 0; index < 10; index += 1)
      log.line(
        "NaN/Inf percentage 0.42 in 10 gradient updates, but cost-scaling factor 8 is already at minimum",
      );
    log
      .line("NaN/Inf percentage 0.42 in 10 gradient updates, reducing cost-scaling factor to 8")
      .row(300)
      .finished();
    expect(await check(log)).toMatchObject([
      {
        kind: "nan",
        severity: "warning",
        metric: "cost",
        line,
        words: "Marian says: skipping 101-th update due to loss being nan",
        numbers: { times: 1 },
      },
      {
        kind: "nan",
        severity: "error",
        line: line + 2,
        words: `Marian says: NaN/Inf percentage 0.42 in 10 gradient updates, but cost-scaling factor 8 is already at minimum (10 times, up to line ${line + 11})`,
        numbers: { times: 10 },
      },
    ]);
  });

  it("ends with a restart", async () => {
    const log = training().row(100, { cost: "nan" }).start().row(100, { cost: "nan" }).finished();
    expect(await said(log, { kinds: ["nan"] })).toEqual([
      "7: nan: cost is NaN at update 100 [error]",
      "14: nan: cost is NaN at update 100; no number came after [error]",
    ]);
  });
});

describe("divergence", () => {
  /** Falls from 9 to 3 in 60 rows. */
  const fall = (index: number) => ({ cost: 3 + 6 * Math.exp(-index / 10) });

  it("is a cost far above its best for long", async () => {
    const log = training().rows(100, 6000, 100, fall);
    const line = log.next;
    log.rows(6100, 8500, 100, (index) => ({ cost: 5 + index / 10 })).finished();
    const [finding, ...more] = await check(log);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      kind: "divergence",
      severity: "error",
      metric: "cost",
      line,
      up: 6100,
      numbers: { best_up: 6000, peak: 7.4, rows: 25, last_up: 8500 },
    });
    expect(finding?.numbers["best"]).toBeCloseTo(3.1, 1);
    expect(finding?.words).toMatch(
      /^cost is far above its best, 3\.\d+ at update 6000, from update 6100 to 8500, where the log ends \(25 rows, up to 7\.4\)$/,
    );
  });

  it("that comes down again is a warning", async () => {
    const log = training()
      .rows(100, 6000, 100, fall)
      .rows(6100, 8500, 100, () => ({ cost: 6 }))
      .rows(8600, 9000, 100)
      .finished();
    expect(await said(log)).toEqual([
      expect.stringMatching(
        / from update 6100 to 8500 \(25 rows, up to 6\); then it came down again \[warning\]$/,
      ),
    ]);
  });

  it("goes on over dips of a few rows, and is none where a cost jumps up and down", async () => {
    const dips = training()
      .rows(100, 6000, 100, fall)
      .rows(6100, 9000, 100, (index) => ({ cost: index % 10 < 2 ? 3.2 : 6 }))
      .finished();
    expect(await said(dips)).toEqual([
      expect.stringMatching(/ from update 6300 to 9000, where the log ends \(24 rows, up to 6\) \[error\]$/),
    ]);
    const jumps = training()
      .rows(100, 6000, 100, fall)
      .rows(6100, 12_000, 100, (index) => ({ cost: index % 2 === 0 ? 3.2 : 6 }))
      .finished();
    expect(await said(jumps)).toEqual([]);
    // Two rows at the end are no dip that anything came after.
    const down = training()
      .rows(100, 6000, 100, fall)
      .rows(6100, 8500, 100, () => ({ cost: 6 }))
      .rows(8600, 8700, 100)
      .finished();
    expect(await said(down)).toEqual([expect.stringMatching(/; then it came down again \[warning\]$/)]);
  });

  it("is none when it is short, or when the threshold is higher", async () => {
    const short = training()
      .rows(100, 6000, 100, fall)
      .rows(6100, 8000, 100, (index) => ({ cost: index === 19 ? 3 : 6 }))
      .finished();
    expect(await said(short)).toEqual([]);
    const long = training()
      .rows(100, 6000, 100, fall)
      .rows(6100, 8500, 100, () => ({ cost: 6 }))
      .finished();
    expect(await said(long, { divergence: 2.5 })).toEqual([]);
    expect(await said(long, { divergenceRows: 26 })).toEqual([]);
    expect(await said(long, { divergenceRows: 25 })).toHaveLength(1);
  });

  it("is none after a start, whose cost may be of another kind", async () => {
    const log = training()
      .rows(100, 6000, 100, fall)
      .start()
      .rows(6100, 9000, 100, () => ({ cost: 90 }))
      .finished();
    expect(await said(log, { kinds: ["divergence"] })).toEqual([]);
  });

  it("is none where a cost close to 0 wavers, or is negative", async () => {
    const tiny = training()
      .rows(100, 6000, 100, (index) => ({ cost: 8 * 0.7 ** index + 1e-6 }))
      .rows(6100, 9000, 100, () => ({ cost: 1e-4 }))
      .finished();
    expect(await said(tiny)).toEqual([]);
    const negative = training()
      .rows(100, 6000, 100, (index) => ({ cost: -index }))
      .finished();
    expect(await said(negative)).toEqual([]);
  });

  it("is what Marian itself says", async () => {
    const log = training().row(100);
    const line = log.next;
    log
      .line(
        "[warn] Detected training divergence: slow-moving average loss 3 exceeded by fast-moving average loss 9 by 6 = 5 * 1.2",
      )
      .line("[training] Training diverged, but fallback is enabled. Attempting restart with fp32")
      .row(200)
      .finished();
    expect(await said(log)).toEqual([
      `${line}: divergence: Marian says: Detected training divergence: slow-moving average loss 3 exceeded by fast-moving average loss 9 by 6 = 5 * 1.2 [error]`,
      `${line + 1}: divergence: Marian says: Training diverged, but fallback is enabled. Attempting restart with fp32 [warning]`,
    ]);
  });

  it("is not found in a training that learns, however noisy its rows are", async () => {
    const noise = fc.array(fc.double({ min: -0.18, max: 0.18, noNaN: true }), {
      minLength: 150,
      maxLength: 150,
    });
    await fc.assert(
      fc.asyncProperty(noise, async (list) => {
        const log = training()
          .rows(100, 15_000, 100, (index) => ({
            cost: (2 + 8 / (1 + index / 10)) * (1 + (list[index] ?? 0)),
          }))
          .finished();
        expect(await said(log)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

describe("throughput", () => {
  it("is low for long", async () => {
    const log = training().rows(100, 3000, 100, (index) => ({ rate: 1000 + index }));
    const line = log.next;
    log
      .rows(3100, 4200, 100, () => ({ rate: 200 }))
      .rows(4300, 5000, 100)
      .finished();
    const findings = await check(log);
    expect(findings).toMatchObject([
      {
        kind: "throughput",
        severity: "warning",
        metric: "rate",
        line,
        up: 3100,
        words: expect.stringMatching(
          /^200 words\/s, 20 % of the usual 10\d\d, from update 3100 to 4200 \(12 rows\)$/,
        ),
        numbers: { rate: 200, rows: 12, last_up: 4200 },
      },
    ]);
    expect(await said(log, { throughput: 0.1 })).toEqual([]);
    expect(await said(log, { throughputRows: 13 })).toEqual([]);
  });

  it("is low up to the end", async () => {
    const log = training()
      .rows(100, 3000, 100)
      .rows(3100, 4200, 100, () => ({ rate: 200 }))
      .finished();
    expect(await said(log)).toEqual([
      expect.stringMatching(/from update 3100 to 4200, where the log ends \(12 rows\)/),
    ]);
  });

  it("of the rows after validations says nothing, nor of another machine after a restart", async () => {
    const log = training()
      .rows(100, 9000, 100, (index) => ({ rate: index % 5 === 0 ? 100 : 1000 }))
      .start()
      .rows(9100, 12_000, 100, () => ({ rate: 100 }))
      .finished();
    expect(await said(log, { kinds: ["throughput"] })).toEqual([]);
  });
});

describe("collapse", () => {
  /** Validations of one metric, one every 1000 updates. */
  const validated = (metric: string, values: readonly (number | string)[], best?: number) => {
    const log = training();
    for (const [index, value] of values.entries()) {
      const up = 1000 * (index + 1);
      log.row(up).valid(up, metric, value, best === undefined ? 0 : index + 1, best);
    }
    return log.finished();
  };
  const collapses = async (...from: Parameters<typeof validated>) =>
    (await said(validated(...from), { kinds: ["collapse"] })).map((line) =>
      line.replace(/^\d+: collapse: /, ""),
    );

  it("is a score that falls to less than half of its best, in three validations", async () => {
    expect(
      await check(validated("bleu-detok", [5, 20, 31, 12, 0.3, 0.4]), { kinds: ["collapse"] }),
    ).toMatchObject([
      {
        kind: "collapse",
        severity: "error",
        metric: "bleu-detok",
        line: 14,
        up: 4000,
        words:
          "bleu-detok has fallen from its best, 31 at update 3000, to 0.3, in 3 validations up to update 6000",
        numbers: { best: 31, best_up: 3000, worst: 0.3, rows: 3, last_up: 6000 },
      },
    ]);
    expect(await collapses("bleu", [5, 31, 12, 0.3])).toEqual([]);
    expect(await collapses("bleu", [5, 31, 16, 16, 16, 16])).toEqual([]);
    expect(await collapses("bleu", [31, 1, 1, 1, 29])).toEqual([
      "bleu has fallen from its best, 31 at update 1000, to 1, in 3 validations up to update 4000; then it came back [warning]",
    ]);
    // The first scores of a training.
    expect(await collapses("bleu", [0.3, 0.1, 0.1, 0.1, 0.1])).toEqual([]);
    expect(await collapses("bert-lm-accuracy", [0.6, 0.1, 0.1, 0.1])).toHaveLength(1);
  });

  it("is a cost that rises to more than twice its best, and a perplexity of such a cost", async () => {
    expect(await collapses("ce-mean-words", [8, 2, 5, 6, 7])).toEqual([
      "ce-mean-words has risen from its best, 2 at update 2000, to 7, in 3 validations up to update 5000 [error]",
    ]);
    expect(await collapses("perplexity", [2980, 7.4, 150, 400, 1100])).toHaveLength(1);
    // Too long a training, and one of a small gain.
    expect(await collapses("ce-mean-words", [8, 2, 2.4, 2.9, 3.5])).toEqual([]);
    expect(await collapses("perplexity", [2980, 7.4, 12, 20, 33])).toEqual([]);
    expect(await collapses("ce-mean-words", [8, 0.01, 0.03, 0.03, 0.03])).toEqual([]);
  });

  it("knows the best that was reached before the log, and of any metric which value is better", async () => {
    expect(await collapses("bleu", [0.3, 0.2, 0.3], 31)).toEqual([
      "bleu has fallen from its best, 31 reached before this log, to 0.2, in 3 validations up to update 3000 [error]",
    ]);
    expect(await collapses("my-score", [0.3, 0.2, 0.3], 31)).toHaveLength(1);
    expect(await collapses("my-loss", [9, 9, 9], 2)).toHaveLength(1);
  });

  it("is none where a script prints no number, which Marian takes for 0", async () => {
    expect(await collapses("translation", [5, 31, 0, 0, 0, 0])).toEqual([]);
    expect(await collapses("translation", [5, 31, 0.1, 0.1, 0.1])).toHaveLength(1);
    expect(await collapses("bleu", [5, 31, 0, 0, 0])).toHaveLength(1);
  });

  it("is counted anew after a start of Marian", async () => {
    const log = validated("bleu", [31, 31]).start();
    for (const up of [1000, 2000, 3000]) log.row(up).valid(up, "bleu", 2);
    expect(await said(log.finished(), { kinds: ["collapse"] })).toEqual([]);
  });
});
