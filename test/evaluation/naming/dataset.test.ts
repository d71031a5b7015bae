/** Names of datasets. */
import { readFileSync } from "node:fs";
import { assert, constantFrom, option, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluationTitle, parseDataset } from "../../../src/evaluation/naming/dataset.js";
import { shared, sharedIsThere } from "../../golden/shared.js";

type Read = [importer: string, augmentation: string | null, dataset: string | null];

function read(stem: string): Read {
  const { importer, augmentation, dataset } = parseDataset(stem);
  return [importer, augmentation, dataset];
}

test.each<[string, Read]>([
  ["flores_devtest", ["flores", null, "devtest"]],
  ["flores_aug-mix_devtest", ["flores", "aug-mix", "devtest"]],
  ["sacrebleu_aug-upper-strict_wmt19", ["sacrebleu", "aug-upper-strict", "wmt19"]],
  ["mtdata_Neulab-tedtalks_test-1-eng-nld", ["mtdata", null, "Neulab-tedtalks_test-1-eng-nld"]],
  ["mtdata_aug-mix_Neulab-tedtalks_test-1-eng-lit", ["mtdata", "aug-mix", "Neulab-tedtalks_test-1-eng-lit"]],
  ["hf_dataset", ["hf", null, "dataset"]],
  ["hf_hf_dataset", ["hf", null, "dataset"]],
  ["flores_flores_aug-mix_devtest", ["flores", "aug-mix", "devtest"]],
  ["hfp_google_wmt24pp_test", ["hfp", null, "google_wmt24pp_test"]],
  ["opus_ELRC-3075-wikipedia_health_v1", ["opus", null, "ELRC-3075-wikipedia_health_v1"]],
  ["url_gcp_pytest-dataset_a0017e", ["url", null, "gcp_pytest-dataset_a0017e"]],
  ["ntrex_ntrex", ["ntrex", null, "ntrex"]],
  ["flores", ["flores", null, null]],
  ["flores_aug-mix", ["flores", "aug-mix", null]],
  ["flores_dev.test-1.2", ["flores", null, "dev.test-1.2"]],
  // The files of today's tasks are called by the dataset alone.
  ["devtest", ["unknown", null, "devtest"]],
  ["aug-mix_devtest", ["unknown", "aug-mix", "devtest"]],
  ["aug-mix", ["unknown", "aug-mix", null]],
  ["Neulab-tedtalks_test-1-eng-lit", ["unknown", null, "Neulab-tedtalks_test-1-eng-lit"]],
  ["gcp_pytest-dataset_a0017e", ["unknown", null, "gcp_pytest-dataset_a0017e"]],
  ["floresta_x", ["unknown", null, "floresta_x"]],
  ["_devtest", ["unknown", null, "_devtest"]],
  ["", ["unknown", null, null]],
  ["constructor_x", ["unknown", null, "constructor_x"]],
])("%j is read as %j", (stem, wanted) => expect(read(stem)).toEqual(wanted));

test("the title of a chart has the parts that there are", () => {
  const titles = ["flores_aug-mix_devtest", "flores_aug-mix", "flores", "mtdata_x-1-eng-nld"];
  expect(titles.map((title) => evaluationTitle(parseDataset(title)))).toEqual(titles);
  expect(evaluationTitle(parseDataset("devtest"))).toBe("unknown_devtest");
});

/** Where ours differs from what was recorded of the reference. */
const DEVIATIONS: Record<string, { reference: Read | "refused"; ours: Read; why: string }> = {
  flores: { reference: "refused", ours: ["flores", null, null], why: "an importer alone has no dataset" },
  flores_: { reference: "refused", ours: ["flores", null, null], why: "an importer alone has no dataset" },
  "aug-mix_flores_devtest": {
    reference: "refused",
    ours: ["flores", "aug-mix", "devtest"],
    why: "the augmentation may come first",
  },
  url_x: { reference: "refused", ours: ["url", null, "x"], why: "url is an importer, as it is in labels" },
  tmx_x: { reference: "refused", ours: ["tmx", null, "x"], why: "tmx is an importer, as it is in labels" },
  devtest: {
    reference: "refused",
    ours: ["unknown", null, "devtest"],
    why: "without an importer it is kept",
  },
  "flores-devtest": {
    reference: "refused",
    ours: ["unknown", null, "flores-devtest"],
    why: "without an importer it is kept",
  },
  "flores_aug-mix": {
    reference: ["flores", "aug-mi", "x"],
    ours: ["flores", "aug-mix", null],
    why: "no part of the augmentation is a dataset",
  },
  "flores_aug-mix_": {
    reference: ["flores", "aug-mix", "_"],
    ours: ["flores", "aug-mix", null],
    why: "no part of the augmentation is a dataset",
  },
  "flores_dev/test": {
    reference: ["flores", null, "dev"],
    ours: ["flores", null, "dev/test"],
    why: "nothing is cut off",
  },
  "flores_dev.test": {
    reference: ["flores", null, "dev"],
    ours: ["flores", null, "dev.test"],
    why: "names of files keep their dots",
  },
  "flores_.x": { reference: "refused", ours: ["flores", null, ".x"], why: "names of files keep their dots" },
};

describe.skipIf(!sharedIsThere)("names recorded of the reference", () => {
  const recorded = sharedIsThere
    ? (JSON.parse(readFileSync(shared("golden/labels.json"), "utf8")) as {
        parse_gcp_metric: Record<string, Read | string>;
      })
    : { parse_gcp_metric: {} };
  const cases = Object.entries(recorded.parse_gcp_metric);

  test("are the ones that were recorded", () => {
    expect(cases.length).toBeGreaterThan(14);
    expect(cases.map(([stem]) => stem)).toEqual(expect.arrayContaining(Object.keys(DEVIATIONS)));
  });

  test.each(cases)("%j is read as it was recorded", (stem, recorded) => {
    const deviation = DEVIATIONS[stem];
    if (deviation === undefined) {
      expect(read(stem)).toEqual(recorded);
    } else {
      expect(typeof recorded === "string" ? "refused" : recorded).toEqual(deviation.reference);
      expect(read(stem)).toEqual(deviation.ours);
    }
  });
});

describe("of any", () => {
  test("text", () => {
    assert(
      property(string({ unit: "binary", maxLength: 100 }), (text) => {
        // A name without an importer is the dataset, whole.
        const plain = text.replace(/^(unknown[-_]|aug-)+/, "");
        const name = parseDataset(`x${plain}`);
        expect(name).toEqual({ importer: "unknown", augmentation: null, dataset: `x${plain}` });
        for (const start of [
          "flores_",
          "flores_flores_",
          "aug-mix_flores_",
          "flores_aug-mix_",
          "aug-mix_",
          "",
        ]) {
          const { importer, augmentation, dataset } = parseDataset(start + text);
          expect([importer, augmentation, dataset]).not.toContain("");
          expect((start + text).endsWith(dataset ?? "")).toBe(true);
        }
      }),
    );
  });

  test("parts that are put together", () => {
    const word = string({ unit: constantFrom(..."abcXYZ059.-"), minLength: 1, maxLength: 30 });
    assert(
      property(
        constantFrom("flores", "mtdata", "sacrebleu", "ntrex", "url", "tmx", "hf", "hfp", "opus", "tc"),
        option(constantFrom("aug-mix", "aug-title-strict")),
        option(word.filter((name) => !name.startsWith("aug-"))),
        (importer, augmentation, dataset) => {
          const name = { importer, augmentation, dataset };
          expect(parseDataset(evaluationTitle(name))).toEqual(name);
        },
      ),
    );
  });
});
