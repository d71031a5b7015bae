/** Tables of shards hold what one process writes, and a worker whose output can't be written says so. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { query } from "../publishers/tables/read-tables.js";
import { binaryPath, check, filesBelow, freshFolder, type Run, startProgram } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { scaleArchive } from "./scale-archive.js";

const TABLES = ["training", "validation", "evaluations", "runs"] as const;
const FORMS = ["csv", "ndjson", "parquet", "tsv"].flatMap((form) => ["--format", form]);

let folder = "";
beforeAll(async () => {
  const files = scaleArchive();
  folder = freshFolder(files);
  await runHere("run", ["plan", "archive", "-o", "m.ndjson"], { folder });
  await write("whole");
});

async function write(output: string, ...more: string[]): Promise<void> {
  const args = ["archive", "--manifest", "m.ndjson", "-o", output, ...FORMS, "-q", ...more];
  const done = await runHere("run", args, { folder });
  expect(done.code, done.stderr).toBe(0);
}

const read = (path: string) => readFileSync(join(folder, path));

/** All rows of a table in Parquet files, in their order, without an option. */
async function rowsOf(pattern: string): Promise<string[]> {
  const rows = await query(`SELECT * FROM '${join(folder, pattern)}'`);
  return rows.map((row) => {
    const cells = Object.entries(row).filter(([, value]) => value !== null);
    return cells
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join("|");
  });
}

test.each([1, 2, 3, 4, 5])(
  "the tables of %i shards, one after the other, are those of one process",
  async (count) => {
    const output = `of-${count}`;
    for (let index = 1; index <= count; index += 1) await write(output, "--shard", `${index}/${count}`);
    const shards = readdirSync(join(folder, output)).sort();
    expect(shards).toHaveLength(count);
    const joined = (file: string) => Buffer.concat(shards.map((shard) => read(`${output}/${shard}/${file}`)));
    for (const file of [...TABLES.map((table) => `${table}.ndjson`), "rows.tsv", "manifest.ndjson"])
      expect(joined(file).equals(read(`whole/${file}`)), file).toBe(true);
    // Of the same rows, Parquet has other groups of rows and other statistics in every file.
    for (const table of TABLES) {
      const rows = await rowsOf(`whole/${table}.parquet`);
      expect(rows.length).toBeGreaterThan(1);
      expect(await rowsOf(`${output}/shard-*/${table}.parquet`), table).toEqual(rows);
    }
    // CSV is the same after the header line.
    const body = (text: string) => text.slice(text.indexOf("\r\n") + 2);
    for (const table of TABLES) {
      const parts = shards.map((shard) => read(`${output}/${shard}/${table}.csv`).toString());
      const whole = read(`whole/${table}.csv`).toString();
      expect(new Set(parts.map((text) => text.split("\r\n")[0]))).toEqual(new Set([whole.split("\r\n")[0]]));
      expect(parts.map(body).join("")).toBe(body(whole));
    }
  },
);

describe("a worker whose output can't be written", () => {
  const shell = (script: string): Promise<Run> =>
    startProgram("bash", ["-c", script, process.execPath, binaryPath("run")], { folder }).done;

  test.each([
    ["archive --manifest m.ndjson --format tsv", /^not written: .*the disk is full\n$/m],
    ["archive --manifest m.ndjson --table runs", /^not written: .*the disk is full\n$/m],
    ["parse --manifest m.ndjson", /^not written: .*the disk is full\n$/m],
    ["plan archive", /^not written: .*the disk is full\n$/m],
  ])("fails with the code of a sink: %s", async (args, message) => {
    const done = await shell(`"$0" "$1" ${args} >/dev/full`);
    check(done, { code: 3, stderr: message });
    expect(done.stderr.match(/not written/g)).toHaveLength(1);
  });

  test("writes no folder where a file stands in its way, and says which", async () => {
    const args = ["archive", "--manifest", "m.ndjson", "--shard", "1/2", "-o", "m.ndjson/out"];
    const done = await runHere("run", args, { folder });
    check(done, { code: 3, stderr: /not written: .*m\.ndjson/ });
  });

  test("leaves what was there as it was when the disk is full in mid-write", async () => {
    await write("small", "--shard", "1/2");
    const before = filesBelow(join(folder, "small"));
    const rows = read("small/shard-1-of-2/rows.tsv");
    // A limit on the size of files is the nearest that an ordinary user has to a disk that is full.
    const args = `archive --manifest m.ndjson --shard 1/2 -o small --format tsv`;
    const done = await shell(`trap '' XFSZ; ulimit -f 1; "$0" "$1" ${args}`);
    check(done, { code: 3, stderr: /not written: / });
    expect(read("small/shard-1-of-2/rows.tsv").equals(rows)).toBe(true);
    await write("small", "--shard", "1/2");
    expect(filesBelow(join(folder, "small"))).toEqual(before);
  });

  test("ends, without a fault, when its reader has seen enough", async () => {
    const done = await shell(
      `"$0" "$1" archive --manifest m.ndjson --format tsv | head -n 1; echo "\${PIPESTATUS[0]}"`,
    );
    expect(done.stdout).toMatch(/^runs\ten-hu\t.*\n0\n$/);
  });
});
