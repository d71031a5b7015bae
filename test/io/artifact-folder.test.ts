import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { artifactFolder, resultFolder } from "../../src/io/artifact-folder.js";

test("the folder of a task's artifacts is UPLOAD_DIR, else artifacts in that of the task, if it is there", () => {
  const work = mkdtempSync(join(tmpdir(), "task-"));
  const task = { TASK_ID: "x", TASK_WORKDIR: work };
  expect(artifactFolder(task)).not.toBe(join(work, "artifacts"));
  mkdirSync(join(work, "artifacts"));
  expect(artifactFolder(task)).toBe(join(work, "artifacts"));
  expect(artifactFolder({ ...task, UPLOAD_DIR: work })).toBe(work);
  expect(artifactFolder({ ...task, UPLOAD_DIR: "/no/such/folder" })).toBe(join(work, "artifacts"));
  expect(artifactFolder({ ...task, UPLOAD_DIR: "" })).toBe(join(work, "artifacts"));
  expect(resultFolder(task)).toBe(join(work, "artifacts/output"));
});

test("outside a task there is none", () => {
  const work = mkdtempSync(join(tmpdir(), "task-"));
  expect(artifactFolder({ TASK_WORKDIR: work, UPLOAD_DIR: work })).toBeUndefined();
  expect(resultFolder({ TASK_WORKDIR: work, UPLOAD_DIR: work })).toBe("output");
});
