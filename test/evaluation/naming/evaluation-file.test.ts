import { describe, expect, it } from "vitest";
import { readEvaluationFileName } from "../../../src/evaluation/naming/evaluation-file.js";

const dataset = (importer: string, name: string | null, augmentation: string | null = null) => ({
  importer,
  dataset: name,
  augmentation,
});

describe("the name of a file of scores", () => {
  it.each([
    [
      "en-ru__flores_devtest__bergamot__student__chrf",
      { model: "student", known: true, metric: "chrf", dataset: dataset("flores", "devtest") },
    ],
    [
      "en-ru__flores_devtest__bergamot__teacher0__comet22",
      { model: "teacher-0", known: true, metric: "comet22", dataset: dataset("flores", "devtest") },
    ],
    [
      "zh_hant-en__wmt24pp__bergamot__backward__latest__bleu",
      { model: "backwards", known: true, metric: "bleu", dataset: dataset("unknown", "wmt24pp") },
    ],
    [
      "en-ru__bouquet__bergamot__retrain_base-memory_KJ23-iDVTcymG1ZldWY17w__20251122T003231__bleu",
      {
        model: "retrain_base-memory_KJ23-iDVTcymG1ZldWY17w",
        known: false,
        metric: "bleu",
        dataset: dataset("unknown", "bouquet"),
      },
    ],
    [
      "en-ru__bouquet__bergamot__a__b__metricx24-qe",
      { model: "a__b", known: false, metric: "metricx24-qe", dataset: dataset("unknown", "bouquet") },
    ],
    [
      "en-ru__wmt24pp__google__v2__latest__chrf",
      { model: "google-v2", known: false, metric: "chrf", dataset: dataset("unknown", "wmt24pp") },
    ],
    [
      "en-ru__sacrebleu_aug-mix_wmt09__bergamot__student__chrf",
      { model: "student", known: true, metric: "chrf", dataset: dataset("sacrebleu", "wmt09", "aug-mix") },
    ],
    ["flores_devtest__chrf", { known: false, metric: "chrf", dataset: dataset("flores", "devtest") }],
    [
      "evaluate-student-flores-devtest-en-hu__comet",
      { model: "student", known: true, metric: "comet", dataset: dataset("flores", "devtest") },
    ],
    [
      "evaluate-student-flores-devtest-en-hu",
      { model: "student", known: true, dataset: dataset("flores", "devtest") },
    ],
    ["flores_devtest", { known: false, dataset: dataset("flores", "devtest") }],
    [
      "en-ru__flores_devtest__chrf",
      { known: false, metric: "chrf", dataset: dataset("unknown", "en-ru__flores_devtest") },
    ],
    [
      "notapair__flores__bergamot__student__chrf",
      { known: false, metric: "chrf", dataset: dataset("unknown", "notapair__flores__bergamot__student") },
    ],
    ["", { known: false, dataset: dataset("unknown", null) }],
  ])("%s is read as %j", (stem, wanted) => {
    const { pair, ...rest } = readEvaluationFileName(`${stem}.metrics.json`);
    expect(rest).toEqual({ kind: "metrics.json", ...wanted });
    expect(pair).toBe(
      stem.split("__").length > 4 && !stem.startsWith("not") ? stem.split("__")[0] : undefined,
    );
  });

  it.each([
    ["flores_devtest.metrics.json", "metrics.json"],
    ["flores_devtest.METRICS", "metrics"],
    ["flores_devtest.metrics.json.gz", "metrics.json"],
    ["flores_devtest.log.zst", "log"],
    ["flores_devtest", "log"],
  ])("%s has the form of its ending, and the ending is not part of the dataset", (fileName, kind) => {
    expect(readEvaluationFileName(fileName)).toEqual({
      kind,
      known: false,
      dataset: dataset("flores", "devtest"),
    });
  });

  it("holds a metric only where a file of one metric may be", () => {
    expect(readEvaluationFileName("flores_devtest__chrf.metrics")).toEqual({
      kind: "metrics",
      known: false,
      dataset: dataset("flores", "devtest__chrf"),
    });
  });
});
