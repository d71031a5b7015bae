/** Routes of Taskcluster's index, where a task or a group is named. */
import { describe, expect, test } from "vitest";
import { IDS } from "../taskcluster/client/ids.js";
import { check, filesBelow } from "./run-binary.js";
import { type Setting, setting } from "./taskcluster.js";

const PATH = "translations.v2.mozilla-translations.train.nb-en.latest";

async function indexed(taskId: string): Promise<Setting> {
  const set = await setting();
  set.server.store.index.set(PATH, taskId);
  return set;
}

/** The forms in which a user may have a route. */
const forms = (root: string): readonly string[] => [
  `index.${PATH}`,
  ` index.${PATH}/ `,
  `${root}/tasks/index/translations.v2.mozilla-translations.train.nb-en/latest`,
  `${root}/api/index/v1/task/${PATH}`,
  `${root}/api/index/v1/task/${PATH}/artifacts/public/build/train.log`,
];

describe("a route of the index", () => {
  test("names a task", async () => {
    const { run, server } = await indexed(IDS.student);
    const log = await run("logs", IDS.student);
    for (const form of forms(server.url)) expect((await run("logs", form)).stdout, form).toBe(log.stdout);
    const written = await run("task", `index.${PATH}`, "--no-wandb", "-o", "tables", "-q");
    check(written, { code: 0 });
    expect(filesBelow(written.folder)).toContain("tables/training.csv");
    check(await run("report", "--from", "task", `index.${PATH}`, "-q"), { code: 0 });
  });

  test("names the run with --run", async () => {
    const { run } = await indexed(IDS.teacher1);
    expect((await run("logs", `index.${PATH}`, "--run", "7")).stderr).toMatch(/run 7/);
  });

  test("names the group of its task, for one task of it and for the action that started it", async () => {
    for (const taskId of [IDS.student, IDS.fjord]) {
      const { run, server } = await indexed(taskId);
      const group = await run("ls", IDS.fjord);
      for (const form of forms(server.url)) expect((await run("ls", form)).stdout, form).toBe(group.stdout);
      const scores = await run("compare", `index.${PATH}`, "--format", "csv");
      expect(scores.stdout).toBe((await run("compare", IDS.fjord, "--format", "csv")).stdout);
      expect((await run("download", `index.${PATH}`, "-o", "archive")).stderr).toMatch(/of 1 group/);
      expect((await run("group", `index.${PATH}`, "--no-wandb", "-o", "tables")).stderr).toMatch(/tables: /);
    }
  });

  test("that leads nowhere is an error that names it", async () => {
    const { run } = await indexed(IDS.student);
    for (const command of ["logs", "ls"])
      check(await run(command, "index.translations.v3.latest"), {
        code: 1,
        stderr: /index route index\.translations\.v3\.latest is not there, or has expired \(HTTP 404\)/,
      });
  });

  test("of another form is a usage error, and nothing is asked", async () => {
    const { run, server } = await indexed(IDS.student);
    check(await run("logs", "index.a..b"), {
      code: 2,
      stderr: /not a route of the index: it should look like/,
    });
    expect(server.requests).toEqual([]);
  });
});
