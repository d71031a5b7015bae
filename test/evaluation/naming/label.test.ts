/** Labels of tasks and names of evaluation logs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { assert, constantFrom, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTaskLabel } from "../../../src/evaluation/naming/label.js";
import { shared, sharedIsThere } from "../../golden/shared.js";

type Read = [model: string, importer?: string | null, dataset?: string | null, augmentation?: string | null];

function read(label: string): unknown {
  const { stage, model, importer, dataset, augmentation } = parseTaskLabel(label) ?? {};
  if (model === undefined) return undefined;
  expect(stage).toBe(importer === null ? "train" : "evaluate");
  return [model, importer, dataset, augmentation];
}

const full = ([model, importer = null, dataset = null, augmentation = null]: Read) => [
  model,
  importer,
  dataset,
  augmentation,
];

describe("trainings", () => {
  test.each<[string, Read]>([
    ["train-teacher-model-ru-en-1", ["teacher-1"]],
    ["train-teacher-model-en-zh_Hant-2", ["teacher-2"]],
    ["train-teacher-model-zh-Hant-en-2", ["teacher-2"]],
    ["train-teacher-model-pt_BR-hbs-3", ["teacher-3"]],
    ["train-teacher-en-ru-2/2", ["teacher-2"]],
    ["train-teacher-en-ru-2_2", ["teacher-2"]],
    ["train-teacher-en-ru", ["teacher-1"]],
    ["train-backwards-en-ru", ["backwards"]],
    ["train-student-en-ru", ["student"]],
    ["finetune-student-en-ru", ["finetune-student"]],
    ["distillation-student-model-train-lt-en", ["student"]],
    ["distillation-student-model-finetune-lt-en", ["finetune-student"]],
    ["backtranslations-train-backwards-model-sr_cyrl-en", ["backwards"]],
    ["train-finetune-teacher-lt-en-1", ["finetune-teacher-1"]],
    ["train-teacher-finetuned0", ["teacher-finetune-0"]],
  ])("%s is read as %j", (label, wanted) => expect(read(label)).toEqual(full(wanted)));
});

describe("evaluations", () => {
  test.each<[string, Read]>([
    // Tasks of 2023.
    ["evaluate-teacher-flores-flores_devtest-en-ru-2/2", ["teacher-2", "flores", "devtest"]],
    [
      "evaluate-teacher-flores-flores_aug-title_devtest-lt-en-1_2",
      ["teacher-1", "flores", "devtest", "aug-title"],
    ],
    [
      "evaluate-teacher-mtdata-mtdata_Neulab-tedtalks_test-1-eng-hun-en-ru-1/2",
      ["teacher-1", "mtdata", "Neulab-tedtalks_test-1-eng-hun"],
    ],
    ["evaluate-teacher-ensemble-sacrebleu-sacrebleu_wmt09-en-ru", ["teacher-ensemble", "sacrebleu", "wmt09"]],
    ["evaluate-finetuned-student-sacrebleu-wmt09-en-ru", ["finetune-student", "sacrebleu", "wmt09"]],
    // Tasks of today.
    [
      "evaluate-teacher-flores-aug-upper-strict_devtest-lt-en-1",
      ["teacher-1", "flores", "devtest", "aug-upper-strict"],
    ],
    ["evaluate-backward-flores-devtest-en-zh_Hant", ["backwards", "flores", "devtest"]],
    ["evaluate-backward-flores-devtest-zh-Hant-en", ["backwards", "flores", "devtest"]],
    ["evaluate-teacher-flores-devtest-pt_BR-en-2", ["teacher-2", "flores", "devtest"]],
    ["evaluate-quantized-flores-devtest-ast-hbs", ["quantized", "flores", "devtest"]],
    [
      "evaluate-student-mtdata-Neulab-tedtalks_test-1-eng-ast-en-ast",
      ["student", "mtdata", "Neulab-tedtalks_test-1-eng-ast"],
    ],
    [
      "evaluate-student-mtdata-Neulab-tedtalks_test-1-eng-ast-eng-ast",
      ["student", "mtdata", "Neulab-tedtalks_test-1-eng-ast"],
    ],
    ["evaluate-student-mtdata-newstest2014_ruen-eng-rus", ["student", "mtdata", "newstest2014_ruen"]],
    [
      "evaluate-student-mtdata-OPUS-gnome-v1-eng-zho_CN-en-zh",
      ["student", "mtdata", "OPUS-gnome-v1-eng-zho_CN"],
    ],
    ["evaluate-student-hf-hf_dataset-en-ru", ["student", "hf", "dataset"]],
    [
      "evaluate-student-hfp-google_wmt24pp_en-ru_RU_train_source_target-en-ru",
      ["student", "hfp", "google_wmt24pp_en-ru_RU_train_source_target"],
    ],
    ["evaluate-student-opus-OPUS-v1-en-ru", ["student", "opus", "OPUS-v1"]],
    [
      "evaluate-student-opus-ELRC-3075-wikipedia_health_v1-ru-en",
      ["student", "opus", "ELRC-3075-wikipedia_health_v1"],
    ],
    [
      "evaluate-backward-url-gcp_pytest-dataset_a0017e-en-zh_hant",
      ["backwards", "url", "gcp_pytest-dataset_a0017e"],
    ],
    ["evaluate-student-tmx-pontoon-en-ru", ["student", "tmx", "pontoon"]],
    ["evaluate-student-bouquet-test-en-ru", ["student", "bouquet", "test"]],
    ["evaluate-student-flores-dev.test-1.2-en-ru", ["student", "flores", "dev.test-1.2"]],
    // The importer alone, an augmentation alone, a dataset alone.
    ["evaluate-student-flores-ru-en", ["student", "flores"]],
    ["evaluate-teacher-flores-ru-en-2", ["teacher-2", "flores"]],
    ["evaluate-student-flores", ["student", "flores"]],
    ["evaluate-student-flores-aug-mix-ru-en", ["student", "flores", null, "aug-mix"]],
    ["evaluate-teacher-wmt19-ru-en-2", ["teacher-2", "unknown", "wmt19"]],
    ["evaluate-teacher-aug-mix_wmt19-ru-en-2", ["teacher-2", "unknown", "wmt19", "aug-mix"]],
    // Names of logs.
    ["eval_teacher-base0_flores_devtest", ["teacher-base-0", "flores", "devtest"]],
    [
      "eval_student_mtdata_Neulab-tedtalks_test-1-eng-nld",
      ["student", "mtdata", "Neulab-tedtalks_test-1-eng-nld"],
    ],
    ["eval_student_Neulab-tedtalks_test-1-eng-nld", ["student", "unknown", "Neulab-tedtalks_test-1-eng-nld"]],
    ["eval_student_custom_books-eng-nld", ["student", "custom", "books-eng-nld"]],
    ["eval_student_custom_it-en", ["student", "custom", "it-en"]],
    ["eval_student_sacrebleu_aug-mix_wmt19.1", ["student", "sacrebleu", "wmt19.1", "aug-mix"]],
    ["eval_student_flores-devtest", ["student", "flores", "devtest"]],
    ["eval_student_devtest", ["student", "unknown", "devtest"]],
    ["eval_student_aug-mix_devtest", ["student", "unknown", "devtest", "aug-mix"]],
    ["eval_speed_flores_devtest", ["quantized", "flores", "devtest"]],
  ])("%s is read as %j", (label, wanted) => expect(read(label)).toEqual(full(wanted)));
});

test.each([
  "",
  " train-student",
  "train-student ",
  "train-vocab-en-ru",
  "train-unknown",
  "build-vocab-ru-en",
  "split-corpus-en-ru",
  "quantize-en-ru",
  "distillation-student-model-quantize-ru-en",
  "dataset-flores-devtest-ru-en",
  "upload-artifacts-train-teacher-model-ru-en-1",
  "upload-artifacts-evaluate-student-flores-devtest-ru-en",
  "final-eval-lang-en-ru",
  "all-pipeline-ru-en-1",
  "continuation-model-student",
  "evaluate-student",
  "evaluate-teacher-ensemble",
  "evaluate-teachers-flores-devtest-ru-en",
  "Train-student-en-ru",
  "constructor",
])("%j is neither", (label) => expect(parseTaskLabel(label)).toBeUndefined());

/** Where ours differs from what was recorded of the reference. */
const DEVIATIONS: Record<string, { reference: Read | "refused"; ours: Read; why: string }> = {
  "train-teacher-model-en-zh_Hant-1": {
    reference: "refused",
    ours: ["teacher-1"],
    why: "scripts are written with a capital too",
  },
  "evaluate-student-flores-devtest-en-zh_Hant": {
    reference: ["student", "flores", "devtest-en-zh_Hant"],
    ours: ["student", "flores", "devtest"],
    why: "scripts are written with a capital too",
  },
  "evaluate-student-hf-hf_dataset-en-ru": {
    reference: "refused",
    ours: ["student", "hf", "dataset"],
    why: "hf is an importer; the dataset that repeats it loses it",
  },
  "evaluate-student-opus-OPUS-v1-en-ru": {
    reference: "refused",
    ours: ["student", "opus", "OPUS-v1"],
    why: "opus is an importer",
  },
  "eval_student_tc_Tatoeba-Challenge-v2021-08-07": {
    reference: "refused",
    ours: ["student", "tc", "Tatoeba-Challenge-v2021-08-07"],
    why: "by its place tc is an importer; without a language pair 07 is no chunk",
  },
  eval_speed_flores_devtest: {
    reference: "refused",
    ours: ["quantized", "flores", "devtest"],
    why: "speed is how the quantized model's folder is called",
  },
};

