/** The kind for Taskgraph: it makes the tasks of reprocess.yml, one a shard. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sharedIsThere } from "../golden/shared.js";
import { type ShardTask, shardTask, timed } from "../pipeline/reprocess-task.js";
import { violation } from "../servers/taskcluster/schemas.js";
import { recipe, runTool, workFolder } from "./work.js";

const VENV = process.env["SCALE_TASKGRAPH"] ?? "";
if (VENV === "") process.stderr.write("skipped: the test with Taskgraph (run it by `npm run test:scale`)\n");

const REVISION = "0123456789012345678901234567890123456789";
const REPOSITORY = "https://github.com/example/ci";

const CONFIGURATION = {
  "trust-domain": "example",
  "task-priority": "low",
  workers: {
    aliases: {
      "b-linux": {
        provisioner: "example-{level}",
        implementation: "docker-worker",
        os: "linux",
        "worker-type": "b-linux",
      },
    },
  },
  taskgraph: { repositories: { ci: { name: "example" } } },
};

const PARAMETERS = {
  base_repository: REPOSITORY,
  base_ref: "main",
  base_rev: REVISION,
  build_date: 1_700_000_000,
  build_number: 1,
  "code-review": { "phabricator-build-target": "" },
  do_not_optimize: [],
  enable_always_target: true,
  existing_tasks: {},
  files_changed: [],
  filters: ["target_tasks_method"],
  head_ref: "main",
  head_repository: REPOSITORY,
  head_rev: REVISION,
  head_tag: "",
  level: "1",
  moz_build_date: "20231114221320",
  next_version: null,
  optimize_strategies: null,
  optimize_target_tasks: true,
  owner: "owner@example.com",
  project: "ci",
  pushdate: 1_700_000_000,
  pushlog_id: "0",
  repository_type: "git",
  target_tasks_method: "default",
  tasks_for: "action",
  version: null,
};

describe.skipIf(VENV === "")("Taskgraph", () => {
  const folder = workFolder();

  test("makes a task for each shard, which Taskcluster takes", () => {
    const kind = join(folder, "taskcluster/kinds/reprocess");
    mkdirSync(kind, { recursive: true });
    cpSync(recipe("taskcluster/kind.yml"), join(kind, "kind.yml"));
    writeFileSync(join(folder, "taskcluster/config.yml"), JSON.stringify(CONFIGURATION));
    writeFileSync(join(folder, "parameters.yml"), JSON.stringify(PARAMETERS));
    runTool("git", ["init", "--quiet"], folder);
    const graph = runTool(
      join(VENV, "bin/taskgraph"),
      ["full", "--json", "--parameters", "parameters.yml"],
      folder,
    );
    const tasks = JSON.parse(graph, (_key, value) => timed(value)) as Record<string, { task: ShardTask }>;
    expect(Object.keys(tasks)).toHaveLength(64);
    for (let shard = 1; shard <= 64; shard += 1) {
      const { task } = tasks[`reprocess-${shard}`] ?? {};
      if (sharedIsThere) expect(violation("queue/v1/create-task-request", task)).toBeUndefined();
      const wanted = shardTask({ plan: "https://example.com/plan/", shard, shards: 64 }).payload;
      expect(task?.payload).toMatchObject(wanted);
    }
  });
});
