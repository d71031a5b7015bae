import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openArchive } from "../../src/archive/archive.js";
import { readRun } from "../../src/index.js";
import { GROUP_ID, makeTree, readArchive, rowsOf, type Tree, temporaryFolder, trainingLog } from "./tree.js";

const TASKCLUSTER: Tree = {
  [`logs/en-hu/base_${GROUP_ID}/student/train.log`]: trainingLog(),
  [`logs/en-hu/base_${GROUP_ID}/teacher0/train.log`]: trainingLog(),
  [`models/en-hu/base_${GROUP_ID}/evaluation/student/flores_devtest.metrics`]: "20.1\n50.1\n0.8\n",
  [`experiments/en-hu/base_${GROUP_ID}/config.yml`]: "experiment:\n  name: base\n",
};
const SNAKEMAKE: Tree = {
  "models/de-en/opus/student/train.log": trainingLog(),
  "models/de-en/opus/student/valid.log": "",
  "models/de-en/opus/evaluation/student/mtdata_Neulab-test-1-deu-eng.metrics": "30\n60\n",
  "logs/de-en/opus/eval/eval_backward_sacrebleu_wmt19.log": "+ tee x.metrics\n25.5\n55.5\n",
  "experiments/de-en/opus/config.yml": "marian-args: {}\n",
};
const TASKCLUSTER_IDS = ["student_Zr7yQ", "teacher-0_Zr7yQ"];
const SNAKEMAKE_IDS = ["student_opus", "backwards_opus"];

afterEach(() => vi.restoreAllMocks());