describe.skipIf(!sharedIsThere)("labels recorded of the reference", () => {
  interface Recorded {
    readonly model: string;
    readonly importer: string | null;
    readonly dataset: string | null;
    readonly augmentation: string | null;
  }
  const recorded = sharedIsThere
    ? (JSON.parse(readFileSync(shared("golden/labels.json"), "utf8")) as {
        parse_task_label: Record<string, Recorded | string>;
      })
    : { parse_task_label: {} };
  const cases = Object.entries(recorded.parse_task_label);

  test("are the ones that were recorded", () => {
    expect(cases.length).toBeGreaterThan(60);
    const labels = cases.map(([label]) => label);
    expect(labels).toEqual(expect.arrayContaining(Object.keys(DEVIATIONS)));
  });

  test.each(cases)("%j is read as it was recorded", (label, recorded) => {
    const theirs =
      typeof recorded === "string"
        ? undefined
        : [recorded.model, recorded.importer, recorded.dataset, recorded.augmentation];
    const deviation = DEVIATIONS[label];
    if (deviation === undefined) {
      expect(read(label)).toEqual(theirs);
    } else {
      expect(theirs).toEqual(deviation.reference === "refused" ? undefined : full(deviation.reference));
      expect(read(label)).toEqual(full(deviation.ours));
    }
  });
});

