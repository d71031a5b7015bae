import { describe, expect, it } from "vitest";
import type { Group } from "../../src/archive/group.js";
import { decompress } from "../../src/io/packed/decompress.js";
import { ArtifactStore } from "../../src/taskcluster/artifact-store.js";
import type { QueueOptions } from "../../src/taskcluster/client/index.js";
import { type GroupOptions, type GroupsRead, readGroups } from "../../src/taskcluster/group.js";
import { sharedIsThere } from "../golden/shared.js";
import {
  type Endpoint,
  ownGroup,
  type SharedGroupName,
  type StandInOptions,
  scoresOf,
  sharedGroup,
  sharedTrainLog,
  type TaskclusterStandIn,
} from "../servers/taskcluster/index.js";
import { runOf } from "../servers/taskcluster/own-groups.js";
import { afterTest, all, harness, IDS, queueFor } from "./client/harness.js";
import { emptyFolder } from "./folders.js";

type Overrides = Partial<Omit<GroupOptions, "queue" | "store">>;

async function setUp(serverOptions: StandInOptions = {}, queueOptions: Partial<QueueOptions> = {}) {
  const { server, queue } = await harness(serverOptions, queueOptions);
  const store = new ArtifactStore(queue, { folder: undefined });
  afterTest(() => store.close());
  const read = (groupId: string, options: Overrides = {}) =>
    readGroups(groupId, { queue, store, ...options });
  return { server, queue, read };
}

/** Requests by endpoint, those that were made. */
function requests(server: TaskclusterStandIn): Partial<Record<Endpoint, number>> {
  const counts: Partial<Record<Endpoint, number>> = {};
  for (const { endpoint } of server.requests) counts[endpoint] = (counts[endpoint] ?? 0) + 1;
  return counts;
}

const only = ({ groups: [group] }: GroupsRead): Group => {
  if (group === undefined) throw new Error("no group was read");
  return group;
};

const names = (group: Group) =>
  Object.fromEntries(
    group.runs.map(({ id, log, evaluations }) => [id, [log === undefined ? 0 : 1, evaluations.length]]),
  );

