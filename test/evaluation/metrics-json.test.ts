/** `.metrics.json` files. */
import { anything, assert, dictionary, double, oneof, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { EvaluationError } from "../../src/evaluation/errors.js";
import { readMetricsJson } from "../../src/evaluation/metrics-json.js";

/** As the evaluation task writes it. */
const FILE = `{
  "chrf": { "score": 62.8, "details": { "name": "chrF2", "score": 62.8, "nc": "6" } },
  "unaligned-ratio": { "score": -0.0311, "details": {} },
  "bleu": { "score": 36.1, "details": { "name": "BLEU", "verbose_score": "68.1/44.0 (BP = 1.000)" } },
  "metricx24-qe": { "score": 2.25, "details": {} },
  "comet": { "score": 0.8553, "details": { "model": "Unbabel/wmt22-comet-da" } }
}`;

test("every metric: bleu under its table's name, COMET from 0 to 100, the others as they are", () => {
  const { metrics, faults } = readMetricsJson(FILE);
  expect([...metrics]).toEqual([
    ["bleu_detok", 36.1],
    ["chrf", 62.8],
    ["comet", 85.53],
    ["unaligned-ratio", -0.0311],
    ["metricx24-qe", 2.25],
  ]);
  expect(faults).toEqual([]);
});

test("COMET may be absent, or skipped", () => {
  const { metrics, faults } = readMetricsJson(
    '{"bleu": {"score": 1}, "comet": {"score": "skipped", "details": {"model": "x", "score": "skipped"}}}',
  );
  expect([...metrics]).toEqual([["bleu_detok", 1]]);
  expect(faults).toEqual(['"comet" is left out: its score is "skipped", no number']);
});

const SACREBLEU =
  '"name": "BLEU", "score": 36.1, "signature": "nrefs:1|case:mixed|eff:no|tok:13a", "verbose_score": "68.1/44.0", "nrefs": "1", "version": "2.4.0"';

describe("a file of one metric", () => {
  const one = (score: unknown, details?: unknown) => JSON.stringify({ score, details });
  test.each([
    [one(61.2, { name: "chrF2", score: 61.2 }), undefined, [["chrf", 61.2]]],
    [one(61.2, { name: "chrF2" }), "chrf", [["chrf", 61.2]]],
    [one(61.2, { name: "chrF2" }), "chrfpp", [["chrfpp", 61.2]]],
    [one(61.2, { name: "chrF2++" }), undefined, [["chrF2++", 61.2]]],
    [one(36.1, { name: "BLEU" }), undefined, [["bleu_detok", 36.1]]],
    [one(36.1, {}), "bleu", [["bleu_detok", 36.1]]],
    [one(36.1), "spbleu", [["spbleu", 36.1]]],
    [one(0.8553, { model: "Unbabel/wmt22-comet-da" }), "comet", [["comet", 85.53]]],
    [one(0.8553, { model: "Unbabel/wmt22-comet-da" }), "comet22", [["comet22", 0.8553]]],
    [one(2.25, {}), "metricx24-qe", [["metricx24-qe", 2.25]]],
    ['{"score": NaN, "details": {"name": "TER"}}', undefined, [["TER", Number.NaN]]],
    [
      '{"details": {"name": "chrF2"}, "bleu": {"score": 1}, "score": 2}',
      undefined,
      [
        ["bleu_detok", 1],
        ["chrf", 2],
      ],
    ],
    // As sacreBLEU prints it, one metric or several.
    [`{${SACREBLEU}}`, undefined, [["bleu_detok", 36.1]]],
    [`[{${SACREBLEU}}]`, "bleu", [["bleu_detok", 36.1]]],
    [`[{${SACREBLEU}}]`, "spbleu", [["spbleu", 36.1]]],
    [
      `[{${SACREBLEU}}, {"name": "chrF2", "score": 62.8, "signature": "nrefs:1|case:mixed"}, {"name": "TER", "score": NaN}]`,
      "chrf",
      [
        ["bleu_detok", 36.1],
        ["chrf", 62.8],
        ["TER", Number.NaN],
      ],
    ],
    [`{"score": 36.1, "details": {${SACREBLEU}}}`, undefined, [["bleu_detok", 36.1]]],
    // As two ways to call COMET give it.
    ['{"mean_score": 0.8553, "scores": [0.8, 0.9]}', "comet", [["comet", 85.53]]],
    ['{"system_score": 0.8553, "scores": [0.8, 0.9]}', "comet", [["comet", 85.53]]],
    ['{"comet": {"mean_score": 0.8553, "scores": []}}', undefined, [["comet", 85.53]]],
    // The name of the file does not matter where the file names its metrics.
    ['{"bleu": {"score": 1}}', "chrf", [["bleu_detok", 1]]],
  ])("%s, in a file called %s", (text, metric, wanted) => {
    const { metrics, faults } = readMetricsJson(text, metric);
    expect([...metrics]).toEqual(wanted);
    expect(faults).toEqual([]);
  });

  test.each([
    [one(null, { name: "chrF2" }), undefined, '"chrf" is left out: its score is null, no number'],
    [one("skipped", {}), "comet", '"comet" is left out: its score is "skipped", no number'],
    [one(1, {}), undefined, '"score" is left out: neither the file\'s name nor its details name the metric'],
    ['{"details": {"name": "chrF2"}}', "chrf", '"details" is left out: neither'],
    ['{"score": {"score": 1}}', undefined, '"score" is left out: neither'],
    ['[{"name": "chrF2", "score": null}]', undefined, '"chrf" is left out: its score is null, no number'],
    ['[{"score": 1}, {"score": 2}]', "chrf", '"score" is left out: neither'],
    ['{"mean_score": "0.85"}', "comet", '"comet" is left out: its score is "0.85", no number'],
    ["[1, 2]", "chrf", '"score" is left out: neither'],
    [one(1, { name: 7 }), undefined, '"score" is left out: neither'],
    [one(1, { name: "details" }), undefined, '"details" is left out: neither'],
  ])("%s, in a file called %s, has none", (text, metric, reason) => {
    expect(() => readMetricsJson(text, metric)).toThrow(reason);
  });
});

test("what is no score is named", () => {
  const { metrics, faults } = readMetricsJson(
    '{"a": {"score": null}, "b": {}, "c": 1.5, "d": [1], "e": {"score": {"x": 1}}, "f": {"score": true}, "bleu_detok": {"score": 2}, "bleu": {"score": 3}}',
  );
  expect([...metrics]).toEqual([["bleu_detok", 2]]);
  expect(faults).toEqual([
    '"a" is left out: its score is null, no number',
    '"b" is left out: its score is missing, no number',
    '"c" is left out: it is 1.5, not {"score": …}',
    '"d" is left out: it is a list, not {"score": …}',
    '"e" is left out: its score is an object, no number',
    '"f" is left out: its score is true, no number',
    '"bleu" is left out: there is a bleu_detok already',
  ]);
});

test("numbers that are none, as Python writes them", () => {
  const { metrics, faults } = readMetricsJson(
    '\uFEFF{"bleu": {"score": NaN, "details": {"text": "NaN, \\"Infinity\\" and -Infinity \\\\"}}, "chrf": {"score": -Infinity}, "comet": {"score":Infinity}, "NaN": {"score": 1e2}, "text": {"score": "NaN"}}',
  );
  expect(Object.fromEntries(metrics)).toEqual({
    bleu_detok: Number.NaN,
    chrf: Number.NEGATIVE_INFINITY,
    comet: Number.POSITIVE_INFINITY,
    NaN: 100,
  });
  expect(faults).toEqual(['"text" is left out: its score is "NaN", no number']);
});

test("names that objects have of themselves are names like others", () => {
  const { metrics } = readMetricsJson('{"__proto__": {"score": 1}, "constructor": {"score": 2}}');
  expect([...metrics]).toEqual([
    ["__proto__", 1],
    ["constructor", 2],
  ]);
  expect(() => readMetricsJson('{"a": {"__proto__": {"score": 1}}}')).toThrow("its score is missing");
});

describe("refused in words", () => {
  test.each([
    ["", "is no JSON"],
    ["{", "is no JSON"],
    ['{"bleu": {"score": 36.1}', "is no JSON"],
    ['{"bleu": {"score": N', "is no JSON"],
    ["<html>", "is no JSON"],
    ["36.1\n62.8\n", "is no JSON"],
    ["[]", "is an object with a metric for each key"],
    ["null", "is an object with a metric for each key"],
    ["NaN", "is an object with a metric for each key"],
    ["{}", "has no metric with a score"],
    [
      '{"bleu": {"score": "1"}}',
      'has no metric with a score: "bleu" is left out: its score is "1", no number',
    ],
  ])("%j", (text, reason) => {
    expect(() => readMetricsJson(text)).toThrow(EvaluationError);
    expect(() => readMetricsJson(text)).toThrow(reason);
  });

  test("at no length", () => {
    const hostile = "\u001b[31m\u009b5m".repeat(1000);
    for (const text of [hostile, JSON.stringify({ [hostile]: { score: hostile } }), `{"a": ${hostile}}`]) {
      let message = "";
      try {
        readMetricsJson(text);
      } catch (error) {
        message = String(error);
      }
      expect(message).toMatch(/^EvaluationError: /);
      expect(message.length).toBeLessThan(1000);
    }
  });

  test("however deep, wide or long", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const texts = [
      deep,
      `{"a": {"score": ${deep}}}`,
      `{"a": NaN, "b": ${deep}}`,
      `{"a": NaN, "b": "${"\\".repeat(2_000_001)}`,
      `${'\\"'.repeat(1_000_000)}NaN`,
    ];
    for (const text of texts) expect(() => readMetricsJson(text)).toThrow(EvaluationError);
    const long = `{"details": "${"x\\n".repeat(2_000_000)}", "bleu": {"score": NaN}}`;
    expect([...readMetricsJson(long).metrics]).toEqual([["bleu_detok", Number.NaN]]);
  });
});

