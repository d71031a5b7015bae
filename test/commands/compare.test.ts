import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { compareScores, scoreTableText } from "../../src/cli/compare/scores.js";
import type { Evaluation } from "../../src/evaluation/evaluation.js";
import { check } from "../cli/run-binary.js";
import { setting } from "../cli/taskcluster.js";
import { scoresOf } from "../servers/taskcluster/index.js";
import { IDS } from "../taskcluster/client/ids.js";

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
    expect(scoreTableText(table, "text")).toBe(
      [
        "                                    fjord_ZowUk           coast_J2Xox",
        "model      dataset           BLEU   chrF  COMET    BLEU   chrF  COMET",
        "backwards  flores               -      -      -  100.00      -      -",
        "student    flores_devtest   30.00  55.13  85.00   31.00  56.00    NaN",
        "student    flores_dev|test   3.00      -      -       -      -      -",
        "",
      ].join("\n"),
    );
  });

  it("is Markdown", () => {
    expect(scoreTableText(table, "markdown").split("\n").slice(0, -1)).toEqual([
      "| model | dataset | fjord_ZowUk BLEU | fjord_ZowUk chrF | fjord_ZowUk COMET | coast_J2Xox BLEU | coast_J2Xox chrF | coast_J2Xox COMET |",
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
      "| backwards | flores | - | - | - | 100.00 | - | - |",
      "| student | flores_devtest | 30.00 | 55.13 | 85.00 | 31.00 | 56.00 | NaN |",
      "| student | flores_dev\\|test | 3.00 | - | - | - | - | - |",
    ]);
  });

  it("is CSV with every metric", () => {
    const text = scoreTableText(table, "csv");
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
    const { groups, rows } = JSON.parse(scoreTableText(table, "json"));
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
    });
    expect(rows[1].scores[1]).toEqual({ bleu_detok: 31, chrf: 56, comet: "NaN" });
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
    const text = scoreTableText(
      compareScores([group("an-experiment-with-a-very-long-name", one.evaluations)]),
      "text",
    );
    const [above = "", heads = ""] = text.split("\n");
    expect(above.endsWith("an-experiment-with-a-very-long-name")).toBe(true);
    expect(heads.length).toBe(above.length);
  });
});

describe("compare", () => {
  it("prints what the groups' evaluation tasks hold, and names what is missing", async () => {
    const { server, run } = await setting();
    const compared = await run("compare", IDS.fjord, IDS.coast, IDS.fjord, "--json");
    check(compared, {
      code: 1,
      stdout: /./,
      stderr: /ERROR evaluate-student-url-gcp_harbour-nb-en .* no file of scores/,
    });
    const { groups, rows } = JSON.parse(compared.stdout);
    expect(groups).toHaveLength(2);
    expect(rows).toHaveLength(5);
    const { bleu, chrf, comet } = scoresOf("evaluate-backward-flores-flores_devtest-nb-en");
    expect(rows[0]).toMatchObject({ model: "backwards", dataset: "devtest" });
    expect(rows[0].scores[1]).toEqual({ bleu_detok: bleu, chrf, comet: comet * 100 });
    // No log of a training was asked for.
    expect(server.requests.some(({ path }) => path.includes("train.log"))).toBe(false);
  });

  it("prints a table of one group", async () => {
    const { run } = await setting();
    const { bleu } = scoresOf("evaluate-backward-flores-flores_devtest-nb-en");
    check(await run("compare", IDS.coast), {
      code: 0,
      stdout: new RegExp(
        `coast_J2Xox\\nmodel {6}dataset .*\\nbackwards {2}flores_devtest +${bleu.toFixed(2)} `,
      ),
    });
  });

  it("fails without anything to compare", async () => {
    const { run } = await setting();
    check(await run("compare", IDS.push), { code: 1, stderr: /ERROR TucY.* no training and no evaluation/ });
    check(await run("compare", IDS.push, IDS.coast), { code: 1, stdout: /coast/, stderr: /ERROR TucY/ });
    check(await run("compare", IDS.unknown), { code: 1, stderr: /is not there, or has expired/ });
    check(await run("compare", "x"), { code: 2, stderr: /not the id of a group/ });
    check(await run("compare"), { code: 2, stderr: /Missing/ });
    check(await run("compare", IDS.coast, "--format", "xml"), {
      code: 2,
      stderr: /--format=xml/,
    });
  });
});
