import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  artifactPageSchema,
  checked,
  groupPageSchema,
  groupSchema,
  secretSchema,
  statusesSchema,
  statusSchema,
  taskSchema,
} from "../../../src/taskcluster/client/answers.js";
import { shared, sharedIsThere } from "../../golden/shared.js";
import { violation } from "../../servers/taskcluster/schemas.js";

describe.skipIf(!sharedIsThere)("answers", () => {
  it("of the stand-in are held to the official schemas", () => {
    const status = { taskId: "LCi0szo2RuGr-iRSP6-nRg", state: "completed", runs: [] };
    expect(violation("queue/v1/task-status-response", { status })).toMatch(/must have required property/);
    expect(violation("queue/v1/list-artifacts-response", { artifacts: [{ name: "x" }] })).toMatch(/required/);
    expect(violation("queue/v1/list-artifacts-response", { artifacts: [] })).toBeUndefined();
    expect(violation("queue/v1/get-artifact-response", { storageType: "s3", url: "no address" })).toMatch(
      /format/,
    );
  });

  it("of a real queue have the form that is asked for", () => {
    type Raw = Record<string, { body?: unknown } & Record<string, unknown>>;
    const raw = JSON.parse(readFileSync(shared("taskcluster/fixtures/raw-responses.json"), "utf8")) as Raw;
    const forms = {
      task_action: taskSchema,
      task_train: taskSchema,
      task_eval: taskSchema,
      status: statusSchema,
      status_failed: statusSchema,
      status_running: statusSchema,
      getTaskGroup: groupSchema,
      listTaskGroup_p1: groupPageSchema,
      listTaskGroup_p3: groupPageSchema,
      listLatestArtifacts: artifactPageSchema,
      listLatestArtifacts_running: artifactPageSchema,
      secret_get: secretSchema,
    } as const;
    for (const [name, schema] of Object.entries(forms)) {
      const answer = raw[name]?.body ?? raw[name];
      expect(() => checked(schema, answer, name)).not.toThrow();
    }
    const batch = {
      statuses: [
        { taskId: "HfvoI9dQTIWMB3OoN45YBg", ...(raw["status_running"]?.body ?? raw["status_running"] ?? {}) },
      ],
    };
    expect(checked(statusesSchema, batch, "batch").statuses[0]?.status.state).toBe("running");
  });
});
