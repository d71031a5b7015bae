import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/evaluation/evaluation.js";
import { addEvaluation, modelTitles, readEvaluationFile } from "../../src/report/evaluations.js";

function evaluation(source: string, model = "student", dataset = "devtest"): Evaluation {
  return {
    run: model,
    importer: "flores",
    dataset,
    augmentation: null,
    metrics: new Map([["chrf", 1]]),
    source,
  };
}

describe("a file of an evaluation", () => {
  it.each([
    ["models/en-hu/exp/evaluation/student/flores_devtest.metrics", "student", "flores", "devtest", null],
    [
      "evaluation/teacher-finetuned0/mtdata_a_b-1-eng-hun.metrics",
      "teacher-finetune-0",
      "mtdata",
      "a_b-1-eng-hun",
      null,
    ],
    ["evaluation/speed/flores_aug-mix_devtest.metrics", "quantized", "flores", "devtest", "aug-mix"],
    ["metrics/evaluate-teacher-flores-devtest-en-hu-1.metrics", "teacher-1", "flores", "devtest", null],
    ["my-model/devtest.metrics", "my-model", "unknown", "devtest", null],
    ["devtest.metrics", "unknown", "unknown", "devtest", null],
  ])("%s is named by where it lies", (path, model, importer, dataset, augmentation) => {
    const read = readEvaluationFile(path, "30.5\n55.25\n0.875\n");
    expect(read.evaluation).toMatchObject({ run: model, importer, dataset, augmentation, source: path });
    expect([...read.evaluation.metrics]).toEqual([
      ["bleu_detok", 30.5],
      ["chrf", 55.25],
      ["comet", 87.5],
    ]);
  });

  it("of JSON has every metric, and says what it leaves out", () => {
    const text = '{"bleu":{"score":30},"unaligned-ratio":{"score":0.25},"chrf":{"score":"high"}}';
    const { evaluation: read, faults } = readEvaluationFile("student/flores_devtest.metrics.json", text);
    expect([...read.metrics]).toEqual([
      ["bleu_detok", 30],
      ["unaligned-ratio", 0.25],
    ]);
    expect(faults).toEqual([expect.stringContaining("chrf")]);
  });

  it("without scores is refused in words", () => {
    expect(() => readEvaluationFile("student/a.metrics", "none\n")).toThrow("2 or 3 lines that are a number");
  });
});

describe("evaluations together", () => {
  it("hold a file once, its JSON before the plain one; other scores of the same name are others", () => {
    const list: Evaluation[] = [];
    addEvaluation(list, evaluation("a/x.metrics.json"));
    addEvaluation(list, evaluation("a/x.metrics"));
    addEvaluation(list, evaluation("b/x.metrics"));
    addEvaluation(list, evaluation("b/x.metrics"));
    addEvaluation(list, { ...evaluation("b/x.metrics"), metrics: new Map([["chrf", 2]]) });
    addEvaluation(list, evaluation("c/x.metrics"));
    addEvaluation(list, evaluation("c/x.metrics.json"));
    expect(list.map(({ source, metrics }) => [source, metrics.get("chrf")])).toEqual([
      ["a/x.metrics.json", 1],
      ["b/x.metrics", 1],
      ["b/x.metrics", 2],
      ["c/x.metrics.json", 1],
    ]);
  });

  it("are one where files of one folder hold a metric each; the first by path stands", () => {
    const file = (metric: string, score: number, folder = "evaluation/student") =>
      readEvaluationFile(
        `${folder}/en-ru__flores_devtest__bergamot__student__${metric}.metrics.json`,
        JSON.stringify({ score, details: { name: "chrF2" } }),
      ).evaluation;
    const list: Evaluation[] = [];
    expect(addEvaluation(list, file("comet", 0.5))).toBeUndefined();
    expect(addEvaluation(list, file("chrf", 61.2))).toBeUndefined();
    expect(addEvaluation(list, file("chrf", 61.2))).toBeUndefined();
    expect(addEvaluation(list, file("bleu", 30, "elsewhere"))).toBeUndefined();
    expect(
      addEvaluation(list, {
        ...file("chrf", 58),
        source: "evaluation/student/a.metrics.json",
        metrics: new Map([
          ["chrf", 58],
          ["spbleu", 40],
        ]),
      }),
    ).toBe(
      "other scores in evaluation/student/en-ru__flores_devtest__bergamot__student__chrf.metrics.json than in evaluation/student/a.metrics.json, which counts: chrf 61.2 (there 58)",
    );
    expect(
      list.map(({ run: model, dataset, metrics }) => [model, dataset, Object.fromEntries(metrics)]),
    ).toEqual([
      ["student", "devtest", { chrf: 58, comet: 50, spbleu: 40 }],
      ["student", "devtest", { bleu_detok: 30 }],
    ]);
    expect(list[0]?.furtherSources).toHaveLength(2);
  });

  it("tell models of the same name apart, so that no score hides another", () => {
    const list = [
      evaluation("en-hu/one/evaluation/student/x.metrics"),
      evaluation("en-hu/two/evaluation/student/x.metrics"),
      evaluation("en-hu/two/evaluation/teacher-1/x.metrics", "teacher-1"),
      evaluation("taskA"),
      evaluation("taskB"),
    ];
    const titles = modelTitles(list);
    expect(list.map((one) => titles.get(one))).toEqual([
      "en-hu/one/student",
      "en-hu/two/student",
      "en-hu/two/teacher-1",
      "student",
      "student (2)",
    ]);
  });
});
