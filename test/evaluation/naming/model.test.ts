/** Names of models and runs. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { modelOfFolder } from "../../../src/evaluation/naming/model.js";
import { runNameOf, runNames } from "../../../src/evaluation/naming/run-name.js";
import { shared, sharedIsThere } from "../../golden/shared.js";

describe("modelOfFolder", () => {
  test.each([
    ["teacher", "teacher-1"],
    ["teacher-finetuned0", "teacher-finetune-0"],
    ["backward", "backwards"],
    ["student", "student"],
    ["student-finetuned", "student-finetune"],
    ["finetuned-student", "finetune-student"],
    ["distillation-student-model-train", "student"],
    ["train-teacher-model-2", "teacher-2"],
    ["teacher-base1", "teacher-base-1"],
    ["teacher_2", "teacher-2"],
    ["teacher-2_2", "teacher-2"],
    ["teacher-model-en-zh_Hant-2", "teacher-2"],
    ["student-en-zh-Hant", "student"],
    ["speed", "quantized"],
  ])("%s is %s", (folder, model) => expect(modelOfFolder(folder)).toBe(model));

  test.each(["", "logs", "7", "teachers", "my-student", "train", "student-2-4", "student-v2", "Student"])(
    "%j is no model",
    (folder) => {
      expect(modelOfFolder(folder)).toBeUndefined();
    },
  );

  test.skipIf(!sharedIsThere)("agrees with the reference on the models that it knows", () => {
    const labels = JSON.parse(readFileSync(shared("golden/labels.json"), "utf8")) as {
      patch_model_name: Record<string, string>;
    };
    // The reference passes names on that it doesn't know; of them ours knows the folder of the quantized model.
    const { speed, eval: unknown, ...known } = labels.patch_model_name;
    expect([speed, modelOfFolder("speed")]).toEqual(["speed", "quantized"]);
    expect([unknown, modelOfFolder("eval")]).toEqual(["eval", undefined]);
    const ours = Object.keys(known).map((folder) => [folder, modelOfFolder(folder)]);
    expect(ours.length).toBeGreaterThan(10);
    expect(Object.fromEntries(ours)).toEqual(known);
  });
});

describe("runNameOf", () => {
  test.each([
    ["models/en-nl/prod/teacher-finetuned0/train.log", "", "teacher-finetune-0"],
    ["some/where/train.log.gz", "", "train"],
    ["some/where/my.run.log", "", "my.run"],
    ["some/where/.log", "", ".log"],
    ["-", "/models/student", "stdin"],
    ["train.log", "/models/student", "student"],
    ["./train.log", "/models/student", "student"],
    ["../backward/train.log", "/models/student", "backwards"],
    ["/other/train.log", "/models/student", "train"],
    ["train.log", "", "train"],
    ["..", "", ""],
  ])("%s in %j is %s", (path, directory, name) => expect(runNameOf(path, directory)).toBe(name));
});

test("no two logs become one run; the first by path keeps the name", () => {
  expect([...runNames(["b/train.log", "a/train.log", "a/train-2.log", "c/train.log"])]).toEqual([
    ["a/train-2.log", "train-2"],
    ["a/train.log", "train"],
    ["b/train.log", "train-3"],
    ["c/train.log", "train-4"],
  ]);
  expect([...runNames(["a.log", "b.log"], "mine").values()]).toEqual(["mine", "mine-2"]);
  expect([...runNames(["a.log", "b/a.log"], undefined, "/x/student").values()]).toEqual(["student", "a"]);
});
