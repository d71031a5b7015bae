import { describe, expect, it } from "vitest";
import { ArtifactStore } from "../../src/taskcluster/artifact-store.js";
import { readTask, taskAsGroup } from "../../src/taskcluster/task.js";
import { afterTest, harness, IDS } from "./client/harness.js";

async function setUp() {
  const both = await harness();
  const store = new ArtifactStore(both.queue, { folder: undefined });
  afterTest(() => store.close());
  return { ...both, store };
}

describe("a task", () => {
  it("that is a training has the names of its group", async () => {
    const { queue, server, store } = await setUp();
    const task = await readTask(queue, IDS.teacher1);
    expect(task).toMatchObject({
      stage: "training",
      model: "teacher-1",
      id: "teacher-1_ZowUk",
      experiment: { project: "nb-en", name: `fjord_${IDS.fjord}`, suffix: "_ZowUk" },
      problems: [],
    });
    expect(server.count()).toBe(3);
    const group = await taskAsGroup(task, store);
    expect(group.runs.map(({ id, log }) => [id, log?.name])).toEqual([
      ["teacher-1_ZowUk", `${IDS.teacher1}/1/public/build/train.log`],
    ]);
    expect(group.config).toHaveProperty("experiment");
    expect(group.problems).toEqual([]);
  });

  it("that is an evaluation has its scores", async () => {
    const { queue, store } = await setUp();
    const group = await taskAsGroup(await readTask(queue, IDS.evaluation), store);
    expect(group.runs.map(({ id, evaluations }) => [id, evaluations.length])).toEqual([
      ["teacher-1_ZowUk", 1],
    ]);
  });

  it("that still runs is a group of nothing, and says so", async () => {
    const { queue, store } = await setUp();
    const task = await readTask(queue, IDS.teacher2);
    expect(task).toMatchObject({ id: "teacher-2_ZowUk", task: { status: { state: "running" } } });
    const group = await taskAsGroup(task, store);
    expect(group.runs).toEqual([]);
    expect(group.problems[0]?.reason).toMatch(/still running/);
  });

  it("may be looked at by one of its runs", async () => {
    const { queue } = await setUp();
    const { task } = await readTask(queue, IDS.teacher1, 0);
    expect(task.status.runs.map(({ runId }) => runId)).toEqual([0]);
    await expect(readTask(queue, IDS.teacher1, 5)).rejects.toThrow(`task ${IDS.teacher1} has no run 5`);
  });

  it("of a push belongs to the project ci", async () => {
    const { queue } = await setUp();
    const task = await readTask(queue, "fHqRqz_iRuypnSySMFEuuQ");
    expect(task).toMatchObject({
      stage: undefined,
      experiment: { project: "ci", name: `ci_${IDS.push}`, suffix: "_TucYQ" },
      problems: [{ severity: "warning" }],
    });
  });
});
