import { describe, expect, it } from "vitest";
import { kindOfName } from "../../src/io/file-name.js";
import { displayNames, pairOfPath } from "../../src/report/run-names.js";

describe("names of runs", () => {
  it.each([
    [["train.log"], ["train"]],
    [
      ["logs/a.log.gz", "logs/b.log.zst"],
      ["a", "b"],
    ],
    [
      ["models/teacher-1/train.log", "models/student/train.log"],
      ["teacher-1", "student"],
    ],
    [["models/teacher-finetuned0/train.log"], ["teacher-finetune-0"]],
    [
      ["one/train.log", "two/train.log"],
      ["one", "two"],
    ],
    [
      ["runs/x/en-nl/a/train.log", "runs/y/en-nl/a/train.log"],
      ["x", "y"],
    ],
    [
      ["exp/one/a.log", "exp/one/b.log", "exp/two/a.log"],
      ["one/a", "b", "two/a"],
    ],
    [
      ["train.log", "one/train.log"],
      ["train", "one/train"],
    ],
    [
      ["en-nl/student/train.log", "en-hu/student/train.log", "en-hu/teacher/train.log"],
      ["en-nl/student", "en-hu/student", "teacher-1"],
    ],
    [
      ["a.log", "a.log.gz", "./a.out"],
      ["a", "a-2", "a-3"],
    ],
    [["-"], ["standard input"]],
    [["C:\\runs\\student\\train.log"], ["student"]],
    [
      ["../train.2.log", ".hidden.log"],
      ["train.2", ".hidden"],
    ],
  ])("of %j are %j", (paths, names) => {
    expect(displayNames(paths)).toEqual(names);
  });

  it("are others than those in use", () => {
    expect(displayNames(["new/train.log"], ["train"])).toEqual(["new/train"]);
    expect(displayNames(["train.log"], ["train", "train-2"])).toEqual(["train-3"]);
  });
});

describe("pairs of languages", () => {
  it.each([
    ["logs/en-nl/prod/student/train.log", "en-nl"],
    ["models/en-hu/spring/en-nl/x.metrics", "en-nl"],
    ["zh_hant-en/train.log", "zh_hant-en"],
    ["evaluation/en-ca__flores__student__x__chrf.metrics.json", "en-ca"],
    ["models/student-finetuned/train.log", undefined],
    ["xx-qq/train.log", undefined],
    ["pre-run/train.log", undefined],
    ["train.log", undefined],
  ])("of %s are %s", (path, pair) => {
    expect(pairOfPath(path)).toBe(pair);
  });
});

describe("what is looked at in a folder", () => {
  it.each([
    ["train.log", "log"],
    ["TRAIN.LOG.GZ", "log"],
    ["nohup.out", "log"],
    ["train.log.1.zst", "log"],
    ["flores_devtest.metrics", "evaluation"],
    ["final.evl.metrics.json", "evaluation"],
    ["model.npz", undefined],
    ["corpus.en.gz", undefined],
    ["config.yml", undefined],
  ])("%s is %s", (name, kind) => {
    expect(kindOfName(name)).toBe(kind);
  });
});