describe("a group", () => {
  it("is every training and completed evaluation, under the names of its experiment", async () => {
    const { read } = await setUp();
    const group = only(await read(IDS.fjord, { depth: 0, finishedOnly: true }));
    expect(group).toMatchObject({ project: "nb-en", name: `fjord_${IDS.fjord}`, suffix: "_ZowUk" });
    expect(group.config).toMatchObject({ experiment: { name: "fjord" }, "wandb-publication": true });
    expect(names(group)).toEqual({
      student_ZowUk: [1, 1],
      "teacher-1_ZowUk": [1, 2],
      backwards_ZowUk: [0, 1],
      "teacher-ensemble_ZowUk": [0, 1],
    });
    expect(group.evaluations).toHaveLength(5);
    for (const { evaluations } of group.runs)
      for (const evaluation of evaluations) expect(group.evaluations).toContain(evaluation);
  });

  it("has the scores, as tables hold them", async () => {
    const { read } = await setUp();
    const { runs } = only(await read(IDS.fjord, { depth: 0 }));
    const teacher = runs.find(({ name }) => name === "teacher-1");
    const { bleu, chrf, comet } = scoresOf("evaluate-teacher-flores-aug-mix_devtest-nb-en-1");
    expect(teacher?.evaluations[0]).toEqual({
      run: "teacher-1",
      importer: "flores",
      dataset: "devtest",
      augmentation: "aug-mix",
      metrics: new Map([
        ["bleu_detok", bleu],
        ["chrf", chrf],
        ["comet", comet * 100],
      ]),
      source: "LvG3EQxGQQyLxwojvxgztg/0/public/build/aug-mix_devtest.metrics.json",
    });
  });

  it("has the log of the last run", async () => {
    const { server, read } = await setUp({ trainLog: Buffer.from("the log\n") });
    const { runs } = only(await read(IDS.fjord, { depth: 0 }));
    const teacher = runs.find(({ name }) => name === "teacher-1");
    expect(teacher?.log?.name).toBe(`${IDS.teacher1}/1/public/build/train.log`);
    expect(teacher?.validationLog?.name).toBe(`${IDS.teacher1}/1/public/build/valid.log`);
    const log = teacher?.log;
    if (log === undefined) throw new Error("no log");
    expect(Buffer.concat(await all(decompress(log.chunks()))).toString()).toBe("the log\n");
    expect(log.size).toBeGreaterThan(0);
    expect(server.requests.filter(({ path }) => path.includes("/1/public/build/train.log"))).toHaveLength(1);
  });

  const told = ({ problems }: Group) =>
    problems.map(({ severity, source, reason }) => `${severity}: ${source}: ${reason}`);

  it("tells what runs, what failed, what has not begun and what has left nothing", async () => {
    const { server, read } = await setUp();
    const finished = await read(IDS.fjord, { depth: 0, finishedOnly: true });
    const standing = [
      "warning: evaluate-student-flores-devtest-nb-en (aWHFbDcpTgqnxAGqQzewVQ): the task failed, and is left out",
      `warning: group ${IDS.fjord}: not begun yet, of its trainings and evaluations: evaluate-quantized-flores-devtest-nb-en`,
    ];
    const missing =
      "failure: evaluate-student-url-gcp_harbour-nb-en (dD87YyoiTdeUdoQPkcHusA): it has left no file of scores (.metrics.json, .metrics)";
    server.live(IDS.teacher2).append("[2026-01-01 10:00:00] Ep. 1 : Up. 40 : Sen. 4 : Cost 5.5\n");
    expect(told(only(await read(IDS.fjord, { depth: 0 })))).toEqual([
      ...standing,
      `warning: distillation-student-model-finetune-nb-en (${IDS.finetuned}): the task failed: its curves end at update 1000`,
      `warning: train-teacher-model-nb-en-2 (${IDS.teacher2}): still running since 2026-11-24T10:00:30.000Z: its curves end at update 40: follow it with \`marian-tracking task ${IDS.teacher2} --follow\``,
      missing,
    ]);
    expect(told(only(finished))).toEqual([
      `warning: distillation-student-model-finetune-nb-en (${IDS.finetuned}): the task failed, and is left out`,
      "warning: evaluate-student-flores-devtest-nb-en (aWHFbDcpTgqnxAGqQzewVQ): the task failed, and is left out",
      `warning: train-teacher-model-nb-en-2 (${IDS.teacher2}): still running since 2026-11-24T10:00:30.000Z, and left out: follow it with \`marian-tracking task ${IDS.teacher2} --follow\``,
      `warning: group ${IDS.fjord}: not begun yet, of its trainings and evaluations: evaluate-quantized-flores-devtest-nb-en`,
      "failure: evaluate-student-url-gcp_harbour-nb-en (dD87YyoiTdeUdoQPkcHusA): it has left no file of scores (.metrics.json, .metrics)",
    ]);
  });

  it.each([
    ["training", { "finetune-student_ZowUk": [1, 0], student_ZowUk: [1, 0], "teacher-1_ZowUk": [1, 0] }],
    [
      "evaluations",
      {
        backwards_ZowUk: [0, 1],
        student_ZowUk: [0, 1],
        "teacher-ensemble_ZowUk": [0, 1],
        "teacher-1_ZowUk": [0, 2],
      },
    ],
  ] as const)("may be its %s only", async (what, expected) => {
    const { server, read } = await setUp();
    expect(names(only(await read(IDS.fjord, { depth: 0, only: what })))).toEqual(expected);
    if (what === "training")
      expect(requests(server)).toEqual({ task: 1, list: 1, artifacts: 3, artifact: 6, content: 5 });
  });

  it("costs nothing but the list and the task when it is read again", async () => {
    const { server, queue } = await setUp();
    const folder = emptyFolder();
    server.store.task(IDS.teacher2).status.state = "unscheduled";
    server.store.task(IDS.teacher2).status.runs.length = 0;
    await readGroups(IDS.fjord, { queue, store: new ArtifactStore(queue, { folder }), depth: 0 });
    const before = server.count();
    const again = await readGroups(IDS.fjord, {
      queue,
      store: new ArtifactStore(queue, { folder }),
      depth: 0,
    });
    expect(only(again).evaluations).toHaveLength(5);
    expect(server.count() - before).toBe(2);
  });

  it("is found on pages of any size", async () => {
    const { read } = await setUp({ pageSize: 3 });
    expect(names(only(await read(IDS.fjord, { depth: 0 })))).toHaveProperty("student_ZowUk", [1, 1]);
  });

  it("whose training was made twice has two runs, each with its own evaluations", async () => {
    const { server, read } = await setUp();
    // As a rerun of the student looks: the same label, later, and an evaluation of its own.
    const data = ownGroup("fjord");
    const again = (id: string, label: string, dependency: string) => {
      const original = data.tasks.find(({ task }) => task.metadata.name === label);
      if (original === undefined) throw new Error(label);
      const { task, status } = structuredClone(original);
      const [run] = status.runs;
      if (run !== undefined) run.resolved = "2026-12-01T00:00:00.000Z";
      const artifacts = data.artifacts.get(original.status.taskId) ?? [];
      server.store.add({
        group: { taskGroupId: IDS.unknown, schedulerId: "x", expires: "2027-11-23T19:00:00.000Z" },
        action: undefined,
        tasks: [{ task: { ...task, dependencies: [dependency] }, status: { ...status, taskId: id } }],
        artifacts: new Map([[id, artifacts]]),
      });
      server.store.groups.get(IDS.fjord)?.taskIds.push(id);
    };
    // Its id is the first by the alphabet.
    again("A87YyoiTTdeUdoQPkcHusA", "distillation-student-model-train-nb-en", IDS.teacher1);
    again("B87YyoiTTdeUdoQPkcHusA", "evaluate-student-sacrebleu-wmt19-nb-en", "A87YyoiTTdeUdoQPkcHusA");
    const group = only(await read(IDS.fjord, { depth: 0 }));
    const alone = only(await read(IDS.fjord, { depth: 0, only: "evaluations" }));
    expect(alone.evaluations).toEqual(group.evaluations);
    const students = group.runs.filter(({ name }) => name.startsWith("student"));
    expect(students.map(({ id, log }) => [id, log?.name.slice(0, 22)])).toEqual([
      ["student_ZowUk", IDS.student],
      ["student-2_ZowUk", "A87YyoiTTdeUdoQPkcHusA"],
    ]);
    expect(students.map(({ evaluations }) => evaluations.map(({ source }) => source.slice(0, 22)))).toEqual([
      ["F0RceBvDQFitlHcEXYy7qg"],
      ["B87YyoiTTdeUdoQPkcHusA"],
    ]);
    expect(students.map(({ evaluations }) => evaluations.map(({ run }) => run))).toEqual([
      ["student"],
      ["student-2"],
    ]);
    for (const { evaluations } of students)
      for (const evaluation of evaluations) expect(group.evaluations).toContain(evaluation);
    expect(group.problems).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining("student-2_ZowUk"), severity: "warning" }),
    );
  });

  it("that is unknown is an error", async () => {
    const { read } = await setUp();
    await expect(read(IDS.unknown)).rejects.toThrow(/task Y7uv.* is not there, or has expired/);
  });

  it("whose id is that of a task is none: the error names the task's group", async () => {
    const { read } = await setUp();
    await expect(read(IDS.student)).rejects.toMatchObject({
      name: "TaskclusterError",
      code: "no-group",
      message: `${IDS.student} is not a group but the task distillation-student-model-train-nb-en of group ${IDS.fjord}: \`marian-tracking group ${IDS.fjord}\` takes its group, \`marian-tracking task ${IDS.student}\` the task alone`,
    });
    await expect(read(IDS.quantize)).rejects.toThrow(
      /^NOUN.* is not a group but the task .* takes its group$/,
    );
  });

  it("of a push has no trainings: the error names the groups that its actions have started", async () => {
    const { server, read } = await setUp();
    await expect(read(IDS.push)).rejects.toMatchObject({
      code: "no-trainings",
      message: `group ${IDS.push} (Decision Task) holds no training and no evaluation: name the group that its action "train" has started`,
    });
    const task = server.store.task("toolchain-marian");
    Object.assign(task.definition.tags, { kind: "action-callback" });
    Object.assign(task.definition.metadata, { name: "Action: Train" });
    await expect(read(IDS.push)).rejects.toThrow(
      `: its action "train" has started \`marian-tracking group ${task.status.taskId}\``,
    );
  });

  it("whose configuration has expired before it is an error", async () => {
    const { server, read } = await setUp();
    server.store.actions.delete(IDS.fjord);
    await expect(read(IDS.fjord)).rejects.toMatchObject({
      code: "no-configuration",
      message: expect.stringMatching(/the task of the same id.* has expired.* lists its 12 trainings/),
    });
  });

  it.each([
    [{ experiment: { src: "nb", trg: "en" } }],
    [{ experiment: { name: "x", src: 7, trg: "en" } }],
    [{ experiment: [] }],
    [{}],
  ])("without the names of an experiment is an error: %j", async (input) => {
    const { server, read } = await setUp();
    const action = server.store.actions.get(IDS.fjord);
    if (action !== undefined)
      server.store.actions.set(IDS.fjord, {
        ...action,
        extra: { action: { context: { input } } },
      } as typeof action);
    await expect(read(IDS.fjord)).rejects.toThrow(
      /lacks experiment\.name, experiment\.src and experiment\.trg.*`marian-tracking task .*` publishes one/,
    );
  });

  it("called ci has the project ci", async () => {
    const { server, read } = await setUp();
    const action = server.store.actions.get(IDS.fjord);
    const input = { experiment: { name: "ci", src: "nb", trg: "en" } };
    if (action !== undefined)
      server.store.actions.set(IDS.fjord, {
        ...action,
        extra: { action: { context: { input } } },
      } as typeof action);
    expect(only(await read(IDS.fjord, { depth: 0 }))).toMatchObject({
      project: "ci",
      name: `ci_${IDS.fjord}`,
    });
  });
});

