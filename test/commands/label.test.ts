import { expect, test } from "vitest";
import { check } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";

const label = (...args: string[]) => runHere("run", ["label", ...args]);

test("prints the parts of labels, a line for each", async () => {
  const names = ["train-teacher-model-ru-en-1", "evaluate-student-flores-aug-mix_devtest-ru-en"];
  check(await label(...names), {
    code: 0,
    stdout: `train-teacher-model-ru-en-1: stage train, model teacher-1
evaluate-student-flores-aug-mix_devtest-ru-en: stage evaluate, model student, importer flores, dataset devtest, augmentation aug-mix
`,
  });
});

test("prints JSON for programs; a name that is not known has nulls, and the code is 1", async () => {
  const done = await label("eval_teacher-base0_flores_devtest", "what", "--json");
  expect([done.code, done.stderr]).toEqual([1, ""]);
  expect(JSON.parse(done.stdout)).toEqual([
    {
      name: "eval_teacher-base0_flores_devtest",
      stage: "evaluate",
      model: "teacher-base-0",
      importer: "flores",
      dataset: "devtest",
      augmentation: null,
    },
    { name: "what", stage: null, model: null, importer: null, dataset: null, augmentation: null },
  ]);
});

test("without a name it is a usage error; a name is escaped on its way to a terminal", async () => {
  expect((await label()).code).toBe(2);
  const { code, stdout } = await label("\u001b[31mred");
  expect([code, stdout.includes("\u001b")]).toEqual([1, false]);
});
