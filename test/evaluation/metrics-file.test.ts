/** `.metrics` files. */
import { readdirSync, readFileSync } from "node:fs";
import { assert, oneof, property, string, stringMatching } from "fast-check";
import { describe, expect, test } from "vitest";
import { EvaluationError } from "../../src/evaluation/errors.js";
import { readMetrics } from "../../src/evaluation/metrics-file.js";
import { readFloat } from "../../src/evaluation/python-float.js";
import { shared, sharedIsThere } from "../golden/shared.js";

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
  expect(() => readMetrics(text)).toThrow(EvaluationError);
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
  ])("%j", (text, number) => expect(readFloat(text)).toBe(number));

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
        expect(() => readMetrics(text), name).toThrow(EvaluationError);
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
        return error instanceof EvaluationError;
      }
    });
    expect(files).toHaveLength(8);
    expect(broken).toEqual(["backward/flores_devtest.metrics"]);
  });
});

test("any text gives two or three numbers or an EvaluationError", () => {
  const numbers = stringMatching(/^([-+ ]?[0-9_.eE]{1,6}(\r\n|\n|\r| )?){0,5}$/);
  assert(
    property(oneof(string({ unit: "binary", maxLength: 300 }), numbers), (text) => {
      try {
        const names = [...readMetrics(text).keys()];
        expect(["bleu_detok,chrf", "bleu_detok,chrf,comet"]).toContain(names.join());
      } catch (error) {
        expect(error).toBeInstanceOf(EvaluationError);
      }
    }),
  );
});