describe("a training that is not finished", () => {
  const line = (up: number) =>
    `[2026-01-01 10:00:00] Ep. 1 : Up. ${up} : Sen. 4 : Cost 5.5 : Time 1.00s : 1.00 words/s\n`;
  const TRAIN_LOG = "public/build/train.log";

  async function partOf(id: string, prepare: (server: TaskclusterStandIn) => void) {
    const { server, read } = await setUp();
    prepare(server);
    const group = only(await read(IDS.fjord, { depth: 0, only: "training" }));
    const reason = group.problems.find(({ source }) => source.includes(id))?.reason ?? "";
    const run = group.runs.find(({ log }) => log?.name.startsWith(id));
    const text = run?.log && Buffer.concat(await all(decompress(run.log.chunks()))).toString();
    return { group, run, text, reason };
  }

  const runs = (server: TaskclusterStandIn, id: string, state: string, ...ends: string[]) => {
    const { status } = server.store.task(id);
    status.state = state;
    status.runs.splice(0, Number.POSITIVE_INFINITY, ...ends.map(runOf));
  };

  it("has its log up to now if it runs, in whole lines, and is another the next time", async () => {
    const { run, text } = await partOf(IDS.teacher2, (server) =>
      server.live(IDS.teacher2).append(`${line(10)}${line(20)}[2026-01-01 10:00:00] Ep. 1 : Up. 3`),
    );
    expect(text).toBe(line(10) + line(20));
    expect(run).toMatchObject({ id: "teacher-2_ZowUk", unfinished: "running" });
    expect([run?.log?.changed, run?.log?.stamp]).toEqual([true, undefined]);
  });

  it.each(["running", "pending"])(
    "has the log of an earlier run if the last, %s, has no update",
    async (state) => {
      const { run, text, reason } = await partOf(IDS.teacher2, (server) => {
        runs(server, IDS.teacher2, state, "worker-shutdown", state);
        server.setContent(IDS.teacher2, 0, TRAIN_LOG, line(70));
        if (state === "running") server.live(IDS.teacher2, 1).append("[setup] begins\n");
      });
      expect([text, run?.unfinished]).toEqual([line(70), "running"]);
      expect(reason).toMatch(/its curves end at update 70, with run 0: no later run has an update/);
    },
  );

  it.each([
    ["failed", "failed", /^the task failed: its curves end at update 30$/],
    ["exception", "canceled", /^the task ended with an exception \(canceled\): its curves end at update 30$/],
  ])("has what it has left if it ended: %s", async (state, end, expected) => {
    const { run, text, reason } = await partOf(IDS.teacher2, (server) => {
      runs(server, IDS.teacher2, state, end);
      server.setContent(IDS.teacher2, 0, TRAIN_LOG, line(30));
    });
    expect([text, run?.unfinished]).toEqual([line(30), "failed"]);
    expect(reason).toMatch(expected);
  });

  it("is left out, with a warning, if it has no update", async () => {
    const { group, run, reason } = await partOf(IDS.finetuned, (server) =>
      server.setContent(IDS.finetuned, 0, "public/logs/live_backing.log", "no disk\n"),
    );
    expect(run).toBeUndefined();
    expect(reason).toBe("the task failed, and is left out (the log of run 0 holds no update)");
    expect(group.problems.every(({ severity }) => severity === "warning")).toBe(true);
  });

  it("leaves its model's id to a finished one, whichever came first", async () => {
    const { group } = await partOf(IDS.finetuned, (server) => {
      const { tags } = server.store.task(IDS.finetuned).definition;
      Object.assign(tags, { label: "distillation-student-model-train-nb-en" });
      const [run] = server.store.task(IDS.finetuned).status.runs;
      if (run !== undefined) run.resolved = "2020-01-01T00:00:00.000Z";
    });
    const students = group.runs.filter(({ id }) => id.startsWith("student"));
    expect(students.map(({ id, log }) => [id, log?.name.slice(0, 22)])).toEqual([
      ["student_ZowUk", IDS.student],
      ["student-2_ZowUk", IDS.finetuned],
    ]);
  });
});

