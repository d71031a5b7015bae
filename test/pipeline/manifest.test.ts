/** Lines of manifests, and shards of them. */
import { describe, expect, test } from "vitest";
import { readShard } from "../../src/cli/flags/shard.js";
import { InputError } from "../../src/io/input-error.js";
import { type ManifestRun, manifestLine, readManifestLine } from "../../src/pipeline/manifests/manifest.js";
import { groupsOf } from "../../src/pipeline/manifests/plan.js";
import {
  readShardName,
  readUnfinishedShardName,
  runsOfShard,
  shardName,
  unfinishedShardName,
} from "../../src/pipeline/manifests/shard.js";

function run(name: string, more: Partial<ManifestRun> = {}): ManifestRun {
  return {
    run_id: `${name}_aY25-`,
    project: "en-hu",
    group: "base",
    name,
    files: [],
    evaluations: [],
    ...more,
  };
}

describe("a line", () => {
  test("reads back what was written", () => {
    const one = run("teacher-1", {
      files: [{ uri: "/a b/train.log", size: 5, etag: "5-1" }],
      evaluations: [{ uri: "gs://b/ž\n.metrics" }],
      config: { uri: "https://h/config.yml" },
    });
    const line = manifestLine(one);
    expect(line.split("\n")).toHaveLength(2);
    expect(readManifestLine(line, "m")).toEqual(one);
  });

  test.each([
    ["torn", /^m, line 3: this line is not JSON; make the manifest/],
    ["[]", /not an object/],
    ['{"run_id":"a","project":"p","group":"g"}', /name is missing/],
    ['{"run_id":"a","project":"p","group":"g","name":"n","files":[{"path":"x"}]}', /without a uri/],
    ['{"run_id":"a","project":"p","group":"g","name":"n","files":{}}', /files is no list/],
    ['{"run_id":"a","project":"p","group":"g","name":"n","config":"c.yml"}', /config has no uri/],
    [
      '{"run_id":"a","project":"p","group":"g","name":"n","files":[{"uri":"1"},{"uri":"2"},{"uri":"3"}]}',
      /not more/,
    ],
  ])("%s is refused in words", (line, message) => {
    const read = () => readManifestLine(line, "m, line 3");
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
  });

  test("files and evaluations may be left out", () => {
    expect(readManifestLine('{"run_id":"a","project":"p","group":"g","name":"n"}', "m").files).toEqual([]);
  });
});

test("groups know their suffix, and evaluations what they are of, by their names", () => {
  const uris = [
    "/a/evaluation/teacher-1/flores_aug-mix_devtest.metrics.json",
    "https://h/x/flores%5Fdevtest.metrics?sig=1.metrics",
    "gs://b/logs/p/g/eval/eval_teacher-1_sacrebleu_wmt19.log",
  ];
  const [group, other] = groupsOf([
    run("teacher-1", { evaluations: uris.map((uri) => ({ uri })) }),
    { ...run("student"), group: "else", run_id: "student" },
    run("student-2"),
  ]);
  expect(group).toMatchObject({ suffix: "_aY25-", runs: [{ id: "teacher-1_aY25-" }, { name: "student-2" }] });
  expect(other).toMatchObject({ name: "else", suffix: "" });
  expect(group?.evaluations).toMatchObject([
    {
      kind: "metrics.json",
      importer: "flores",
      dataset: "devtest",
      augmentation: "aug-mix",
      run: "teacher-1",
    },
    { kind: "metrics", importer: "flores", dataset: "devtest" },
    { kind: "log", importer: "sacrebleu", dataset: "wmt19" },
  ]);
});

