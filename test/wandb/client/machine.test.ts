import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publicArguments } from "../../../src/http/index.js";
import { runMetadata } from "../../../src/wandb/client/machine.js";

const ABOUT = { startedAt: 1_700_000_000, program: "marian-tracking" };

test("the metadata of a run describe the machine and the program", async () => {
  expect(await runMetadata(ABOUT)).toMatchObject({
    os: expect.any(String),
    host: expect.any(String),
    executable: process.execPath,
    root: process.cwd(),
    args: expect.any(Array),
    cpu_count: expect.any(Number),
    memory: { total: expect.stringMatching(/^\d+$/) },
    disk: { "/": { total: expect.stringMatching(/^\d+$/), used: expect.stringMatching(/^\d+$/) } },
    program: "marian-tracking",
    startedAt: "2023-11-14T22:13:20.000Z",
  });
});

test("the commit is that of the folder in which the training runs, and its address has no password", async () => {
  const folder = mkdtempSync(join(tmpdir(), "git-"));
  expect(await runMetadata({ ...ABOUT, folder })).not.toHaveProperty("git");
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
  git("init", "-q");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first");
  git("remote", "add", "origin", "https://me:secret@example.org/a.git?token=x");
  expect(await runMetadata({ ...ABOUT, folder })).toMatchObject({
    git: { commit: git("rev-parse", "HEAD"), remote: "https://example.org/a.git" },
  });
  expect(await runMetadata(ABOUT)).not.toHaveProperty("git");
});

test.each([
  [
    ["parse", "a.log", "-o", "x"],
    ["parse", "a.log", "-o", "x"],
  ],
  [
    ["--token", "abc", "--api-key=abc", "--password"],
    ["--token", "***", "--api-key=***", "--password"],
  ],
  [["https://me:pass@host/a.log?X-Amz-Signature=1"], ["https://host/a.log?…"]],
])("the arguments %j hold no secret", (args, expected) => {
  expect(publicArguments(args)).toEqual(expected);
});
