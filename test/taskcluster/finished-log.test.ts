import { describe, expect, it } from "vitest";
import { decompress } from "../../src/io/packed/decompress.js";
import { ArtifactStore } from "../../src/taskcluster/artifact-store.js";
import { finishedLog, TRAINING_LOGS } from "../../src/taskcluster/finished-log.js";
import { readGroups } from "../../src/taskcluster/group.js";
import { afterTest, all, harness, IDS } from "./client/harness.js";
import { REFUSED_LOGS, UNUSABLE_LOGS } from "./unusable-logs.js";

const RUN = { taskId: IDS.teacher1, runId: 1 };
const [TRAIN, BACKING, LIVE] = TRAINING_LOGS;
const VALID = "public/build/valid.log";

async function setUp() {
  const both = await harness({ trainLog: Buffer.from("Marian's log\n") });
  const store = new ArtifactStore(both.queue, { folder: undefined });
  afterTest(() => store.close());
  return { ...both, store };
}

async function textOf(log: { chunks(): AsyncIterable<Uint8Array> } | undefined): Promise<string | undefined> {
  if (log === undefined) return undefined;
  return Buffer.concat((await all(decompress(log.chunks()))).map((chunk) => Buffer.from(chunk))).toString();
}

describe("the log that a run has left", () => {
  it.each(UNUSABLE_LOGS)(
    "is the next one, and that is said, where a listed one can't be had: $name",
    async (fault) => {
      const { server, store } = await setUp();
      fault.apply(server, RUN.taskId, RUN.runId, TRAIN);
      const { log, reason } = await finishedLog(store, RUN, TRAINING_LOGS);
      expect(log?.name).toBe(`${RUN.taskId}/1/${BACKING}`);
      expect(await textOf(log)).toBe("[task 2026-11-23T19:00:01.000Z] Marian's log\n");
      expect(reason).toMatch(fault.reason);
      expect(reason).toMatch(/: read from public\/logs\/live_backing\.log$/);
    },
  );

  it.each(REFUSED_LOGS)("is none where each of them can't be had: $name", async (fault) => {
    const { server, store } = await setUp();
    for (const name of [TRAIN, BACKING, LIVE]) fault.apply(server, RUN.taskId, RUN.runId, name);
    const { log, reason } = await finishedLog(store, RUN, TRAINING_LOGS);
    // Of logs that are all empty, the first stands, so that it is called empty further on.
    expect(await textOf(log)).toBe(fault.name === "an empty one" ? "" : undefined);
    const reasons = reason?.split("; ") ?? [];
    expect(reasons).toHaveLength(3);
    // This run has no live.log.
    for (const one of reasons.slice(0, 2)) expect(one).toMatch(fault.reason);
  });
});

describe("a group with a training whose logs can't be had", () => {
  it.each(UNUSABLE_LOGS)(
    "has the training from the log of its task, with a warning: $name",
    async (fault) => {
      const { server, store, queue } = await setUp();
      fault.apply(server, RUN.taskId, RUN.runId, TRAIN);
      const { groups } = await readGroups(IDS.fjord, { queue, store, depth: 0, only: "training" });
      const runs = groups.flatMap((group) => group.runs);
      expect(runs.map(({ id, log }) => [id, log?.name.split("/").at(-1)])).toEqual([
        ["student_ZowUk", "train.log"],
        ["teacher-1_ZowUk", "live_backing.log"],
      ]);
      const problems = groups
        .flatMap((group) => group.problems)
        .filter(({ reason }) => fault.reason.test(reason));
      expect(problems).toEqual([
        {
          source: `train-teacher-model-nb-en-1 (${IDS.teacher1})`,
          reason: expect.stringMatching(/: read from public\/logs\/live_backing\.log$/),
          severity: "warning",
        },
      ]);
    },
  );

  it("has the other trainings where one has left none that can be had", async () => {
    const { server, store, queue } = await setUp();
    for (const name of TRAINING_LOGS) REFUSED_LOGS[0]?.apply(server, RUN.taskId, RUN.runId, name);
    const { groups } = await readGroups(IDS.fjord, { queue, store, depth: 0, only: "training" });
    const runs = groups.flatMap((group) => group.runs);
    expect(runs.map(({ id, log }) => [id, log !== undefined])).toEqual([
      ["student_ZowUk", true],
      ["teacher-1_ZowUk", false],
    ]);
    expect(groups.flatMap((group) => group.problems)).toContainEqual({
      source: `train-teacher-model-nb-en-1 (${IDS.teacher1})`,
      reason: expect.stringMatching(/train\.log.*HTTP 404.*live_backing\.log.*HTTP 404/s),
      cause: expect.stringContaining("HTTP 404"),
      severity: "failure",
    });
  });

  it.each(UNUSABLE_LOGS)("goes without the log of validations, and says so: $name", async (fault) => {
    const { server, store, queue } = await setUp();
    fault.apply(server, RUN.taskId, RUN.runId, VALID);
    const { groups } = await readGroups(IDS.fjord, { queue, store, depth: 0, only: "training" });
    const teacher = groups.flatMap((group) => group.runs).find(({ name }) => name === "teacher-1");
    expect(await textOf(teacher?.log)).toBe("Marian's log\n");
    const said = groups
      .flatMap((group) => group.problems)
      .filter(({ reason }) => reason.includes("valid.log"));
    // A log of validations may be empty.
    const empty = fault.name === "an empty one";
    expect(teacher?.validationLog === undefined).toBe(!empty);
    expect(said.map(({ severity }) => severity)).toEqual(
      empty
        ? []
        : [fault.name === "another encoding" || !REFUSED_LOGS.includes(fault) ? "failure" : "warning"],
    );
  });
});