interface ListedTask {
  readonly task: {
    readonly tags: { readonly kind?: string; readonly label?: string };
    readonly extra?: { readonly parent?: string };
  };
}

const groups = ["small-ru-en", "en-ru-2023", "large-lt-en"];
const groupsAreThere = existsSync(shared("taskcluster/fixtures"));
if (!groupsAreThere) process.stdout.write("skipped: no recorded task groups\n");

describe.skipIf(!groupsAreThere)("three task groups", () => {
  test.each([
    ["small-ru-en", 4, 6],
    ["en-ru-2023", 5, 21],
    ["large-lt-en", 5, 112],
  ])("%s: %i trainings, %i evaluations, and nothing else", (group, trainings, evaluations) => {
    expect(groups).toContain(group);
    const folder = shared(`taskcluster/fixtures/${group}`);
    const tasks = readdirSync(folder)
      .filter((file) => file.startsWith("list-"))
      .flatMap((file) => {
        const bytes = readFileSync(`${folder}/${file}`);
        const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
        return (JSON.parse(text) as { tasks: ListedTask[] }).tasks;
      });
    expect(tasks.length).toBeGreaterThan(100);
    const stages = { train: 0, evaluate: 0 };
    for (const { task } of tasks) {
      const { kind = "", label = "" } = task.tags;
      const read = parseTaskLabel(label);
      const isTraining =
        /^(train-(?!vocab)|finetune-|backtranslations-train-|distillation-student-model-(train|finetune)$)/;
      const stage = isTraining.test(kind) ? "train" : kind.startsWith("evaluate") ? "evaluate" : undefined;
      expect([label, read?.stage]).toEqual([label, stage]);
      if (read === undefined) continue;
      stages[read.stage] += 1;
      expect([label, modelIn(label)]).toEqual([label, read.model]);
      if (read.stage === "train") continue;
      // What the graph made the label from.
      const { importer, augmentation, dataset } = read;
      const name = [augmentation, dataset].filter((part) => part !== null).join("_");
      expect(label).toMatch(
        new RegExp(`-${importer}-(${importer}_)?${name}-[a-z]{2}-[a-z]{2}(-\\d(/\\d)?)?$`),
      );
      expect(["devtest", "wmt19", "wmt09"].includes(dataset ?? "") || importer === "mtdata").toBe(true);
      if (importer === "mtdata") expect(dataset).toMatch(/^Neulab-tedtalks_test-1-eng-(lit|hun)$/);
    }
    expect(stages).toEqual({ train: trainings, evaluate: evaluations });
  });

  /** The model by words and the last number of the label. */
  function modelIn(label: string): string {
    const number = /-(\d)(\/\d)?$/.exec(label)?.[1];
    if (label.includes("teacher-ensemble")) return "teacher-ensemble";
    if (/finetune/.test(label)) return "finetune-student";
    if (label.includes("teacher")) return `teacher-${number}`;
    return label.includes("backward") ? "backwards" : label.includes("quantized") ? "quantized" : "student";
  }
});

