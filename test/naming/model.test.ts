/** Names of models and runs. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { modelOfFolder } from "../../src/naming/model.js";
import { runNameOf, runNames } from "../../src/naming/run-name.js";
import { shared, sharedIsThere } from "../golden/shared.js";

describe("modelOfFolder", () => {
  test.each([
    ["teacher", "teacher-1"],
    ["teacher-finetuned0", "teacher-finetune-0"],
    ["backward", "backwards"],
    ["student", "student"],
    ["student-finetuned", "student-finetune"],
    ["distillation-student-model-train", "student"],
    ["train-teacher-model-2", "teacher-2"],
    ["teacher-base1", "teacher-base-1"],
  ])("%s is %s", (folder, model) => expect(modelOfFolder(folder)).toBe(model));

  test.each(["", "logs", "7", "teachers", "my-student", "train"])("%j is no model", (folder) => {
    expect(modelOfFolder(folder)).toBeUndefined();
  });

  test.skipIf(!sharedIsThere)("agrees with the reference on the models that it knows", () => {
    const labels = JSON.parse(readFileSync(shared("golden/labels.json"), "utf8")) as {
      patch_model_name: Record<string, string>;
    };
    const known = Object.entries(labels.patch_model_name).filter(
      ([folder]) => modelOfFolder(folder) !== undefined,
    );
    expect(known.length).toBeGreaterThan(10);
    for (const [folder, model] of known) expect([folder, modelOfFolder(folder)]).toEqual([folder, model]);
  });
});

describe("runNameOf", () => {
  test.each([
    ["models/en-nl/prod/teacher-finetuned0/train.log", "teacher-finetune-0"],
    ["some/where/train.log.gz", "train"],
    ["some/where/my.run.log", "my.run"],
    ["-", "stdin"],
  ])("%s is %s", (path, name) => expect(runNameOf(path)).toBe(name));
});

test("no two logs become one run; the first by path keeps the name", () => {
  expect([...runNames(["b/train.log", "a/train.log", "a/train-2.log", "c/train.log"])]).toEqual([
    ["a/train-2.log", "train-2"],
    ["a/train.log", "train"],
    ["b/train.log", "train-3"],
    ["c/train.log", "train-4"],
  ]);
  expect([...runNames(["a.log", "b.log"], "mine").values()]).toEqual(["mine", "mine-2"]);
});