describe("what is wrong with a task costs that task alone", () => {
  const METRICS = "public/build/devtest.metrics.json";
  const TASK = "evaluate-teacher-flores-devtest-nb-en-1";

  async function without(break_: (server: TaskclusterStandIn) => void) {
    const { server, read } = await setUp();
    break_(server);
    const group = only(await read(IDS.fjord, { depth: 0 }));
    expect(group.problems.filter(({ severity }) => severity === "failure").length).toBeGreaterThan(1);
    expect(group.evaluations).toHaveLength(4);
    return group.problems.find(({ source }) => source.startsWith(TASK))?.reason ?? "";
  }

  it("scores that are not JSON, or hold no number", async () => {
    expect(await without((server) => server.setContent(IDS.evaluation, 0, METRICS, "<html>"))).toMatch(
      /devtest\.metrics\.json: .*not JSON/,
    );
    expect(await without((server) => server.setContent(IDS.evaluation, 0, METRICS, "{}"))).toMatch(
      /metrics\.json: .*score/,
    );
  });

  it("scores that can't be had", async () => {
    expect(await without((server) => server.store.removeArtifact(IDS.evaluation, METRICS))).toMatch(
      /left no file of scores/,
    );
    const error = (server: TaskclusterStandIn) => {
      server.store.artifact(IDS.evaluation, METRICS).storageType = "error";
    };
    expect(await without(error)).toMatch(/not stored by the worker \(HTTP 424\)/);
    const gone = (server: TaskclusterStandIn) =>
      server.inject({ endpoint: "content", path: IDS.evaluation, fault: { kind: "status", status: 410 } });
    expect(await without(gone)).toMatch(/has expired \(HTTP 410\)/);
    const down = (server: TaskclusterStandIn) =>
      server.inject({
        endpoint: "artifacts",
        path: IDS.evaluation,
        fault: { kind: "status", status: 500 },
        times: 6,
      });
    expect(await without(down)).toMatch(/no usable answer in 6 tries \(the last: HTTP 500\)/);
  });

  it("scores that could be read in part only are kept in part", async () => {
    const { server, read } = await setUp();
    server.setContent(IDS.evaluation, 0, METRICS, '{"bleu":{"score":1},"comet":{"score":"skipped"}}');
    const group = only(await read(IDS.fjord, { depth: 0 }));
    expect(group.evaluations.find(({ source }) => source.startsWith(IDS.evaluation))?.metrics).toEqual(
      new Map([["bleu_detok", 1]]),
    );
    expect(group.problems.find(({ source }) => source.startsWith(TASK))?.reason).toMatch(
      /"comet" is left out/,
    );
  });

  it("a score that is null costs itself, with a warning", async () => {
    const before = only(await (await setUp()).read(IDS.fjord, { depth: 0 })).problems;
    const { server, read } = await setUp();
    server.setContent(IDS.evaluation, 0, METRICS, '{"bleu":{"score":1},"chrf":{"score":null},"ter":{}}');
    const group = only(await read(IDS.fjord, { depth: 0 }));
    expect(group.evaluations.find(({ source }) => source.startsWith(IDS.evaluation))?.metrics).toEqual(
      new Map([["bleu_detok", 1]]),
    );
    const said = group.problems.filter(({ source }) => source.startsWith(TASK));
    expect(said.map(({ severity }) => severity)).toEqual(["warning", "warning"]);
    expect(said[0]?.reason).toMatch(/"chrf" is left out: its score is null/);
    const failures = (problems: typeof before) => problems.filter(({ severity }) => severity === "failure");
    expect(failures(group.problems)).toEqual(failures(before));
  });

  it("several .metrics.json of an evaluation have the metrics of all; of a metric the first by name stands", async () => {
    const { server, read } = await setUp();
    const one = (score: number | null, name: string) => JSON.stringify({ score, details: { name } });
    server.setContent(IDS.evaluation, 0, METRICS, '{"bleu":{"score":1},"chrf":{"score":55.01}}');
    for (const [metric, content] of [
      ["chrf", one(55, "chrF2")],
      ["spbleu", one(41, "BLEU")],
      ["ter", one(null, "TER")],
    ] as const)
      server.setContent(IDS.evaluation, 0, `public/build/devtest__${metric}.metrics.json`, content);
    server.setContent(IDS.evaluation, 0, "public/build/other.metrics.json", '{"bleu":{"score":2}}');
    const group = only(await read(IDS.fjord, { depth: 0 }));
    const evaluation = group.evaluations.find(({ source }) => source.startsWith(IDS.evaluation));
    expect(Object.fromEntries(evaluation?.metrics ?? [])).toEqual({ bleu_detok: 1, chrf: 55.01, spbleu: 41 });
    expect(evaluation?.furtherSources).toHaveLength(3);
    const said = group.problems.filter(({ source }) => source.startsWith(TASK));
    expect(said.map(({ severity, reason }) => `${severity}: ${reason}`)).toEqual([
      expect.stringMatching(
        /^warning: .*other\.metrics\.json: other scores than in .*devtest\.metrics\.json, which counts: bleu_detok 2 \(there 1\)$/,
      ),
      expect.stringMatching(
        /^warning: .*devtest__ter.*"TER" is left out|^warning: .*devtest__ter.*"ter" is left out/,
      ),
    ]);
  });

  it("damaged scores are read from the older file where there is one", async () => {
    const { server, read } = await setUp();
    server.setContent("F0RceBvDQFitlHcEXYy7qg", 0, "public/build/wmt19.metrics.json", "{");
    server.setContent("F0RceBvDQFitlHcEXYy7qg", 0, "public/build/wmt19.metrics", "1\n2\n");
    const group = only(await read(IDS.fjord, { depth: 0 }));
    const [evaluation] = group.runs.find(({ name }) => name === "student")?.evaluations ?? [];
    expect(evaluation?.metrics.get("chrf")).toBe(2);
    expect(evaluation?.source).toMatch(/wmt19\.metrics$/);
  });

  it("a log that is missing leaves the evaluations; the log of the task stands for that of Marian", async () => {
    const { server, read } = await setUp();
    server.store.removeArtifact(IDS.student, "public/build/train.log");
    server.store.removeArtifact(IDS.teacher1, "public/build/train.log");
    server.store.removeArtifact(IDS.teacher1, "public/logs/live_backing.log");
    const group = only(await read(IDS.fjord, { depth: 0 }));
    expect(names(group)).toMatchObject({ student_ZowUk: [1, 1], "teacher-1_ZowUk": [0, 2] });
    expect(group.runs[0]?.log?.name).toBe(`${IDS.student}/0/public/logs/live_backing.log`);
    expect(group.problems).toContainEqual({
      source: `train-teacher-model-nb-en-1 (${IDS.teacher1})`,
      reason: "it has left no log (public/build/train.log, public/logs/live_backing.log)",
      severity: "failure",
    });
  });

  it("a label that names no model", async () => {
    const { server, read } = await setUp();
    const rename = (id: string, label: string) => {
      const task = server.store.task(id);
      Object.assign(task.definition.tags, { label });
    };
    rename(IDS.student, "train-oarsman-nb-en");
    rename(IDS.evaluation, "evaluate-oarsman-flores-devtest-nb-en");
    const group = only(await read(IDS.fjord, { depth: 0 }));
    expect(names(group)).toHaveProperty("train-oarsman-nb-en_ZowUk", [1, 0]);
    const told = group.problems.filter(({ source }) => source.includes("oarsman"));
    expect(told).toEqual([
      expect.objectContaining({
        severity: "warning",
        reason: expect.stringMatching(/its run is called by the label/),
      }),
      expect.objectContaining({
        severity: "failure",
        reason: expect.stringMatching(/does not name a model and a dataset/),
      }),
    ]);
  });

  it("a task without a kind goes by its label", async () => {
    const { server, read } = await setUp();
    for (const id of [IDS.student, IDS.evaluation])
      Reflect.deleteProperty(server.store.task(id).definition.tags, "kind");
    expect(names(only(await read(IDS.fjord, { depth: 0 })))).toMatchObject({
      student_ZowUk: [1, 1],
      "teacher-1_ZowUk": [1, 2],
    });
  });

  it("but the stop of the command ends everything", async () => {
    const stop = new AbortController();
    const { server, read } = await setUp({}, { signal: stop.signal });
    server.onRequest = ({ endpoint }) => {
      if (endpoint === "content") stop.abort();
    };
    await expect(read(IDS.fjord)).rejects.toThrow(/stopped/);
  });
});