describe("layouts", () => {
  it("reads one of Taskcluster", async () => {
    const { archive, groups, ids, problems } = await readArchive(makeTree(TASKCLUSTER));
    expect(archive.modes).toEqual(["taskcluster"]);
    expect(ids).toEqual([TASKCLUSTER_IDS]);
    expect(groups).toMatchObject([
      {
        project: "en-hu",
        name: `base_${GROUP_ID}`,
        suffix: "_Zr7yQ",
        config: { experiment: { name: "base" } },
      },
    ]);
    expect(groups.map(rowsOf)).toEqual([
      [["student", "flores", "devtest", null, { bleu_detok: 20.1, chrf: 50.1, comet: 80 }]],
    ]);
    expect(problems).toEqual([]);
  });

  it("reads one of Snakemake", async () => {
    const { archive, groups, ids, problems } = await readArchive(makeTree(SNAKEMAKE));
    expect(archive.modes).toEqual(["snakemake"]);
    expect(ids).toEqual([SNAKEMAKE_IDS]);
    expect(groups[0]?.runs[0]?.validationLog?.name).toMatch(/student\/valid\.log$/);
    expect(groups.map(rowsOf)).toEqual([
      [
        ["backwards", "sacrebleu", "wmt19", null, { bleu_detok: 25.5, chrf: 55.5 }],
        ["student", "mtdata", "Neulab-test-1-deu-eng", null, { bleu_detok: 30, chrf: 60 }],
      ],
    ]);
    expect(problems).toEqual([]);
  });

  it("reads both from one tree, each by its own rules, sorted by project and name", async () => {
    const folder = makeTree({
      ...TASKCLUSTER,
      ...SNAKEMAKE,
      "models/de-en/aaa/student/train.log": trainingLog(),
    });
    const { archive, ids, groups } = await readArchive(folder);
    expect(archive.modes).toEqual(["taskcluster", "snakemake"]);
    expect(groups.map(({ name }) => name)).toEqual(["aaa", "opus", `base_${GROUP_ID}`]);
    expect(ids).toEqual([["student_aaa"], SNAKEMAKE_IDS, TASKCLUSTER_IDS]);
  });

  it("gives runs the names of the mode that is asked for, and warns of groups without an id", async () => {
    const folder = makeTree({ ...TASKCLUSTER, ...SNAKEMAKE });
    const snakemake = await readArchive(folder, { mode: "snakemake" });
    expect(snakemake.ids[1]).toEqual([`student_base_${GROUP_ID}`, `teacher-0_base_${GROUP_ID}`]);
    expect(snakemake.problems).toEqual([]);
    const taskcluster = await readArchive(folder, { mode: "taskcluster" });
    expect(taskcluster.ids).toEqual([SNAKEMAKE_IDS, TASKCLUSTER_IDS]);
    expect(taskcluster.problems).toEqual([
      "warning: de-en/opus: the group's folder does not end with the id of a task group: the ids of its runs end with _opus",
    ]);
  });

  it.each(["logs/models", "models/x/logs", "models/en-hu/logs"])(
    "is not led astray by its place in %s",
    async (above) => {
      const folder = join(temporaryFolder(), above);
      mkdirSync(folder, { recursive: true });
      makeTree({ ...TASKCLUSTER, ...SNAKEMAKE }, folder);
      const { ids, problems } = await readArchive(folder);
      expect(ids).toEqual([SNAKEMAKE_IDS, TASKCLUSTER_IDS]);
      expect(problems).toEqual([]);
      const part = await readArchive(join(folder, "logs/en-hu"));
      expect(part.ids).toEqual([TASKCLUSTER_IDS]);
    },
  );

  it("reads several archives below one folder", async () => {
    const folder = temporaryFolder();
    makeTree(TASKCLUSTER, join(folder, "bucket"));
    makeTree(SNAKEMAKE, join(folder, "old/disk"));
    const { ids } = await readArchive(folder);
    expect(ids).toEqual([SNAKEMAKE_IDS, TASKCLUSTER_IDS]);
  });

  it.each([
    ["logs", [SNAKEMAKE_IDS, TASKCLUSTER_IDS]],
    ["models", [SNAKEMAKE_IDS, TASKCLUSTER_IDS]],
    ["models/de-en", [SNAKEMAKE_IDS]],
    ["logs/en-hu", [TASKCLUSTER_IDS]],
    [`logs/en-hu/base_${GROUP_ID}`, [TASKCLUSTER_IDS]],
    ["logs/de-en/opus", [SNAKEMAKE_IDS]],
  ])("reads the part of an archive that is named: %s", async (part, wanted) => {
    const folder = makeTree({ ...TASKCLUSTER, ...SNAKEMAKE });
    const { ids, groups } = await readArchive(join(folder, part));
    expect(ids).toEqual(wanted);
    // With what belongs to it elsewhere.
    for (const group of groups) {
      expect(group.evaluations.length).toBeGreaterThan(0);
      expect(group.config).toBeDefined();
    }
  });

  it("reads a part through a symbolic link, too", async () => {
    const folder = makeTree(SNAKEMAKE);
    const link = join(temporaryFolder(), "experiment");
    symlinkSync(join(folder, "models/de-en/opus"), link);
    expect((await readArchive(link)).ids).toEqual([SNAKEMAKE_IDS]);
  });

  it("reads a project without an archive around it by the names of the folders", async () => {
    const folder = join(makeTree({ [`en-hu/base_${GROUP_ID}/student/train.log`]: trainingLog() }), "en-hu");
    for (const path of [folder, join(folder, `base_${GROUP_ID}`)]) {
      const { groups, ids } = await readArchive(path);
      expect(groups).toMatchObject([{ project: "en-hu", name: `base_${GROUP_ID}` }]);
      expect(ids).toEqual([["student_Zr7yQ"]]);
    }
  });

  it("says what is missing where there is nothing to read", async () => {
    const empty = temporaryFolder();
    await expect(openArchive(empty)).rejects.toThrow(
      "there is no archive here: expected logs/<project>/<group>",
    );
    await expect(openArchive(join(empty, "gone"))).rejects.toThrow("there is no such file");
    const log = join(makeTree(TASKCLUSTER), `logs/en-hu/base_${GROUP_ID}/student`);
    await expect(openArchive(log)).rejects.toThrow("this is the folder of one training");
  });

  it("stops when it is asked to", async () => {
    const stop = AbortSignal.abort(new Error("enough"));
    await expect(openArchive(makeTree(SNAKEMAKE), { signal: stop })).rejects.toThrow("enough");
  });
});