describe("of any", () => {
  test("text", () => {
    assert(
      property(string({ unit: "binary", maxLength: 200 }), (text) => {
        for (const label of [text, `train-${text}`, `evaluate-student-${text}`, `eval_teacher_${text}`]) {
          const read = parseTaskLabel(label);
          if (read === undefined) continue;
          expect(read.importer === null).toBe(read.stage === "train");
        }
      }),
    );
  });

  test("parts that are put together", () => {
    const models: Record<string, string> = {
      backward: "backwards",
      student: "student",
      teacher: "teacher-1",
      "teacher-ensemble": "teacher-ensemble",
      "finetuned-student": "finetune-student",
      quantized: "quantized",
    };
    const language = constantFrom("en", "lt", "hbs", "zh_hant", "zh_Hant", "sr_Cyrl", "pt_BR");
    const word = string({ unit: constantFrom(..."abcXYZ059._"), minLength: 5, maxLength: 30 });
    assert(
      property(
        constantFrom(...Object.keys(models)),
        constantFrom("flores", "mtdata", "sacrebleu", "url", "tmx", "hf", "opus", "other"),
        constantFrom(null, "aug-mix", "aug-upper-strict"),
        word.filter((dataset) => /^[^_]/.test(dataset)),
        language,
        language,
        constantFrom("", "-2", "-2/4", "-2_4"),
        constantFrom(true, false),
        (model, importer, augmentation, words, source, target, chunk, repeats) => {
          const dataset = importer === "mtdata" ? `Group-${words}-1-eng-lit` : words;
          const name = [repeats ? importer : null, augmentation, dataset].filter((part) => part !== null);
          const label = `evaluate-${model}-${importer}-${name.join("_")}-${source}-${target}${chunk}`;
          const wanted = chunk === "" ? models[model] : `${models[model]?.replace("-1", "")}-2`;
          expect([label, read(label)]).toEqual([label, [wanted, importer, dataset, augmentation]]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("length, in no time that grows faster than it", () => {
    // Hostile labels: each would take minutes with a pattern that tries every cut.
    for (const piece of ["-aa-bb", "_aug-", "aug-x_", "-", "flores_", "1", "-en-zh_Hant"]) {
      const long = piece.repeat(20_000);
      for (const start of ["", "train-student", "evaluate-teacher-flores-", "eval_student_"])
        parseTaskLabel(start + long);
    }
  });
});