describe("shards", () => {
  const sizes = [5, 900, 3, 3, 3, 70, 0, 8, 8, 400, 1];
  const runs = sizes.map((size, index) =>
    run(`r${index}`, { files: [{ uri: `/${index}`, size: size * 1e5 }] }),
  );

  test.each([1, 2, 3, 4, 5, 11, 40])("%i of them are the manifest, in its order", (count) => {
    const parts = Array.from({ length: count }, (_, index) => runsOfShard(runs, { index: index + 1, count }));
    expect(parts.flat()).toEqual(runs);
  });

  test("share the bytes, not the runs", () => {
    const even = Array.from({ length: 100 }, (_, index) =>
      run(`r${index}`, { files: [{ uri: `/${index}`, size: index < 50 ? 1e6 : 9e6 }] }),
    );
    const parts = [1, 2, 3, 4].map((index) => runsOfShard(even, { index, count: 4 }).length);
    expect(parts[0]).toBeGreaterThan(50);
    expect(Math.max(...parts.slice(1)) - Math.min(...parts.slice(1))).toBeLessThanOrEqual(2);
  });

  test("have folders that sort in their order", () => {
    const names = Array.from({ length: 12 }, (_, index) => shardName({ index: index + 1, count: 12 }));
    expect([...names].sort()).toEqual(names);
    expect(names.map(readShardName)).toEqual(names.map((_name, at) => ({ index: at + 1, count: 12 })));
    const unfinished = unfinishedShardName({ index: 1, count: 2 }, "host-1-2");
    expect(readShardName(unfinished)).toBeUndefined();
    expect(readUnfinishedShardName(unfinished)).toBe("shard-1-of-2");
  });
});

describe("--shard", () => {
  const read = (text: string, environment: Record<string, string> = {}) =>
    readShard(text, environment, (message) => {
      throw new Error(message);
    });
  const slurm = (id: number, min: number, max: number, step: number, count: number) => ({
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_MIN: String(min),
    SLURM_ARRAY_TASK_MAX: String(max),
    SLURM_ARRAY_TASK_STEP: String(step),
    SLURM_ARRAY_TASK_COUNT: String(count),
  });

  test.each<[string, Record<string, string>, number, number]>([
    ["3/16", {}, 3, 16],
    ["auto", slurm(0, 0, 15, 1, 16), 1, 16],
    ["auto", slurm(16, 1, 16, 1, 16), 16, 16],
    ["auto", slurm(107, 101, 111, 2, 6), 4, 6],
    ["auto", { SLURM_ARRAY_TASK_ID: "2", SLURM_ARRAY_TASK_COUNT: "4" }, 3, 4],
    // One that is sent again alone stays what it was.
    ["auto/16", slurm(7, 7, 7, 1, 1), 7, 16],
    ["auto/16", slurm(7, 1, 16, 1, 16), 7, 16],
    ["auto", { JOB_COMPLETION_INDEX: "0", JOB_COMPLETIONS: "8" }, 1, 8],
    ["auto/8", { JOB_COMPLETION_INDEX: "7" }, 8, 8],
    ["auto", { AWS_BATCH_JOB_ARRAY_INDEX: "2", AWS_BATCH_JOB_ARRAY_SIZE: "3" }, 3, 3],
  ])("%s with %o", (text, environment, index, count) => {
    expect(read(text, environment)).toEqual({ index, count });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["0/3", {}, /no part 0 of 3/],
    ["4/3", {}, /no part 4 of 3/],
    ["3", {}, /write i\/n/],
    ["1/0", {}, /no part/],
    ["99999999999999999999/1", {}, /no part/],
    ["auto", {}, /none of SLURM_ARRAY_TASK_ID/],
    ["auto", { JOB_COMPLETION_INDEX: "1" }, /JOB_COMPLETIONS/],
    ["auto", { JOB_COMPLETION_INDEX: "x" }, /is 'x', which is not a number/],
    ["auto", { AWS_BATCH_JOB_ARRAY_INDEX: "1" }, /AWS_BATCH_JOB_ARRAY_SIZE/],
    ["auto", slurm(3, 1, 7, 1, 3), /not a range/],
    ["auto/4", slurm(0, 0, 3, 1, 4), /no part 0 of 4/],
  ])("%s with %o is refused", (text, environment, message) => {
    expect(() => read(text, environment)).toThrow(message);
  });
});
