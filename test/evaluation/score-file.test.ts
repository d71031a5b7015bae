/** `.metrics` files. */
import { readdirSync, readFileSync } from "node:fs";
import { anything, assert, dictionary, double, oneof, property, string, stringMatching } from "fast-check";
import { describe, expect, test } from "vitest";
import { readFloat, readScores } from "../../src/evaluation/score-file.js";
import { InputError } from "../../src/io/input-error.js";
import { shared, sharedIsThere } from "../golden/shared.js";

const readMetrics = (text: string) => readScores({ kind: "metrics" }, text).metrics;
const readMetricsJson = (text: string, metric?: string) =>
  readScores({ kind: "metrics.json", ...(metric === undefined ? {} : { metric }) }, text);

test("two or three numbers; COMET from 0 to 100", () => {
  expect([...readMetrics("21.1\n51.1\n")]).toEqual([
    ["bleu_detok", 21.1],
    ["chrf", 51.1],
  ]);
  expect([...readMetrics("21.1\r\n51.1\r\n0.8234")]).toEqual([
    ["bleu_detok", 21.1],
    ["chrf", 51.1],
    ["comet", 82.34],
  ]);
  expect([
    ...readMetrics("28.3\n59.3\nNo subset information found. Consider using --origlang argument.\n"),
  ]).toEqual([
    ["bleu_detok", 28.3],
    ["chrf", 59.3],
  ]);
  expect([...readMetrics("36.1\n62.8\nskipped\n").keys()]).toEqual(["bleu_detok", "chrf"]);
});

test.each([
  ["", "no numbers"],
  ["28.3\n", "1 number"],
  ["1\n2\n3\n4\n", "4 numbers"],
  ["28,3\n59,3\n", "no numbers"],
  ['{"bleu": {"score": 1}}\n', "no numbers"],
  ["<html>502 Bad Gateway</html>", "no numbers"],
])("%j is refused in words", (text, count) => {
  expect(() => readMetrics(text)).toThrow(InputError);
  expect(() => readMetrics(text)).toThrow(new RegExp(`2 or 3 lines that are a number .*has ${count}$`));
});

describe("numbers as Python reads them", () => {
  test.each<[string, number]>([
    ["1", 1],
    [" +1.5\t", 1.5],
    ["-.5", -0.5],
    ["5.", 5],
    ["1_0.2_5e1_0", 10.25e10],
    ["1E-3", 0.001],
    ["nan", Number.NaN],
    ["-NaN", Number.NaN],
    ["inf", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["1e999", Number.POSITIVE_INFINITY],
  ])("%j is read as %j", (text, number) => expect(readFloat(text)).toBe(number));

  test.each(["", ".", "1__0", "_1", "1_", "1e", "0x10", "1 2", "28.3%", "infin", "1,5", "٣", "NaN1", "--1"])(
    "%j is none",
    (text) => expect(readFloat(text)).toBeUndefined(),
  );
});

describe.skipIf(!sharedIsThere)("recorded of the reference", () => {
  interface Scores {
    readonly bleu_detok: number;
    readonly chrf: number;
    readonly comet: number | null;
  }

  test("every file of the archives", () => {
    const recorded = JSON.parse(readFileSync(shared("golden/metrics_files.json"), "utf8")) as Record<
      string,
      Scores
    >;
    expect(Object.keys(recorded)).toHaveLength(20);
    for (const [path, { bleu_detok, chrf, comet }] of Object.entries(recorded)) {
      const metrics = readMetrics(readFileSync(shared(path.replace("tests/data", "archives")), "utf8"));
      const wanted = { bleu_detok, chrf, ...(comet === null ? {} : { comet }) };
      expect([path, Object.fromEntries(metrics)]).toEqual([path, wanted]);
    }
  });

  test("files that are odd or broken", () => {
    const { metrics_files: cases } = JSON.parse(readFileSync(shared("golden/labels.json"), "utf8")) as {
      metrics_files: Record<string, [text: string, read: Record<string, string> | string]>;
    };
    expect(Object.keys(cases).length).toBeGreaterThan(16);
    for (const [name, [text, recorded]] of Object.entries(cases)) {
      if (typeof recorded === "string") {
        expect(() => readMetrics(text), name).toThrow(InputError);
        continue;
      }
      const { bleu_detok = "", chrf = "", comet = "" } = recorded;
      const wanted = [bleu_detok, chrf, comet].filter((score) => score !== "None").map(readFloat);
      expect([name, ...readMetrics(text).values()]).toEqual([name, ...wanted]);
    }
  });

  test("the archive that holds a broken one", () => {
    const models = shared("archives/synthetic/models/en-hu/baseline_enhu_aY25-4fXTcuJNuMcWXUYtQ/evaluation");
    const files = readdirSync(models, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".metrics"),
    );
    const broken = files.filter((file) => {
      try {
        return readMetrics(readFileSync(`${models}/${file}`, "utf8")).size === 0;
      } catch (error) {
        return error instanceof InputError;
      }
    });
    expect(files).toHaveLength(8);
    expect(broken).toEqual(["backward/flores_devtest.metrics"]);
  });
});

