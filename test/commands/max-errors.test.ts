/** A worker's failures: what its manifest lists must be there, and `--max-errors` says how many runs may have errors. */
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { check, filesBelow, freshFolder, type Run } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { scaleArchive } from "../cli/scale-archive.js";
import { ObjectServer } from "../servers/objects/server.js";

const PARQUET = ["--shard", "1/1", "-o", "out", "--format", "parquet"];
const WAYS: Record<string, readonly string[]> = {
  "archive, to Parquet": ["archive", ...PARQUET],
  "archive, to TSV": ["archive", "--shard", "1/1", "-o", "out", "--format", "tsv"],
  "archive, to all at once": ["archive", ...PARQUET, "--format", "tsv"],
  "archive, without a shard": ["archive", "-o", "out", "--format", "csv"],
  "archive, to standard output": ["archive", "--format", "tsv"],
  "parse, to files": ["parse", "--shard", "1/1", "-o", "out"],
  "parse, to standard output": ["parse"],
};

/** An archive of two good runs, one with an evaluation, and one damaged. */
async function planned(): Promise<string> {
  const all = Object.entries(scaleArchive());
  const wanted = all.filter(([name]) => /snake\/|labelled\/train|empty\/train/.test(name));
  const folder = freshFolder({
    ...Object.fromEntries(wanted),
    "archive/models/en-hu/snake/evaluation/student/flores_devtest.metrics": "30.5\n60.5\n",
  });
  check(await runHere("run", ["plan", "archive", "-o", "m.ndjson"], { folder }), {
    code: 0,
    stderr: /4 runs/,
  });
  return folder;
}

const work = (folder: string, way: readonly string[], ...more: string[]): Promise<Run> =>
  runHere("run", [...way, "--manifest", "m.ndjson", ...more], { folder });

const STUDENT = "archive/models/en-hu/snake/student/train.log";
const written = (folder: string) => filesBelow(join(folder, "out")).filter((path) => path !== "failed.json");

describe.each(Object.entries(WAYS))("%s", (_what, way) => {
  test("a damaged log alone costs nothing", async () => {
    const folder = await planned();
    check(await work(folder, way, "-q"), {
      code: 0,
      stderr: /^ERROR en-hu\/.*empty_aY25-: the input is empty\n$/,
      ...(way.includes("-o") ? {} : { stdout: /./ }),
    });
  });

  test("a missing log is exit code 1, and the shard is not there", async () => {
    const folder = await planned();
    rmSync(join(folder, STUDENT));
    const done = await work(folder, way);
    expect(done.code).toBe(1);
    expect(done.stderr).toContain(`ERROR ${join(folder, STUDENT)}: there is no such file\n`);
    expect(done.stderr).toMatch(/: what the manifest lists is not there\. Run this again/);
    expect(written(folder).filter((path) => !path.endsWith(".failed.json"))).toEqual([]);
    // It is healed by its return, and what was read before is not taken for it.
    const healthy = await planned();
    rmSync(join(folder, "out"), { recursive: true, force: true });
    expect((await work(healthy, way, "-q")).code).toBe(0);
  });

  test("with --max-errors a missing log is an error of its run", async () => {
    const folder = await planned();
    rmSync(join(folder, STUDENT));
    const done = await work(folder, way, "--max-errors", "2");
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/ERROR en-hu\/snake\/student_snake: there is no such file\n/);
    expect(done.stderr).toMatch(/4 runs, 2 with errors/);
  });

  test.each([["1"], ["49.9%"]])("--max-errors %s counts damaged and missing logs", async (max) => {
    const folder = await planned();
    rmSync(join(folder, STUDENT));
    const done = await work(folder, way, "--max-errors", max);
    expect(done.code, done.stderr).toBe(1);
    expect(done.stderr).toMatch(/2 of \d runs have errors, --max-errors allows (?:1|49\.9%)\n$/);
    expect(written(folder).filter((path) => !path.endsWith(".failed.json"))).toEqual([]);
  });

  test("--max-errors 0 allows no damaged log; 25% of four allow one", async () => {
    const folder = await planned();
    expect((await work(folder, way, "--max-errors", "0")).code).toBe(1);
    expect((await work(folder, way, "--max-errors", "25%")).code).toBe(0);
  });
});

