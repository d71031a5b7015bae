import { describe, expect, it } from "vitest";
import {
  DEFAULT_ROOT_URL,
  groupAddress,
  rootUrlOf,
  taskAddress,
} from "../../../src/taskcluster/client/index.js";
import { IDS } from "./harness.js";

const { teacher1: TASK, fjord: GROUP } = IDS;
const TREEHERDER = "https://treeherder.mozilla.org";
const ROOT = "https://tc.example.org";

describe("the address of a task", () => {
  it.each([
    [TASK, { taskId: TASK }],
    [`${ROOT}/tasks/${TASK}`, { taskId: TASK, rootUrl: ROOT }],
    [`${ROOT}/tasks/${TASK}/`, { taskId: TASK, rootUrl: ROOT }],
    [`${ROOT}/tasks/${TASK}/runs/3`, { taskId: TASK, runId: 3, rootUrl: ROOT }],
    [`${ROOT}/tasks/${TASK}/runs/0/logs/public/logs/live.log`, { taskId: TASK, runId: 0, rootUrl: ROOT }],
    [
      `${ROOT}/tasks/${TASK}/runs/2/logs/live/public/logs/live.log#L12`,
      { taskId: TASK, runId: 2, rootUrl: ROOT },
    ],
    [`${ROOT}/tasks/groups/${GROUP}/tasks/${TASK}/runs/1`, { taskId: TASK, runId: 1, rootUrl: ROOT }],
    [`${ROOT}/api/queue/v1/task/${TASK}/status`, { taskId: TASK, rootUrl: ROOT }],
    [`http://127.0.0.1:8080/tasks/${TASK}`, { taskId: TASK, rootUrl: "http://127.0.0.1:8080" }],
    ["-KzQnU3NTraRL8tBxB-s5g", { taskId: "-KzQnU3NTraRL8tBxB-s5g" }],
    [`  ${TASK}\n`, { taskId: TASK }],
    [`${TASK}/`, { taskId: TASK }],
    [` ${ROOT}/tasks/${TASK} `, { taskId: TASK, rootUrl: ROOT }],
    ["index.a.v2.b-c.latest", { taskId: "a.v2.b-c.latest", isRoute: true }],
    [`${ROOT}/tasks/index/a.v2.b%2Dc/latest`, { taskId: "a.v2.b-c.latest", isRoute: true, rootUrl: ROOT }],
    [`${ROOT}/api/index/v1/task/a.v2.latest`, { taskId: "a.v2.latest", isRoute: true, rootUrl: ROOT }],
    [`${TREEHERDER}/jobs?repo=translations&selectedTaskRun=${TASK}.1`, { taskId: TASK, runId: 1 }],
    [`${TREEHERDER}/jobs?repo=translations&revision=abc&selectedTaskRun=${TASK}`, { taskId: TASK }],
    [`${TREEHERDER}/#/jobs?repo=try&selectedTaskRun=${TASK}-0&author=a%40b`, { taskId: TASK, runId: 0 }],
    [`${TREEHERDER}/logviewer?job_id=7&repo=try&task=${TASK}.12`, { taskId: TASK, runId: 12 }],
  ])("is read from %s", (text, address) => {
    expect(taskAddress(text)).toEqual(address);
  });

  it.each([
    ["", /'' is not the id of a task/],
    ["train-teacher-model-ru-en-1", /is not the id of a task.*22 characters/],
    [`${TASK}x`, /is not the id of a task/],
    // The tenth character of a slug is one of four.
    ["LCi0szo2AuGr-iRSP6-nRg", /is not the id of a task/],
    ["../../secrets/v1/secret", /is not the id of a task/],
    [`${ROOT}/tasks/..%2f..%2fsecret`, /'\.\.\/\.\.\/secret' in https.* is not the id of a task/],
    [
      `${ROOT}/tasks/groups/${GROUP}`,
      /is not the address of a task: it should look like https:..tc.example.org.tasks/,
    ],
    [`${ROOT}/tasks/%E0%A4%A`, /is not the id of a task/],
    [`${ROOT}/`, /is not the address of a task/],
    [`${TREEHERDER}/jobs?repo=try&revision=abc`, /it selects no task: click on the job/],
    [`${TREEHERDER}/jobs?repo=try&selectedTaskRun=abc.1`, /'abc' in https.* is not the id of a task/],
    [`file:///tasks/${TASK}`, /is not an http\(s\) address/],
    ["index.a..b", /is not a route of the index/],
    ["index.", /is not the id of a task/],
    [`${ROOT}/tasks/index/a/..%2fb`, /is not a route of the index/],
    ["https://", /is not an http\(s\) address/],
  ])("is not found in %j", (text, message) => {
    expect(() => taskAddress(text)).toThrow(message);
  });
});

