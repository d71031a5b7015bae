import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check, freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { startTaskServers, type TaskServers } from "../servers/task-servers.js";
import type { TaskclusterStandIn } from "../servers/taskcluster/index.js";
import type { StandInServer } from "../servers/wandb/index.js";

const SECRET = "project/x";
let servers: TaskServers;
let wandb: StandInServer;
let taskcluster: TaskclusterStandIn;

beforeAll(async () => {
  servers = await startTaskServers(SECRET);
  ({ wandb, taskcluster } = servers);
});
afterAll(() => servers.close());

async function doctor(args: readonly string[], env: Readonly<Record<string, string>>) {
  const folder = freshFolder();
  return runHere("run", ["doctor", ...args], {
    folder,
    env: { HOME: folder, WANDB_BASE_URL: wandb.url, ...env },
  });
}

describe("doctor", () => {
  const task = (): Record<string, string> => ({
    TASK_ID: "BWttdfxdQ3aBIFP29lDaAg",
    TASKCLUSTER_PROXY_URL: taskcluster.url,
    TASKCLUSTER_SECRET: SECRET,
    WANDB_PUBLICATION: "true",
    WANDB_AUTHOR: "me",
  });

  it("says where the files of a task go, and whether they are kept", async () => {
    const artifacts = freshFolder();
    const kept = await doctor([], { ...task(), UPLOAD_DIR: artifacts });
    expect(kept.stdout).toContain(`results  ok       ${artifacts}/output can be written\n`);
    expect(kept.stdout).toContain(
      `offline  ok       ${artifacts}/wandb can be written; it is kept with the task's artifacts\n`,
    );
    const elsewhere = freshFolder();
    const lost = await doctor([], { ...task(), UPLOAD_DIR: artifacts, WANDB_DIR: elsewhere });
    expect(lost.stdout).toContain(
      `offline  warning  ${elsewhere}/wandb can be written, but is not below ${artifacts}`,
    );
    expect((await doctor([], task())).stdout).toMatch(/offline +warning .* set UPLOAD_DIR/);
  });

  it("in a task with all that is needed says what would be published, and does nothing", async () => {
    const done = await doctor([], task());
    check(done, {
      code: 0,
      stdout:
        /run +ok +would be published as nb-en\/teacher-2_ZowUk in group fjord_ZowUkamoRKuDlb4uAeTvgg, tags taskcluster, author:me\n/,
    });
    expect(done.stdout).toMatch(
      /task +ok +BWttdfxdQ3aBIFP29lDaAg in group ZowUkamoRKuDlb4uAeTvgg, of an action\n/,
    );
    expect(done.stdout).not.toContain(wandb.apiKey);
    expect(wandb.requests.filter(({ operation }) => operation.startsWith("Upsert"))).toEqual([]);
  });

  it.each([
    [{ TASKCLUSTER_SECRET: "project/none" }, "secret"],
    [{ TASKCLUSTER_PROXY_URL: "" }, "task"],
    [{ TASK_ID: "no-id" }, "task"],
    [{ WANDB_BASE_URL: "ftp://x" }, "settings"],
    [{ WANDB_API_KEY: "x".repeat(40) }, "run"],
  ])("with %j finds what is in the way", async (wrong, about) => {
    const done = await doctor(["--json"], { ...task(), ...wrong });
    const { findings, exit_code } = JSON.parse(done.stdout) as {
      findings: { about: string; state: string }[];
      exit_code: number;
    };
    expect([done.code, exit_code, done.stderr]).toEqual([1, 1, ""]);
    expect(findings.filter(({ state }) => state === "failure").map((found) => found.about)).toContain(about);
  });

  it("outside a task takes names from flags", async () => {
    const env = { WANDB_API_KEY: wandb.apiKey };
    const done = await doctor(["--wandb-project", "p", "--wandb-run-name", "r", "--wandb-publication"], env);
    check(done, {
      code: 0,
      stdout: /key +ok +WANDB_API_KEY: stand-in, entity team\n.*run +ok +would be published as p\/r\n/s,
    });
  });
});
