/**
 * All rows of the tables of an archive against an independent reader of its logs; `npm run test:interop` installs pyarrow.
 * ARCHIVE_RUNS=2000 makes a large archive, and more shards.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { benchArchive } from "../archive/bench-archive.js";
import { freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";

const PYTHON = resolve("node_modules/.cache/marian-tracking/pandas-3.1.1/bin/python");
const isThere = existsSync(PYTHON);
if (!isThere) process.stderr.write("skipped: no pyarrow: npm run test:interop installs it\n");

const RUNS = Number(process.env["ARCHIVE_RUNS"] ?? 60);
const SHARDS = RUNS < 1000 ? [4] : [16, 64];
/** A test of the usual archive takes less than a minute. */
const timeout = RUNS * 1000;

const READER = resolve("bench/rivals/archive_reader.py");
const read = (...args: readonly string[]) =>
  JSON.parse(execFileSync(PYTHON, [READER, ...args], { encoding: "utf8" })) as unknown;

describe.skipIf(!isThere)(
  "the tables of an archive have exactly the rows that an independent reader finds",
  { timeout },
  () => {
    let archive = "";
    let expected: unknown;
    beforeAll(() => {
      archive = benchArchive({ runs: RUNS, megabytes: RUNS / 6, broken: 0.1 }, freshFolder());
      expected = read(archive);
    }, timeout);

    it("from one command", async () => {
      const folder = freshFolder();
      const args = ["archive", archive, "--no-wandb", "--format", "parquet", "-o", "tables", "-q"];
      const { code } = await runHere("run", args, { folder });
      expect(code).toBe(1); // Some logs are broken.
      expect(read("--tables", join(folder, "tables"))).toEqual(expected);
    });

    it.each(SHARDS)("from the workers of %i shards", async (shards) => {
      const folder = freshFolder();
      await runHere("run", ["plan", archive, "--shards", String(shards), "-o", "plan", "-q"], { folder });
      for (let shard = 1; shard <= shards; shard += 1) {
        const part = ["--manifest", "plan", "--shard", `${shard}/${shards}`];
        const args = ["archive", ...part, "--format", "parquet", "-o", "tables", "-q"];
        const { code, stderr } = await runHere("run", args, { folder });
        expect(code, stderr).toBe(0);
      }
      expect(read("--tables", join(folder, "tables"))).toEqual(expected);
    });
  },
);
