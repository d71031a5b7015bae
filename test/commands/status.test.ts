/** `status`: how a job of many shards stands. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { OWNER } from "../../src/io/owner.js";
import { unfinishedShardName } from "../../src/pipeline/manifests/shard.js";
import { check, freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { scaleArchive } from "../cli/scale-archive.js";

let made = "";
beforeAll(async () => {
  made = freshFolder(scaleArchive());
  await runHere("run", ["plan", "archive", "--shards", "3", "-o", "plan"], { folder: made });
  for (const index of [1, 2, 3]) expect((await work(made, `${index}/3`)).code).toBe(0);
});

/** A folder in which all three shards are done. */
function job(): string {
  const folder = freshFolder();
  cpSync(made, folder, { recursive: true });
  return folder;
}

const work = (folder: string, shard: string, manifest = "plan", ...more: string[]) =>
  runHere(
    "run",
    ["archive", "--manifest", manifest, "--shard", shard, "-o", "out", "--format", "parquet", "-q", ...more],
    {
      folder,
    },
  );
const status = (folder: string, ...more: string[]) => runHere("run", ["status", "out", ...more], { folder });
const asJson = async (folder: string, ...more: string[]) => {
  const { code, stdout } = await status(folder, "--json", ...more);
  return { code, ...JSON.parse(stdout) };
};

test("all shards are done: exit code 0, and their rows add up", async () => {
  const folder = job();
  check(await status(folder), {
    code: 0,
    stdout:
      /^shard-1-of-3 {2}done .*\n(.*\n){2}out: 3 shards: 3 done\n17 runs, 5 with errors: [\d,]+ training rows/,
  });
  const { code, shards, ...all } = await asJson(folder);
  expect(all).toMatchObject({
    complete: true,
    mixed: false,
    count: 3,
    done: 3,
    failed: 0,
    runs: 17,
    with_errors: 5,
  });
  expect(code).toBe(0);
  expect(shards.map(({ shard, state }: { shard: number; state: string }) => [shard, state])).toEqual([
    [1, "done"],
    [2, "done"],
    [3, "done"],
  ]);
  const record = JSON.parse(readFileSync(join(folder, "out/shard-2-of-3/metrics.json"), "utf8"));
  expect(record).toMatchObject({ state: "done", shard: 2, shards: 3, runs: shards[1].runs });
  for (const key of ["seconds", "cpu_seconds", "peak_mb", "bytes", "training_rows"])
    expect(record[key]).toBeGreaterThan(0);
});

test("--max-errors is the gate of the whole job", async () => {
  expect((await status(job(), "--max-errors", "5")).code).toBe(0);
  check(await status(job(), "--max-errors", "4"), {
    code: 1,
    stdout: /5 with errors, more than --max-errors allows/,
  });
  expect(await asJson(job(), "--max-errors", "10%")).toMatchObject({
    code: 1,
    complete: false,
    too_many_errors: true,
  });
});

test("a missing shard, one that was killed and one that failed are told apart", async () => {
  const folder = job();
  rmSync(join(folder, "out/shard-1-of-3"), { recursive: true });
  const left = unfinishedShardName({ index: 2, count: 3 }, OWNER);
  renameSync(join(folder, "out/shard-2-of-3"), join(folder, "out", left));
  const { code, stdout } = await status(folder);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /shard-1-of-3 {2}missing\nshard-2-of-3 {2}unfinished {2}last changed 20.*\nshard-3-of-3 {2}done/,
  );
  // The manifest has the paths of the logs.
  renameSync(join(made, "archive"), join(made, "gone"));
  const failed = await work(folder, "2/3");
  renameSync(join(made, "gone"), join(made, "archive"));
  expect(failed.code).toBe(1);
  const answer = await asJson(folder);
  expect(answer).toMatchObject({ code: 1, done: 1, failed: 1, missing: 1, unfinished: 0 });
  expect(answer.shards[1]).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("there is no such file"),
  });
  // Once it is done, nothing of the failure is left.
  expect((await work(folder, "2/3")).code).toBe(0);
  expect((await work(folder, "1/3")).code).toBe(0);
  expect((await asJson(folder)).failed).toBe(0);
});

test("a shard whose manifest is gone or torn has failed", async () => {
  const folder = job();
  rmSync(join(folder, "out/shard-3-of-3"), { recursive: true });
  rmSync(join(folder, "plan/shard-3-of-3.ndjson"));
  expect((await work(folder, "3/3")).code).toBe(2);
  check(await status(folder), { code: 1, stdout: /shard-3-of-3 {2}failed {6}the manifest .* can't be read/ });
});

describe("shards that don't belong together", () => {
  test("are those of another number of shards", async () => {
    const folder = job();
    await runHere("run", ["plan", "archive", "-o", "m.ndjson", "-q"], { folder });
    expect((await work(folder, "1/2", "m.ndjson")).code).toBe(0);
    check(await status(folder), {
      code: 1,
      stdout:
        /shard-1-of-2 {2}of another job: remove it\n.*\/.* is in shard-1-of-3 and in shard-1-of-2: they are of two plans/,
    });
    expect(await asJson(folder)).toMatchObject({
      complete: false,
      mixed: true,
      other_jobs: ["shard-1-of-2"],
    });
  });

  test("are those of another plan with the same number of shards", async () => {
    const folder = job();
    rmSync(join(folder, "out/shard-2-of-3"), { recursive: true });
    cpSync(join(folder, "out/shard-1-of-3"), join(folder, "out/shard-2-of-3"), { recursive: true });
    expect(await asJson(folder)).toMatchObject({ code: 1, mixed: true, other_jobs: [] });
  });
});

test.each<[string, readonly string[], RegExp]>([
  ["no folder", ["none"], /none: there is no such file/],
  ["a folder without shards", ["archive"], /archive: there is no shard in it: name the folder/],
  ["nothing", [], /Missing argument/],
  ["a bad limit", ["out", "--max-errors", "x"], /--max-errors 'x'/],
])("%s is refused in words", async (_what, args, message) => {
  check(await runHere("run", ["status", ...args], { folder: job() }), { code: 2, stderr: message });
});

test("--quiet says it by the exit code alone", async () => {
  const folder = job();
  check(await status(folder, "-q"), { code: 0 });
  mkdirSync(join(folder, "out/.shard-9-of-9.host-1-1.partial"));
  check(await status(folder, "-q"), { code: 1 });
});
