/** `--dry-run` says what would be done, without a key, and changes nothing. */
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { check, freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { scaleArchive } from "../cli/scale-archive.js";

describe.each([
  ["archive", "parquet"],
  ["parse", "ndjson"],
])("%s --manifest --dry-run", (command, format) => {
  const worker = (folder: string, ...more: string[]) =>
    runHere(
      "run",
      [command, "--manifest", "plan", "--shard", "2/2", "--format", format, "--dry-run", ...more],
      { folder },
    );

  async function planned(): Promise<string> {
    const folder = freshFolder(scaleArchive());
    await runHere("run", ["plan", "archive", "--shards", "2", "-o", "plan"], { folder });
    return folder;
  }

  test("says what would be read and written", async () => {
    const folder = await planned();
    const done = await worker(folder, "-o", "out");
    check(done, {
      code: 0,
      stdout: new RegExp(
        `^would read \\d+ runs of shard 2 of 2: \\d+ logs, .*B\nwould write out/shard-2-of-2 as ${format}\n$`,
      ),
    });
    expect(readdirSync(folder).sort()).toEqual(["archive", "plan"]);
  });

  test("names what is missing, and whether that would be a failure", async () => {
    const folder = await planned();
    renameSync(join(folder, "archive"), join(folder, "gone"));
    check(await worker(folder, "-o", "out"), {
      code: 1,
      stdout: /\d+ runs can't be read: the work would fail\n$/,
      stderr: /^(ERROR \/.*: there is no such file\n)+$/,
    });
    check(await worker(folder, "-o", "out", "--max-errors", "100%"), {
      code: 0,
      stdout: /would go on\n$/,
      stderr: /ERROR/,
    });
  });
});

test("archive --dry-run needs no key", async () => {
  const folder = freshFolder(scaleArchive());
  const done = await runHere("run", ["archive", "archive", "--dry-run"], { folder, env: { HOME: folder } });
  expect(done.code, done.stderr).toBe(1);
  expect(done.stderr).toMatch(
    /^there is no API key: runs that only the server and its ledger know count as new\n/,
  );
  expect(done.stdout).toMatch(/new +student_snake/);
  expect(readdirSync(folder).filter((name) => name !== ".cache")).toEqual(["archive"]);
});
