/** `parse --tensorboard DIR`, as a user runs it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { check, eventually, filesBelow, freshFolder, startBinary } from "../../cli/run-binary.js";
import { parse } from "../../cli/run-here.js";
import { start, train, valid } from "../../cli/sample-logs.js";
import { readEvents } from "./read-events.js";

const FILE = "events.out.tfevents.marian-tracking";
const LOG = start() + train(1000) + valid(1000, "chrf", 19) + train(2000);
const steps = (folder: string, run: string, tag = "train/Cost") =>
  readEvents(join(folder, run, FILE)).flatMap(({ step, values }) => (tag in values ? [step] : []));

describe.concurrent("parse --tensorboard", () => {
  it("gives each run a folder by its path, and the receipt names the files", async () => {
    const folder = freshFolder({ "s/train.log": LOG, "t/train.log.gz": gzipSync(LOG + train(3000)) });
    const run = await parse(["s/train.log", "t/train.log.gz", "--tensorboard", "runs", "-v"], { folder });
    check(run, {
      code: 0,
      stderr: new RegExp(`wrote +runs/s/train/${FILE}\n[^]*wrote +runs/t/train/${FILE}\n`),
    });
    expect(filesBelow(join(folder, "runs"))).toEqual([`s/train/${FILE}`, `t/train/${FILE}`]);
    expect(steps(folder, "runs/s/train")).toEqual([1000, 2000]);
    expect(steps(folder, "runs/t/train")).toEqual([1000, 2000, 3000]);
    expect(filesBelow(join(folder, "output"))).toContain("s/train/training.csv");
  });

  it("run again gives the same bytes, and of a log that has grown the whole", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const again = async () => {
      check(await parse(["a.log", "--tensorboard", "runs", "-q"], { folder }), { code: 0 });
      return readFileSync(join(folder, "runs/a", FILE));
    };
    const first = await again();
    expect((await again()).equals(first)).toBe(true);
    const grown = freshFolder({ "a.log": LOG + train(3000), [`runs/a/${FILE}`]: first });
    check(await parse(["a.log", "--tensorboard", "runs", "-q"], { folder: grown }), { code: 0 });
    expect(steps(grown, "runs/a")).toEqual([1000, 2000, 3000]);
    expect(filesBelow(join(grown, "runs"))).toEqual([`a/${FILE}`]);
  });

  it("counts what is asked for, beside rows on standard output and in one table", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const args = ["a.log", "--tensorboard", "runs", "--tensorboard-step", "sentences", "-q"];
    const rows = await parse([...args, "--format", "ndjson"], { folder });
    check(rows, { code: 0, stdout: /"type":"training"/ });
    expect(steps(folder, "runs/a")).toEqual([100_000, 200_000]);
    check(await parse([...args, "--combine"], { folder }), { code: 0 });
    expect(steps(folder, "runs/a", "train/total_updates")).toEqual([100_000, 200_000]);
  });

  it("follows a training behind a pipe row by row", async () => {
    const live = startBinary("run", ["parse", "-", "--tee", "--tensorboard", "runs", "-q"], { stdin: LOG });
    const seen = () => {
      try {
        return steps(live.folder, "runs/stdin");
      } catch {
        return [];
      }
    };
    await eventually(() => seen().length === 2, live);
    live.child.stdin.write(train(3000));
    await eventually(() => seen().length === 3, live);
    live.child.stdin.end();
    const run = await live.done;
    expect([run.code, run.stdout]).toEqual([0, LOG + train(3000)]);
  });

  it("that can't be written is told, and the tables are whole", async () => {
    const folder = freshFolder({ "a.log": LOG, runs: "a file" });
    const run = await parse(["a.log", "--tensorboard", "runs", "-q"], { folder });
    check(run, { code: 3, stderr: /NOT WRITTEN +TensorBoard: runs\S* can't be made/ });
    expect(filesBelow(join(folder, "output"))).toEqual(["training.csv", "validation.csv"]);
  });

  it("of a log without measurements writes nothing", async () => {
    const folder = freshFolder({ "a.log": "hello\n" });
    check(await parse(["a.log", "--tensorboard", "runs", "-q"], { folder }), {
      code: 1,
      stderr: /no Marian measurements/,
    });
    expect(filesBelow(join(folder, "runs"))).toEqual([]);
  });
});
