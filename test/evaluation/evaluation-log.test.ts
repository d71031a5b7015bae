/** Logs of evaluations. */
import { readFileSync } from "node:fs";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { readEvaluationLog } from "../../src/evaluation/evaluation-log.js";
import { parseTaskLabel } from "../../src/evaluation/naming/label.js";

import { InputError } from "../../src/io/input-error.js";
import { nodeCore } from "../../src/node-core.js";
import { shared, sharedIsThere } from "../golden/shared.js";

const scores = (text: string) => Object.fromEntries(readEvaluationLog(text, nodeCore()));

test.each([
  "+ tee /x/y.metrics\n26.3\n54.4\n",
  "+ tee '/x y/z.metrics'\n26.3\n54.4\n",
  "+ tee /x/y.nl\n26.3\n54.4",
  "+ tee /x/y.zh_Hant\n26.3\n54.4",
  "+ sacrebleu x.en.ref -d -f text --score-only -l fi-en -m bleu chrf\n26.3\n54.4\n",
  "+ /a/b//marian-decoder -c x\r\n26.3\r\n54.4\r\n",
  "+ sacrebleu x\nsacreBLEU: That's 100 lines that end in a tokenized period ('.')\n 26.3\n54.4\n",
  "[task 2023-11-19T22:17:20.883Z] + tee /a/wmt19.metrics\n[task 2023-11-19T22:17:51.898Z] 26.3\n[task 2023-11-19T22:17:51.898Z] 54.4\n",
  "1\n2\n+ tee /x.metrics\n3\nfoo\n+ sacrebleu x\n26.3\n54.4\n1\n+ tee /x.metrics\n5\n6\n",
])("%j has the scores 26.3 and 54.4", (text) =>
  expect(scores(text)).toEqual({ bleu_detok: 26.3, chrf: 54.4 }),
);

test.each([
  "",
  "1\n2\n",
  "+ tee /x.metrics\n1\n",
  "+ tee /x.metrics\n\n1\n2\n",
  "+ tee\n1\n2\n",
  "+ cat /x.metrics\n1\n2\n",
  "+ sacrebleu x\nBLEU = 26.3 54.1/30 (BP = 1.000)\n54.4\n",
  "[eval] Computing the BLEU score.\n",
])("%j has none", (text) => {
  expect(() => readEvaluationLog(text, nodeCore())).toThrow(InputError);
  expect(() => readEvaluationLog(text, nodeCore())).toThrow("has no scores");
});

/** Where ours differs from what was recorded of the reference, which takes a translation into English only. */
const DEVIATIONS: Record<string, Record<string, number>> = { tee_nl_only: { bleu_detok: 1, chrf: 2 } };

describe.skipIf(!sharedIsThere)("recorded of the reference", () => {
  interface Recorded {
    readonly model: string;
    readonly importer: string;
    readonly dataset: string;
    readonly augmentation: string | null;
    readonly bleu_detok: number;
    readonly chrf: number;
  }

  test("every log of the archives, and its name", () => {
    const recorded = JSON.parse(readFileSync(shared("golden/eval_logs.json"), "utf8")) as Record<
      string,
      Recorded
    >;
    expect(Object.keys(recorded)).toHaveLength(24);
    for (const [path, { bleu_detok, chrf, model, importer, dataset, augmentation }] of Object.entries(
      recorded,
    )) {
      const file = shared(path.replace("tests/data", "archives"));
      expect([path, scores(readFileSync(file, "utf8"))]).toEqual([path, { bleu_detok, chrf }]);
      const label = parseTaskLabel(/([^/]*)\.log$/.exec(path)?.[1] ?? "");
      expect(label).toEqual({ stage: "evaluate", model, importer, dataset, augmentation });
    }
  });

  test("logs that are odd or broken", () => {
    const { eval_logs: cases } = JSON.parse(readFileSync(shared("golden/labels.json"), "utf8")) as {
      eval_logs: Record<string, [text: string, read: Recorded | string]>;
    };
    expect(Object.keys(cases)).toEqual(expect.arrayContaining(["tee", "eof", ...Object.keys(DEVIATIONS)]));
    for (const [name, [text, recorded]] of Object.entries(cases)) {
      const deviation = DEVIATIONS[name];
      if (deviation !== undefined) {
        expect(recorded).toBeTypeOf("string");
        expect([name, scores(text)]).toEqual([name, deviation]);
      } else if (typeof recorded === "string") {
        expect(() => readEvaluationLog(text, nodeCore()), name).toThrow(InputError);
      } else {
        const { bleu_detok, chrf } = recorded;
        expect([name, scores(text)]).toEqual([name, { bleu_detok, chrf }]);
      }
    }
  });
});

test("any text gives two scores or an InputError", () => {
  const line = oneof(
    string({ unit: "binary", maxLength: 40 }),
    constantFrom("+ tee /x.metrics", "sacreBLEU: x", "+ sacrebleu x", "26.3", "nan", "[task x] 54.4", ""),
  );
  assert(
    property(array(line, { maxLength: 12 }), (lines) => {
      try {
        expect([...readEvaluationLog(lines.join("\n"), nodeCore()).keys()]).toEqual(["bleu_detok", "chrf"]);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
  );
});