describe("of any", () => {
  const outcome = (text: string) => {
    try {
      const { metrics } = readMetricsJson(text);
      expect(metrics.size).toBeGreaterThan(0);
    } catch (error) {
      expect(error).toBeInstanceOf(EvaluationError);
    }
  };

  test("text", () => {
    assert(property(string({ unit: "binary", maxLength: 300 }), outcome));
  });

  test("JSON", () => {
    const value = anything({ maxDepth: 4 });
    assert(
      property(oneof(value, dictionary(string(), value)), (value) => outcome(JSON.stringify(value) ?? "")),
    );
  });

  test("scores, as Python writes them", () => {
    assert(
      property(
        dictionary(
          string().filter((name) => !/^(bleu|bleu_detok|comet|score|details)$/.test(name)),
          double(),
          { minKeys: 1 },
        ),
        (scores) => {
          const members = Object.entries(scores).map(
            ([name, score]) => `${JSON.stringify(name)}: {"score": ${score}, "details": {"NaN": NaN}}`,
          );
          const { metrics, faults } = readMetricsJson(`{${members.join(", ")}}`);
          expect(faults).toEqual([]);
          expect(new Map(metrics)).toEqual(
            new Map(Object.entries(scores).map(([name, score]) => [name, score + 0])),
          );
        },
      ),
    );
  });
});