describe("names of sources", () => {
  it("are the given directory and the path below it", async () => {
    const folder = makeTree(SNAKEMAKE);
    const given = relative(process.cwd(), folder);
    for (const [path, name] of [
      [`${given}/`, `${given}/models/de-en/opus/student/train.log`],
      [`./${given}`, `./${given}/models/de-en/opus/student/train.log`],
      [`${given}/logs/de-en`, `${given}/models/de-en/opus/student/train.log`],
    ] as const) {
      const { groups } = await readArchive(path);
      const log = groups[0]?.runs[0]?.log;
      expect(log?.name).toBe(name);
      expect(log?.size).toBe(trainingLog().length);
    }
  });

  it("do not keep a log from being read from another working directory", async () => {
    const { groups } = await readArchive(relative(process.cwd(), makeTree(SNAKEMAKE)));
    const log = groups[0]?.runs[0]?.log;
    vi.spyOn(process, "cwd").mockReturnValue("/");
    expect((await readRun(log?.chunks() ?? [])).training).toHaveLength(2);
  });
});

describe("trainings", () => {
  const group = (files: Tree) =>
    makeTree(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`models/de-en/opus/${path}`, text])),
    );

  it("may be compressed; the plain log counts where there are both", async () => {
    const folder = group({
      "student/train.log.gz": gzipSync(trainingLog(5)),
      "student/valid.log.gz": gzipSync(""),
      "teacher0/train.log": trainingLog(3),
      "teacher0/train.log.gz": gzipSync(trainingLog(4)),
      // A frame of zstd with nothing in it.
      "teacher1/train.log.zst": Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0),
    });
    const { groups, ids, problems } = await readArchive(folder);
    expect(ids).toEqual([["student_opus", "teacher-0_opus", "teacher-1_opus"]]);
    const rows = groups[0]?.runs.map(({ log }) =>
      readRun(log?.chunks() ?? []).then(
        ({ training }) => training.length,
        ({ code }) => code,
      ),
    );
    expect(await Promise.all(rows ?? [])).toEqual([5, 3, "empty"]);
    expect(groups[0]?.runs[0]?.validationLog?.name).toMatch(/valid\.log\.gz$/);
    expect(problems).toEqual([
      "warning: models/de-en/opus/teacher0/train.log.gz: this train.log was left aside: train.log is beside it",
    ]);
  });

  it("of the same name get numbers, and each its own evaluations", async () => {
    const folder = group({
      "student/train.log": trainingLog(),
      "student/again/train.log": trainingLog(3),
      "teacher/train.log": trainingLog(),
      "teacher-1/train.log": trainingLog(),
      "evaluation/teacher/flores_devtest.metrics": "1\n2\n",
      "evaluation/teacher-1/flores_devtest.metrics": "3\n4\n",
    });
    const { groups, problems } = await readArchive(folder);
    const scores = groups[0]?.runs.map(({ id, log, evaluations }) => [
      id,
      basename(join(log?.name ?? "", "..")),
      evaluations.map(({ run: model, metrics }) => [model, metrics.get("bleu_detok")]),
    ]);
    expect(scores).toEqual([
      ["student_opus", "again", []],
      ["student-2_opus", "student", []],
      ["teacher-1_opus", "teacher-1", [["teacher-1", 3]]],
      ["teacher-1-2_opus", "teacher", [["teacher-1-2", 1]]],
    ]);
    expect(problems).toHaveLength(2);
  });

  it("are called by their folders where those name no known model", async () => {
    const { ids, problems } = await readArchive(
      group({ "my-model/train.log": trainingLog(), "evaluation/other/flores_devtest.metrics": "1\n2\n" }),
    );
    expect(ids).toEqual([["my-model_opus", "other_opus"]]);
    expect(problems).toEqual([
      "warning: models/de-en/opus/evaluation/other/flores_devtest.metrics: its folder names no known model: the run is other_opus",
      "warning: models/de-en/opus/my-model/train.log: its folder names no known model: the run is my-model_opus",
    ]);
  });

  it("are whole: a valid.log alone is read, and one below models/ goes with a log below logs/", async () => {
    const name = `base_${GROUP_ID}`;
    const folder = makeTree({
      [`models/en-hu/${name}/backward/valid.log`]: "x",
      [`logs/en-hu/${name}/student/train.log`]: trainingLog(),
      [`models/en-hu/${name}/student/valid.log`]: "y",
    });
    const { groups, problems } = await readArchive(folder);
    const logs = groups[0]?.runs.map(({ id, log, validationLog }) => [id, log?.name, validationLog?.name]);
    expect(logs).toEqual([
      [
        "student_Zr7yQ",
        `${folder}/logs/en-hu/${name}/student/train.log`,
        `${folder}/models/en-hu/${name}/student/valid.log`,
      ],
      ["backwards_Zr7yQ", `${folder}/models/en-hu/${name}/backward/valid.log`, undefined],
    ]);
    expect(problems).toEqual([
      `warning: models/en-hu/${name}/backward/valid.log: there is no train.log beside it: the run has validations only`,
    ]);
  });

  it("below both logs/ and models/ are one if they are equally long, else two", async () => {
    const name = `base_${GROUP_ID}`;
    const folder = makeTree({
      [`logs/en-hu/${name}/student/train.log`]: trainingLog(2),
      [`models/en-hu/${name}/student/train.log`]: trainingLog(2),
      [`logs/en-hu/${name}/teacher-1/train.log`]: trainingLog(2),
      [`models/en-hu/${name}/teacher-1/train.log`]: trainingLog(3),
    });
    const { ids, problems } = await readArchive(folder);
    expect(ids).toEqual([["student_Zr7yQ", "teacher-1_Zr7yQ", "teacher-1-2_Zr7yQ"]]);
    expect(problems[0]).toContain(
      `warning: models/en-hu/${name}/student/train.log: this train.log was left aside`,
    );
    expect(problems).toHaveLength(2);
  });

  it("that lie in no model's folder are failures", async () => {
    const { ids, problems } = await readArchive(
      makeTree({
        "models/de-en/opus/student/train.log": trainingLog(),
        "models/de-en/opus/train.log": trainingLog(),
        "models/de-en/train.log": trainingLog(),
      }),
    );
    expect(ids).toEqual([["student_opus"]]);
    expect(problems).toEqual([
      expect.stringMatching(/^failure: models\/de-en\/train\.log: this is not read/),
      expect.stringMatching(/^failure: models\/de-en\/opus\/train\.log: the log is not read/),
    ]);
  });

  it("of another group with the same five characters get the whole id", async () => {
    const other = `${GROUP_ID.slice(0, 5)}${GROUP_ID.slice(5).toLowerCase()}`;
    const folder = makeTree({
      [`logs/en-hu/a_${GROUP_ID}/student/train.log`]: trainingLog(),
      [`logs/en-hu/b_${other}/student/train.log`]: trainingLog(),
      [`logs/en-fi/b_${other}/student/train.log`]: trainingLog(),
    });
    const { ids, problems } = await readArchive(folder);
    expect(ids).toEqual([["student_Zr7yQ"], ["student_Zr7yQ"], [`student_${other}`]]);
    expect(problems).toEqual([expect.stringContaining(`warning: en-hu/b_${other}: `)]);
    // Also where only the group is asked for: a run has one id, however it is reached.
    const part = await readArchive(join(folder, `logs/en-hu/b_${other}`));
    expect(part.ids).toEqual([[`student_${other}`]]);
  });
});