describe("related groups", () => {
  it("are found however far the trainings' dependencies lead, each once, in a stable order", async () => {
    const { server, read } = await setUp();
    const { groups, problems } = await read(IDS.fjord);
    expect(groups.map(({ name }) => name)).toEqual([
      `fjord_${IDS.fjord}`,
      `coast_${IDS.coast}`,
      `brook_${IDS.brook}`,
    ]);
    expect(groups.map(names).slice(1)).toEqual([{ backwards_J2Xox: [1, 1] }, { "teacher-2_Y6F8l": [1, 0] }]);
    expect(problems.map(({ severity, source, reason }) => [severity, source, reason.slice(0, 60)])).toEqual([
      ["warning", `group ${IDS.coast}`, "1 task of another group that its trainings depend on has exp"],
      ["warning", `group ${IDS.push}`, `it has no configuration (extra.action.context.input of task `],
    ]);
    expect(requests(server)).toEqual({
      task: 4,
      list: 3,
      statuses: 2,
      artifacts: 12,
      // That of the running training has no log yet.
      artifact: 16,
      content: 15,
    });
  });

  it.each([
    [0, ["fjord"], 0],
    [1, ["fjord", "coast"], 1],
    [2, ["fjord", "coast", "brook"], 2],
  ])("are looked for %d steps far on request", async (depth, expected, questions) => {
    const { server, read } = await setUp();
    const { groups } = await read(IDS.fjord, { depth });
    expect(groups.map(({ name }) => name.split("_")[0])).toEqual(expected);
    expect(server.count("statuses")).toBe(questions);
  });

  it("that have expired are passed over, with a warning", async () => {
    const { server, read } = await setUp();
    server.store.expire(IDS.coast);
    const { groups, problems } = await read(IDS.fjord);
    expect(groups).toHaveLength(1);
    expect(problems[0]).toMatchObject({ source: `group ${IDS.coast}`, severity: "warning" });
    expect(problems[0]?.reason).toMatch(/has expired .*the group is skipped$/);
  });

  it("that can't be read, or looked for, are failures; the group itself is read", async () => {
    const { server, read } = await setUp();
    server.inject({ endpoint: "list", path: IDS.coast, fault: { kind: "status", status: 400, body: "no" } });
    expect((await read(IDS.fjord)).problems[0]).toMatchObject({
      source: `group ${IDS.coast}`,
      severity: "failure",
    });
    server.inject({ endpoint: "statuses", fault: { kind: "status", status: 404 } });
    const { groups, problems } = await read(IDS.fjord);
    expect(groups).toHaveLength(1);
    expect(problems).toEqual([
      {
        source: `group ${IDS.fjord}`,
        reason: expect.stringMatching(/could not be looked up/),
        severity: "failure",
      },
    ]);
  });
});

