import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import {
  compareScores,
  scoreCsv,
  scoreMarkdown,
  scoreObjects,
  scoreText,
} from "../../../src/cli/compare/scores.js";
import type { Evaluation } from "../../../src/evaluation/evaluation.js";

const evaluation = (model: string, dataset: string | null, scores: Record<string, number>): Evaluation => ({
  run: model,
  importer: "flores",
  dataset,
  augmentation: null,
  metrics: new Map(Object.entries(scores)),
  source: "x",
});

const group = (name: string, evaluations: Evaluation[], project = "nb-en") => ({
  project,
  name,
  evaluations,
});

describe("a table of scores", () => {
  const one = group("fjord_ZowUkamoRKuDlb4uAeTvgg", [
    evaluation("student", "devtest", { bleu_detok: 30, chrf: 55.125, comet: 85 }),
    evaluation("student", "dev|test", { bleu_detok: 3, "unaligned-ratio": 0.03 }),
  ]);
  const other = group("coast_J2XoxaS9SnyWSEP9J9vJnQ", [
    evaluation("student", "devtest", { bleu_detok: 1, chrf: 2 }),
    evaluation("student", "devtest", { bleu_detok: 31, chrf: 56, comet: Number.NaN }),
    evaluation("backwards", null, { bleu_detok: 100 }),
  ]);
  const table = compareScores([one, other]);

  it("has groups side by side, by model and dataset; the later of two evaluations counts", () => {
    expect(scoreText(table, Number.POSITIVE_INFINITY)).toBe(
      [
        "                                   fjord_ZowUk                 coast_J2Xox",
        "model      dataset          BLEU   chrF  COMET  BLEU     chrF        COMET",
        "backwards  flores              -      -      -   100        -            -",
        "student    flores_devtest     30  55.13    *85   *31 +1   *56 +0.88    NaN",
        "           flores_dev|test     3      -      -     -        -            -",
        "",
      ].join("\n"),
    );
  });

  it("is Markdown", () => {
    expect(scoreMarkdown(table).split("\n").slice(0, -1)).toEqual([
      "| model | dataset | fjord_ZowUk BLEU | fjord_ZowUk chrF | fjord_ZowUk COMET | coast_J2Xox BLEU | coast_J2Xox chrF | coast_J2Xox COMET |",
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
      "| backwards | flores | - | - | - | 100 | - | - |",
      "| student | flores_devtest | 30 | 55.13 | **85** | **31** (+1) | **56** (+0.88) | NaN |",
      "| student | flores_dev\\|test | 3 | - | - | - | - | - |",
    ]);
  });

  it("is CSV with every metric", () => {
    const text = scoreCsv(table);
    expect(text.split("\r\n")).toHaveLength(5);
    const [header, ...rows] = parse(text) as string[][];
    expect(header?.slice(0, 9)).toEqual([
      "model",
      "importer",
      "dataset",
      "augmentation",
      "fjord_ZowUk bleu_detok",
      "fjord_ZowUk chrf",
      "fjord_ZowUk comet",
      "fjord_ZowUk unaligned-ratio",
      "coast_J2Xox bleu_detok",
    ]);
    expect(rows[2]).toEqual(["student", "flores", "dev|test", "", "3.0", "", "", "0.03", "", "", "", ""]);
    expect(rows[1]?.slice(8)).toEqual(["31.0", "56.0", "nan", ""]);
  });

  it("is JSON with every metric", () => {
    const { groups, rows } = scoreObjects(table);
    expect(groups).toEqual([
      { label: "fjord_ZowUk", project: "nb-en", name: one.name },
      { label: "coast_J2Xox", project: "nb-en", name: other.name },
    ]);
    expect(rows[0]).toEqual({
      model: "backwards",
      importer: "flores",
      dataset: null,
      augmentation: null,
      scores: [null, { bleu_detok: 100 }],
      differences: [null, {}],
      best: [null, {}],
    });
    expect(rows[1]).toMatchObject({
      scores: [{ bleu_detok: 30 }, { bleu_detok: 31, chrf: 56, comet: Number.NaN }],
      differences: [{}, { bleu_detok: 1, chrf: 0.875 }],
      best: [{}, { bleu_detok: true, chrf: true }],
    });
  });

  it("names groups so that they can be told apart", () => {
    const same = "x_ZowUkAAAAAAAAAAAAAAAAA";
    expect(compareScores([one, { ...one, project: "en-nb" }]).names).toEqual([
      "nb-en/fjord_ZowUk",
      "en-nb/fjord_ZowUk",
    ]);
    expect(compareScores([group(same, []), group("x_ZowUkBBBBBBBBBBBBBBBBB", [])]).names).toEqual([
      same,
      "x_ZowUkBBBBBBBBBBBBBBBBB",
    ]);
    expect(compareScores([group("opusprod", [])]).names).toEqual(["opusprod"]);
  });

  it("is wide enough for long names", () => {
    const long = compareScores([group("an-experiment-with-a-very-long-name", one.evaluations)]);
    const lines = scoreText(long, Number.POSITIVE_INFINITY).split("\n");
    expect(lines.slice(0, 2).map((line) => line.trim())).toEqual(["an-experiment-with-", "a-very-long-name"]);
    expect(lines[2]?.length).toBe(lines[1]?.length);
  });
});
