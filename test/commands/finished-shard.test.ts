/** A shard that is done is not done again, and two attempts at one shard give it once. */
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { unfinishedShardName } from "../../src/pipeline/manifests/shard.js";
import {
  check,
  eventually,
  filesBelow,
  freshFolder,
  type Run,
  runBinary,
  startBinary,
} from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { chatter, start, train } from "../cli/sample-logs.js";
import { scaleArchive } from "../cli/scale-archive.js";
import { query } from "../publishers/tables/read-tables.js";

const LOG = "archive/models/en-hu/snake/student/train.log";
const WORK = ["archive", "--manifest", "plan", "--shard", "2/2", "-o", "out", "--format", "ndjson"];
const UNCHANGED =
  /^out\/shard-2-of-2 is done, and nothing has changed: \d+ runs, \d with errors\. --force does it again\n$/m;

describe("a shard that is done", () => {
  let folder = "";
  const work = (...more: string[]): Promise<Run> => runHere("run", [...WORK, ...more], { folder });
  const record = () => readFileSync(join(folder, "out/shard-2-of-2/metrics.json"), "utf8");

  beforeEach(async () => {
    folder = freshFolder(scaleArchive());
    await runHere("run", ["plan", "archive", "--shards", "2", "-o", "plan", "-q"], { folder });
    check(await work(), { code: 0, stderr: /training rows/ });
  });

  test("is left as it is, in one line; --force does it again", async () => {
    const before = record();
    check(await work(), { code: 0, stdout: "", stderr: UNCHANGED });
    check(await work("-q"), { code: 0, stdout: "", stderr: "" });
    check(await work("--dry-run"), { code: 0, stdout: /shard-2-of-2 is done, .* it would stay as it is\n/ });
    expect(record()).toBe(before);
    check(await work("--force"), { code: 0, stderr: /training rows/ });
    expect(record()).not.toBe(before);
  });

  test.each<[string, () => void, string[]]>([
    ["its manifest lists another run", () => editManifest((lines) => lines.slice(1)), []],
    ["other tables are asked for", () => {}, ["--format", "csv"]],
    ["clocks are in another zone", () => {}, ["--time-zone", "Europe/Paris"]],
    ["a table is gone", () => rmSync(join(folder, "out/shard-2-of-2/training.ndjson")), []],
    ["a table is shorter", () => writeFileSync(join(folder, "out/shard-2-of-2/runs.ndjson"), ""), []],
    ["its record is damaged", () => writeFileSync(join(folder, "out/shard-2-of-2/metrics.json"), "{"), []],
    ["a log has other bytes of the same size and time", () => editLog(), []],
  ])("is done again if %s", async (_what, change, more) => {
    change();
    const done = await work(...more);
    check(done, { code: 0, stderr: /training rows/ });
    check(await work(...more), { code: 0, stderr: UNCHANGED });
  });

  test("is not taken for done if more of its runs have errors than may, or a file is missing", async () => {
    check(await work("--max-errors", "0"), { code: 1, stderr: /--max-errors allows 0/ });
    rmSync(join(folder, LOG));
    check(await work(), { code: 1, stderr: /there is no such file/ });
    check(await work("--max-errors", "50%"), { code: 0, stderr: /training rows/ });
    check(await work(), { code: 1, stderr: /there is no such file/ });
  });

  test("keeps its measurements, too", async () => {
    const parse = ["parse", "--manifest", "plan", "--shard", "2/2", "-o", "lines"];
    check(await runHere("run", parse, { folder }), { code: 0, stderr: /training rows/ });
    check(await runHere("run", parse, { folder }), { code: 0, stderr: /nothing has changed/ });
  });

  test("is a matter of manifests", async () => {
    check(await runHere("run", ["parse", LOG, "--force"], { folder }), {
      code: 2,
      stderr: /--force needs a/,
    });
    const whole = ["archive", "archive", "--no-wandb", "-o", "tables", "--force"];
    check(await runHere("run", whole, { folder }), { code: 2, stderr: /--force needs/ });
  });

  function editManifest(change: (lines: string[]) => string[]): void {
    const path = join(folder, "plan/shard-2-of-2.ndjson");
    writeFileSync(path, change(readFileSync(path, "utf8").split("\n")).join("\n"));
  }

  function editLog(): void {
    const path = join(folder, LOG);
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path, "utf8").replace("Cost 9", "Cost 8"));
    utimesSync(path, atime, mtime);
  }
});