test("any text gives two or three numbers or an InputError", () => {
  const numbers = stringMatching(/^([-+ ]?[0-9_.eE]{1,6}(\r\n|\n|\r| )?){0,5}$/);
  assert(
    property(oneof(string({ unit: "binary", maxLength: 300 }), numbers), (text) => {
      try {
        const names = [...readMetrics(text).keys()];
        expect(["bleu_detok,chrf", "bleu_detok,chrf,comet"]).toContain(names.join());
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
  );
});

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

test("a score that was rounded is read in full from its details", () => {
  const text = JSON.stringify({
    bleu: { score: 0.401, details: { name: "BLEU", score: 0.4010243 } },
    // Less precise details change nothing, and neither does another number.
    chrf: { score: 61.7283, details: { name: "chrF2", score: 61.73 } },
    comet: { score: 0.8109, details: { system_score: 0.81093456 } },
    other: { score: 1.5, details: { score: 2.25 } },
    "unaligned-ratio": {
      score: 0.0125,
      details: { unaligned_ratio_translation: 0.140625, unaligned_ratio_ref: 0.12811 },
    },
    llm: { score: 4.1333, details: { scores: { adequacy: 4, fluency: 4.2, terminology: 4.2 } } },
  });
  const metrics = Object.fromEntries(readMetricsJson(text).metrics);
  expect(metrics).toMatchObject({ bleu_detok: 0.4010243, chrf: 61.7283, comet: 81.093456, other: 1.5 });
  expect(metrics["unaligned-ratio"]).toBeCloseTo(0.012515, 10);
  expect(metrics["llm"]).toBeCloseTo(12.4 / 3, 12);
});

test("COMET may be absent, or skipped", () => {
  const { metrics, faults } = readMetricsJson(
    '{"bleu": {"score": 1}, "comet": {"score": "skipped", "details": {"model": "x", "score": "skipped"}}}',
  );
  expect([...metrics]).toEqual([["bleu_detok", 1]]);
  expect(faults).toEqual(['"comet" is left out: its score is "skipped", not a number']);
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
    [one(null, { name: "chrF2" }), undefined, '"chrf" is left out: its score is null, not a number'],
    [one("skipped", {}), "comet", '"comet" is left out: its score is "skipped", not a number'],
    [one(1, {}), undefined, '"score" is left out: neither the file\'s name nor its details name the metric'],
    ['{"details": {"name": "chrF2"}}', "chrf", '"details" is left out: neither'],
    ['{"score": {"score": 1}}', undefined, '"score" is left out: neither'],
    ['[{"name": "chrF2", "score": null}]', undefined, '"chrf" is left out: its score is null, not a number'],
    ['[{"score": 1}, {"score": 2}]', "chrf", '"score" is left out: neither'],
    ['{"mean_score": "0.85"}', "comet", '"comet" is left out: its score is "0.85", not a number'],
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
    '"a" is left out: its score is null, not a number',
    '"b" is left out: its score is missing, not a number',
    '"c" is left out: it is 1.5, not {"score": …}',
    '"d" is left out: it is a list, not {"score": …}',
    '"e" is left out: its score is an object, not a number',
    '"f" is left out: its score is true, not a number',
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
  expect(faults).toEqual(['"text" is left out: its score is "NaN", not a number']);
});

test("names that objects have of themselves are names like others", () => {
  const { metrics } = readMetricsJson('{"__proto__": {"score": 1}, "constructor": {"score": 2}}');
  expect([...metrics]).toEqual([
    ["__proto__", 1],
    ["constructor", 2],
  ]);
  expect(() => readMetricsJson('{"a": {"__proto__": {"score": 1}}}')).toThrow("its score is missing");
});

describe("what is no score", () => {
  test.each([
    ["", "is not JSON"],
    ["{", "is not JSON"],
    ['{"bleu": {"score": 36.1}', "is not JSON"],
    ['{"bleu": {"score": N', "is not JSON"],
    ["<html>", "is not JSON"],
    ["36.1\n62.8\n", "is not JSON"],
    ["[]", "must be an object with a key for each metric"],
    ["null", "must be an object with a key for each metric"],
    ["NaN", "must be an object with a key for each metric"],
    ["{}", "has no metric with a score"],
    [
      '{"bleu": {"score": "1"}}',
      'has no metric with a score: "bleu" is left out: its score is "1", not a number',
    ],
  ])("%j is refused with its reason", (text, reason) => {
    expect(() => readMetricsJson(text)).toThrow(InputError);
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
      expect(message).toMatch(/^InputError: /);
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
    for (const text of texts) expect(() => readMetricsJson(text)).toThrow(InputError);
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
      expect(error).toBeInstanceOf(InputError);
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