describe("symbolic links and what can't be read", () => {
  it("follows links once", async () => {
    const folder = makeTree({
      ...SNAKEMAKE,
      "models/de-en/latest": { link: "opus" },
      "models/de-en/opus/copy": { link: "student" },
      "models/de-en/opus/loop": { link: ".." },
      "models/de-en/opus/student/again": { link: ".." },
      "models/de-en/second/teacher0": { link: "../../../elsewhere" },
      "elsewhere/train.log": trainingLog(),
    });
    const { ids, problems } = await readArchive(folder);
    expect(ids).toEqual([SNAKEMAKE_IDS, ["teacher-0_second"]]);
    expect(problems).toEqual([
      "warning: models/de-en/latest: the same folder as models/de-en/opus: it was read once",
      "warning: models/de-en/opus/copy: the same folder as models/de-en/opus/student: it was read once",
      "warning: models/de-en/opus/loop: the symbolic link leads in a circle: it was not followed",
      "warning: models/de-en/opus/student/again: the symbolic link leads in a circle: it was not followed",
    ]);
  });

  it("has the runs of links that lead nowhere: reading them is an error", async () => {
    const folder = makeTree({
      ...SNAKEMAKE,
      "models/de-en/opus/teacher0/train.log": { link: "gone" },
      "models/de-en/opus/teacher1": { link: "teacher1" },
      "models/de-en/opus/teacher2/train.log": { link: "real.log" },
      "models/de-en/opus/teacher2/real.log": trainingLog(),
    });
    const { ids, problems } = await readArchive(folder);
    expect(ids).toEqual([["student_opus", "teacher-0_opus", "teacher-2_opus", "backwards_opus"]]);
    expect(problems).toEqual(["warning: models/de-en/opus/teacher1: its symbolic links lead in a circle"]);
  });

  it("does not wait for a pipe that is called like a log", async () => {
    const folder = makeTree(SNAKEMAKE);
    const { execFileSync } = await import("node:child_process");
    mkdirSync(join(folder, "models/de-en/opus/teacher0"));
    execFileSync("mkfifo", [join(folder, "models/de-en/opus/teacher0/train.log")]);
    const { ids, problems } = await readArchive(folder);
    expect(ids).toEqual([SNAKEMAKE_IDS]);
    expect(problems).toEqual([
      expect.stringMatching(/^failure: models.*train\.log: this file could not be read/),
    ]);
  });

  it("goes on where a folder or a file may not be read", async () => {
    const folder = makeTree({
      ...SNAKEMAKE,
      "models/de-en/opus/teacher0/train.log": trainingLog(),
      "models/de-en/opus/evaluation/student/flores_devtest.metrics": "1\n2\n",
    });
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "models/de-en/opus/teacher0"), 0);
    chmodSync(join(folder, "models/de-en/opus/evaluation/student/flores_devtest.metrics"), 0);
    const user = process.geteuid?.() ?? 0;
    // Root may read everything.
    if (user === 0) process.seteuid?.(65_534);
    try {
      const { ids, groups, problems } = await readArchive(folder);
      expect(ids).toEqual([SNAKEMAKE_IDS]);
      expect(groups[0]?.evaluations).toHaveLength(2);
      expect(problems).toEqual([
        "failure: models/de-en/opus/teacher0: the folder could not be read: it may not be read (permission denied)",
        "failure: models/de-en/opus/evaluation/student/flores_devtest.metrics: it may not be read (permission denied)",
      ]);
    } finally {
      if (user === 0) process.seteuid?.(user);
      chmodSync(join(folder, "models/de-en/opus/teacher0"), 0o755);
    }
  });
});

