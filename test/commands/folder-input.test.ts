/** A folder as the input of commands. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { check, filesBelow, freshFolder, result } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { start, train, valid } from "../cli/sample-logs.js";

const LOG = start() + train(100) + train(200);
const FILES = {
  "models/student/train.log.gz": gzipSync(LOG),
  "models/student/valid.log": valid(200, "chrf", 40),
  "models/student/model.npz": "x",
  "models/teacher/train.log": LOG,
  "models/notes.txt": "no log\n",
};

describe("a folder", () => {
  it("gives parse a run for each training, and the receipt counts the other files", async () => {
    const run = await runHere("run", ["parse", "models/"], { folder: freshFolder(FILES) });
    check(run, { code: 0, stderr: /\nmodels\/: found 2 logs; passed over 2 other files\nread .*\n$/ });
    expect(filesBelow(run.folder).filter((path) => path.startsWith("output"))).toEqual([
      "output/student/train/training.csv",
      "output/student/train/validation.csv",
      "output/teacher/train/training.csv",
      "output/teacher/train/validation.csv",
    ]);
    expect(result(run, "output/student/train/training.csv").match(/^1,[12]00,/gm)).toHaveLength(2);
    expect(result(run, "output/student/train/validation.csv").match(/^1,200,40\.0,/gm)).toHaveLength(1);
  });

  it("gives parse the same in threads, combined and listed", async () => {
    const folder = freshFolder({ ...FILES, list: "models\n" });
    const json = async (...args: string[]) =>
      JSON.parse((await runHere("run", ["parse", "--json", ...args], { folder })).stdout);
    const one = await json("models", "-j", "1");
    expect(one.folders).toEqual([{ folder: "models", logs: 2, passed_over: 2 }]);
    expect(
      one.inputs.map((input: Record<string, unknown>) => [input["source"], input["validation"]]),
    ).toEqual([
      ["models/student/train.log.gz", 1],
      ["models/teacher/train.log", 0],
    ]);
    const read = ({ inputs, folders }: typeof one) => JSON.stringify([inputs, folders]);
    expect(read(await json("models", "-j", "2"))).toBe(read(one));
    expect(read(await json("--files-from", "list"))).toBe(read(one));
    await json("models", "--combine", "-o", "all");
    expect(
      result({ folder }, "all/training.csv").match(/^models\/teacher\/train\.log,1,200,/m),
    ).not.toBeNull();
  });

  it("without a log is an error that says so", async () => {
    const folder = freshFolder({ "none/notes.txt": "no log\n", "none/valid.log": "" });
    for (const [command, args] of [
      ["parse", ["-o", "out"]],
      ["check", []],
    ] as const) {
      const run = await runHere("run", [command, "none", ...args], { folder });
      expect([run.code, run.stderr]).toEqual([
        1,
        expect.stringContaining("the folder has no Marian log, only 2 other files"),
      ]);
    }
    expect(filesBelow(folder)).toEqual(["none/notes.txt", "none/valid.log"]);
  });

  it("gives check the findings of each training under its own name", async () => {
    const run = await runHere("run", ["check", "models", "--only", "unfinished"], {
      folder: freshFolder(FILES),
    });
    check(run, {
      code: 1,
      stdout:
        /^models\/student\/train\.log\.gz:8: unfinished: .*\nmodels\/teacher\/train\.log:7: unfinished: .*\n$/,
      stderr: "models: found 2 logs; passed over 2 other files\n2 inputs: 0 errors, 2 warnings, 0 notes\n",
    });
  });
});

describe("inputs from different trees", () => {
  it("get short folders, and the receipt lists each with its input", async () => {
    const [one, other] = [
      freshFolder({ "run1/m/train.log": LOG }),
      freshFolder({ "x/run2/m/train.log": LOG }),
    ];
    const run = await runHere("run", ["parse", `${one}/run1`, `${other}/x`, "/gone/train.log", "-o", "out"]);
    expect(run.code).toBe(1);
    expect(filesBelow(run.folder)).toEqual(
      ["out/run1/m/train/training.csv", "out/run1/m/train/validation.csv"]
        .flatMap((path) => [path, path.replace("run1", "run2")])
        .sort(),
    );
    expect(run.stderr).toMatch(/\/run1\/m\/train\.log: .*\n {2}wrote {6}out\/run1\/m\/train\n/);
    expect(run.stderr).toMatch(/\/run2\/m\/train\.log: .*\n {2}wrote {6}out\/run2\/m\/train\n/);
    expect(run.stderr).toMatch(
      /\/gone\/train\.log\n {2}ERROR .*\n {2}wrote {6}nothing, because nothing was measured/,
    );
  });
});

describe("an address that is not read", () => {
  it.each([
    [["sync", "s3://b/run.wandb"], 2, "s3:// can't be read here: `aws s3 cp s3://b/run.wandb -`"],
    [["check", "S3A://b/train.log"], 2, "S3A:// can't be read here: copy it to this machine"],
    [["report", "hdfs://b/train.log"], 2, "hdfs:// can't be read here: copy it to this machine"],
    [["sync", "https://host/run.wandb?key=1"], 2, "https:// can't be read here: `curl -o FILE ADDRESS`"],
    [["parse", "--follow", "s3://b/train.log"], 2, "is an object: read it without --follow"],
  ])("%j says what to do", async (args, code, said) => {
    const run = await runHere("run", args);
    expect([run.code, run.stderr.replace(/\s*\n\s*›\s*/g, " ")]).toEqual([
      code,
      expect.stringContaining(said),
    ]);
  });
});
