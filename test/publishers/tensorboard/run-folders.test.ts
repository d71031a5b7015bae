import { resolve } from "node:path";
import { expect, test } from "vitest";
import { runFolders } from "../../../src/publishers/tensorboard/run-folders.js";

const one = (name: string) => runFolders([name]).get(name);

test("the path from here without the extension", () => {
  expect(one("train.log")).toBe("train");
  expect(one("./models/student/train.log.gz")).toBe("models/student/train");
  expect(one(resolve("models/teacher/train.log.zst"))).toBe("models/teacher/train");
  expect(one("models/v1.2/.log")).toBe("models/v1.2/.log");
  expect(one("models/v1.2/train")).toBe("models/v1.2/train");
  expect(one("..log")).toBe("..log");
});

test("elsewhere, the path from the root", () => {
  expect(one("/logs/train.log")).toBe("logs/train");
  expect(one("../elsewhere/train.log")).toBe(resolve("../elsewhere/train").slice(1));
});

test("standard input", () => {
  expect(one("-")).toBe("stdin");
});

test("two logs never share one", () => {
  const names = ["a/train.log", "a/train.log.gz", "b/train.log"];
  expect([...runFolders(names).values()]).toEqual(["a/train.log", "a/train.log.gz", "b/train"]);
});