describe("configuration and logs", () => {
  it.each([
    ["a: [", "the configuration is no YAML"],
    ["- a\n", "the configuration is not a map"],
    ["", "the configuration is not a map"],
  ])("%j is a failure that costs nothing else", async (text, reason) => {
    const { groups, ids, problems } = await readArchive(
      makeTree({ ...SNAKEMAKE, "experiments/de-en/opus/config.yml": text }),
    );
    expect(ids).toEqual([SNAKEMAKE_IDS]);
    expect(groups[0]?.config).toBeUndefined();
    expect(problems).toEqual([`failure: experiments/de-en/opus/config.yml: ${reason}`]);
  });

  it.each([
    ["a: &a [*a]", "the configuration has a value that contains itself"],
    [`a: ${"[".repeat(2500)}${"]".repeat(2500)}`, "the configuration is nested deeper than 100 levels"],
  ])("%.20s costs itself with a warning", async (text, reason) => {
    const { groups, ids, problems } = await readArchive(
      makeTree({ ...SNAKEMAKE, "experiments/de-en/opus/config.yml": text }),
    );
    expect(ids).toEqual([SNAKEMAKE_IDS]);
    expect(groups[0]?.config).toBeUndefined();
    expect(problems).toEqual([`warning: experiments/de-en/opus/config.yml: ${reason}`]);
  });

  it("names the folder of the logs, with a stamp that changes with what is in it", async () => {
    const folder = makeTree(SNAKEMAKE);
    const first = (await readArchive(folder)).groups[0];
    expect(first?.logsFolder).toBe(join(folder, "logs/de-en/opus"));
    expect((await readArchive(folder)).groups[0]?.logsStamp).toBe(first?.logsStamp);
    makeTree({ "logs/de-en/opus/quantize.log": "new" }, folder);
    expect((await readArchive(folder)).groups[0]?.logsStamp).not.toBe(first?.logsStamp);
    const none = (await readArchive(makeTree({ "models/de-en/opus/student/train.log": trainingLog() })))
      .groups[0];
    expect(none?.logsFolder).toBeUndefined();
  });
});