describe("two attempts at one shard at once", () => {
  const args = ["archive", "--manifest", "m.ndjson", "--shard", "1/1", "-o", "out", "--format", "parquet"];
  const isUnfinished = (name: string) => /^\.shard-1-of-1\.[^/]+\.partial$/.test(name);
  let folder = "";
  const names = () => (existsSync(join(folder, "out")) ? readdirSync(join(folder, "out")).sort() : []);
  const status = () => runHere("run", ["status", "out"], { folder });
  const rows = async () => {
    const [row] = await query(`SELECT count(*) AS rows FROM '${join(folder, "out")}/*/training.parquet'`);
    return Number(row?.["rows"]);
  };

  beforeEach(async () => {
    const log =
      start() + chatter().repeat(40) + Array.from({ length: 4000 }, (_, up) => train(up + 1)).join("");
    const files: Record<string, string> = {};
    for (let index = 0; index < 20; index += 1)
      files[`archive/logs/en-hu/base/student-${index}/train.log`] = log;
    folder = freshFolder(files);
    await runHere("run", ["plan", "archive", "-o", "m.ndjson", "-q"], { folder });
  });

  /** An attempt of another process that stands still in the midst of its work. */
  async function halted() {
    const live = startBinary("run", args, { folder });
    await eventually(() => names().some(isUnfinished), live);
    live.child.kill("SIGSTOP");
    return live;
  }

  test("give it once, whichever ends first", async () => {
    const slow = await halted();
    check(await runHere("run", args, { folder }), { code: 0, stderr: /80,000 training rows/ });
    expect(names()).toHaveLength(2);
    expect(await rows()).toBe(80_000);
    expect((await status()).stdout).toMatch(/1 shard: 1 done/);
    const files = filesBelow(join(folder, "out/shard-1-of-1"));
    slow.child.kill("SIGCONT");
    check(await slow.done, { code: 0, stderr: /80,000 training rows/ });
    expect(names()).toEqual(["shard-1-of-1"]);
    expect(filesBelow(join(folder, "out/shard-1-of-1"))).toEqual(files);
    expect(await rows()).toBe(80_000);
  });

  test("and what a killed one leaves is nobody's rows, and is removed by the next", async () => {
    const killed = await halted();
    check(await runHere("run", args, { folder }), { code: 0, stderr: /80,000 training rows/ });
    killed.child.kill("SIGKILL");
    await killed.done;
    // As if it had been killed just before its end.
    const left = names().find(isUnfinished) ?? "";
    cpSync(join(folder, "out/shard-1-of-1"), join(folder, "out", left, "files"), { recursive: true });
    // A worker of another machine may still be at it.
    const other = unfinishedShardName({ index: 1, count: 1 }, "elsewhere-1-1");
    cpSync(join(folder, "out/shard-1-of-1"), join(folder, "out", other, "files"), { recursive: true });
    expect(await rows()).toBe(80_000);
    expect((await status()).stdout).toMatch(/1 shard: 1 done\n20 runs/);
    const published = ["publish", "--from", "out", "--dry-run"];
    expect((await runHere("run", published, { folder })).stdout.match(/4,000 training rows/g)).toHaveLength(
      20,
    );
    // A process looks for leftovers once.
    expect((await runBinary("run", args, { folder })).stderr).toMatch(/nothing has changed/);
    expect(names()).toEqual([other, "shard-1-of-1"]);
  });
});