describe.skipIf(!sharedIsThere)("the groups of real graphs", () => {
  const EXPECTED: readonly {
    readonly name: SharedGroupName;
    readonly trainings: readonly string[];
    readonly others: readonly string[];
    readonly evaluations: number;
    readonly failed: number;
    readonly running: readonly string[];
    readonly requests: Partial<Record<Endpoint, number>>;
  }[] = [
    {
      name: "small-ru-en",
      trainings: ["backwards", "finetune-student", "student", "teacher-1"],
      others: ["quantized", "teacher-ensemble"],
      evaluations: 6,
      failed: 0,
      running: [],
      requests: { task: 1, list: 1, artifacts: 10, artifact: 14, content: 14 },
    },
    {
      name: "en-ru-2023",
      trainings: ["backwards", "finetune-student", "student", "teacher-1", "teacher-2"],
      others: ["quantized", "teacher-ensemble"],
      evaluations: 21,
      failed: 0,
      running: [],
      requests: { task: 1, list: 1, artifacts: 26, artifact: 31, content: 31 },
    },
    {
      name: "large-lt-en",
      trainings: ["backwards", "finetune-student", "student", "teacher-1", "teacher-2"],
      others: ["quantized", "teacher-ensemble"],
      evaluations: 98,
      failed: 14,
      running: ["train-teacher-model-lt-en-2 (Mths-721Sdegi1zHbw8Q5g)"],
      requests: { task: 1, list: 4, artifacts: 102, artifact: 107, content: 107 },
    },
  ];

  it.each(EXPECTED)("$name: every training and evaluation", async (expected) => {
    const data = sharedGroup(expected.name);
    const trainLog = sharedTrainLog();
    const { server, read } = await setUp({ groups: [data], ...(trainLog && { trainLog }) });
    const result = await read(data.group.taskGroupId);
    expect(requests(server)).toEqual(expected.requests);
    expect(result.problems).toEqual([]);
    const group = only(result);
    expect(group.evaluations).toHaveLength(expected.evaluations);
    expect(
      new Set(
        group.evaluations.map((one) =>
          JSON.stringify([one.run, one.importer, one.dataset, one.augmentation]),
        ),
      ).size,
    ).toBe(expected.evaluations);
    const models = (trained: boolean) =>
      group.runs.filter(({ log }) => (log !== undefined) === trained).map(({ name }) => name);
    expect(models(true).sort()).toEqual(expected.trainings);
    expect(models(false).sort()).toEqual(expected.others);
    for (const { id, name } of group.runs) expect(id).toBe(`${name}_${data.group.taskGroupId.slice(0, 5)}`);
    expect(group.problems.every(({ severity }) => severity === "warning")).toBe(true);
    const failed = group.problems.filter(({ reason }) => reason.startsWith("the task failed"));
    expect(failed).toHaveLength(expected.failed);
    const running = group.problems.filter(({ reason }) => reason.startsWith("still running"));
    expect(running.map(({ source }) => source)).toEqual(expected.running);
    // Each log is two requests more.
    const before = server.count();
    for (const { log, unfinished } of group.runs) {
      if (log === undefined || unfinished !== undefined) continue;
      const chunks = await all(decompress(log.chunks()));
      expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(trainLog?.length);
    }
    expect(server.count() - before).toBe(0);
  });

  it("large-lt-en is the same on pages of 100 tasks", async () => {
    const data = sharedGroup("large-lt-en");
    const { server, read } = await setUp({ groups: [data], pageSize: 100 });
    expect(only(await read(data.group.taskGroupId)).evaluations).toHaveLength(98);
    expect(server.count("list")).toBe(9);
  });
});

describe("a group of more than a thousand tasks", () => {
  it("is read to its last page", async () => {
    const data = ownGroup("fjord");
    const [filler] = data.tasks.filter(({ task }) => task.metadata.name === "weigh-anchor");
    if (filler === undefined) throw new Error("no filler");
    const more = Array.from({ length: 2500 }, (_, index) => ({
      task: filler.task,
      status: { ...filler.status, taskId: `${String(index).padStart(8, "0")}QACAAAAAAAAAAA` },
    }));
    const { server, queue } = await harness({
      groups: [{ ...data, tasks: [...more, ...data.tasks] }],
      validate: false,
    });
    const store = new ArtifactStore(queueFor(server), { folder: undefined });
    afterTest(() => store.close());
    const group = only(await readGroups(IDS.fjord, { queue, store, depth: 0 }));
    expect(group.evaluations).toHaveLength(5);
    expect(server.count("list")).toBe(11);
  });
});