describe("what can't be had", () => {
  test("is a file of scores, too", async () => {
    const folder = await planned();
    const scores = join(folder, "archive/models/en-hu/snake/evaluation/student/flores_devtest.metrics");
    rmSync(scores);
    for (const way of ["archive, to Parquet", "archive, to standard output"]) {
      const done = await work(folder, WAYS[way] ?? []);
      check(done, { code: 1, stdout: /^/, stderr: /flores_devtest\.metrics: there is no such file/ });
    }
  });

  test("is everything when the mount is gone", async () => {
    const folder = await planned();
    renameSync(join(folder, "archive"), join(folder, "gone"));
    const done = await work(folder, ["archive", ...PARQUET]);
    check(done, { code: 1, stderr: /there is no such file\n.*nothing was kept/s });
    renameSync(join(folder, "gone"), join(folder, "archive"));
    check(await work(folder, ["archive", ...PARQUET]), { code: 0, stderr: /4 runs, 1 with errors/ });
  });

  test("a dangling link is listed, and its run has the error", async () => {
    const folder = await planned();
    rmSync(join(folder, STUDENT));
    symlinkSync("nowhere", join(folder, STUDENT));
    check(await runHere("run", ["plan", "archive", "-o", "m.ndjson"], { folder }), {
      code: 0,
      stderr: /4 runs/,
    });
    check(await work(folder, ["archive", ...PARQUET]), {
      code: 1,
      stderr: /the symbolic link leads nowhere/,
    });
    const rows = await work(folder, ["archive", "--table", "runs", "--max-errors", "100%", "-q"]);
    const errors = rows.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ run }) => run === "student_snake")
      .map(({ error }) => error);
    expect(errors).toEqual(["the symbolic link leads nowhere: there is no such file"]);
    const whole = await runHere("run", ["archive", "archive", "--no-wandb", "-o", "t", "--format", "csv"], {
      folder,
    });
    expect(whole.code).toBe(1);
    expect(readFileSync(join(folder, "t/runs.csv"), "utf8")).toMatch(
      /student_snake.*the symbolic link leads nowhere/,
    );
  });

  test("what was read while a log was missing is not taken for it later", async () => {
    const folder = await planned();
    const log = readFileSync(join(folder, STUDENT));
    renameSync(join(folder, STUDENT), join(folder, "kept"));
    check(await work(folder, ["archive", ...PARQUET, "--max-errors", "1"]), {
      code: 1,
      stderr: /2 of 4 runs/,
    });
    renameSync(join(folder, "kept"), join(folder, STUDENT));
    expect(log.length).toBeGreaterThan(100);
    check(await work(folder, ["archive", ...PARQUET, "--max-errors", "1"]), {
      code: 0,
      stderr: /1 with errors/,
    });
  });
});

describe("objects", () => {
  let server: ObjectServer;
  beforeEach(async () => {
    server = await ObjectServer.start();
    for (const [name, content] of Object.entries(scaleArchive())) server.put("b", name, content);
  });
  afterEach(() => server.close());

  test.each([401, 403, 404, 410])("HTTP %i on every one is a failure", async (status) => {
    const folder = freshFolder();
    const env = { STORAGE_EMULATOR_HOST: server.url };
    await runHere("run", ["plan", "gs://b/archive", "-o", "m.ndjson"], { folder, env });
    server.fail(/alt=media/, { kind: "status", status }, 1000);
    for (const way of Object.values(WAYS)) {
      const done = await runHere("run", [...way, "--manifest", "m.ndjson"], { folder, env });
      expect(done.code).toBe(1);
      expect(done.stderr).toMatch(new RegExp(`^ERROR gs://b/archive/\\S+: .*\\(HTTP ${status}\\)`));
      expect(existsSync(join(folder, "out/shard-1-of-1"))).toBe(false);
      expect(existsSync(join(folder, "out/runs.csv"))).toBe(false);
    }
  });
});

describe("a manifest", () => {
  test("with a run twice is refused, and both lines are named", async () => {
    const folder = await planned();
    const [first = "", second = ""] = readFileSync(join(folder, "m.ndjson"), "utf8").split("\n");
    writeFileSync(join(folder, "m.ndjson"), `${first}\n\n${second}\n${first}\n`);
    for (const way of Object.values(WAYS)) {
      const done = await work(folder, way);
      expect(done.code).toBe(2);
      expect(done.stderr).toMatch(
        /m\.ndjson: lines 1 and 4 are the same run, en-hu\/\S+: remove one of them/,
      );
    }
  });

  test.each(["x", "-1", "1.5", "101%", "%", "1e3", ""])(
    "--max-errors '%s' is refused in words",
    async (max) => {
      const folder = await planned();
      check(await work(folder, ["archive"], `--max-errors=${max}`), {
        code: 2,
        stderr: /--max-errors '.*': write a number of runs/,
      });
    },
  );

  test.each([
    ["archive", "archive"],
    ["parse", "x.log"],
  ])("--max-errors needs one: %s %s", async (...args) => {
    const done = await runHere("run", [...args, "--max-errors", "1"], { folder: await planned() });
    check(done, { code: 2, stderr: /--max-errors needs/ });
  });
});