describe("the address of a group", () => {
  it.each([
    [GROUP, { groupId: GROUP }],
    [`${ROOT}/tasks/groups/${GROUP}`, { groupId: GROUP, rootUrl: ROOT }],
    [`${ROOT}/tasks/groups/${GROUP}/tasks/${TASK}`, { groupId: GROUP, rootUrl: ROOT }],
    [`${ROOT}/tasks/${GROUP}`, { groupId: GROUP, rootUrl: ROOT }],
    [` ${GROUP}/ `, { groupId: GROUP }],
    ["index.a.v2.latest/", { groupId: "a.v2.latest", isRoute: true }],
    [`${TREEHERDER}/jobs?selectedTaskRun=${TASK}.0`, { groupId: TASK, isTask: true }],
    [`${ROOT}/api/queue/v1/task-group/${GROUP}/list?limit=3`, { groupId: GROUP, rootUrl: ROOT }],
  ])("is read from %s", (text, address) => {
    expect(groupAddress(text)).toEqual(address);
  });

  it.each(["", "spring-2026", `${ROOT}/tasks/index`, `${ROOT}/tasks/groups/`, "ftp://x/tasks/groups/y"])(
    "is not found in %j",
    (text) => {
      expect(() => groupAddress(text)).toThrow(/group|http/);
    },
  );
});

describe("the deployment", () => {
  it("is what the environment says, else that of the address, else Firefox-CI", () => {
    const addresses = [taskAddress(`${ROOT}/tasks/${TASK}`), taskAddress(TASK)];
    const environment = { TASKCLUSTER_ROOT_URL: "http://localhost:3000/" };
    expect(rootUrlOf(environment, addresses)).toBe("http://localhost:3000");
    expect(rootUrlOf({ TASKCLUSTER_ROOT_URL: "" }, addresses)).toBe(ROOT);
    expect(rootUrlOf({}, [{}])).toBe(DEFAULT_ROOT_URL);
    expect(DEFAULT_ROOT_URL).toBe("https://firefox-ci-tc.services.mozilla.com");
  });

  it("is one", () => {
    const addresses = [`${ROOT}/tasks/${TASK}`, `https://other.org/tasks/${TASK}`].map(taskAddress);
    expect(() => rootUrlOf({}, addresses)).toThrow(/several.*tc\.example\.org, https:\/\/other\.org/);
  });

  it.each(["firefox-ci", "ftp://x", "https://x/?y", "https://"])("is not %s", (root) => {
    expect(() => rootUrlOf({ TASKCLUSTER_ROOT_URL: root }, [])).toThrow(
      /TASKCLUSTER_ROOT_URL is not the address/,
    );
  });

  it("gets no password, and none is printed", () => {
    const root = "https://me:hunter2@x.org";
    const failure = (() => {
      try {
        return rootUrlOf({ TASKCLUSTER_ROOT_URL: root }, []);
      } catch (error) {
        return String(error);
      }
    })();
    expect(failure).toMatch(/holds a user name or a password/);
    expect(failure).not.toContain("hunter2");
  });
});
