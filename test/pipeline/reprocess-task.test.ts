/** The Taskcluster task for a shard: Taskcluster takes it, and its command does the work. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { binaryPath, check, filesBelow, freshFolder, startProgram } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { scaleArchive } from "../cli/scale-archive.js";
import { sharedIsThere } from "../golden/shared.js";
import { violation } from "../servers/taskcluster/schemas.js";
import { shardTask } from "./reprocess-task.js";

const task = (shard: number, plan = "https://example.com/plan/") => shardTask({ plan, shard, shards: 2 });

describe("the task for a shard", () => {
  test.skipIf(!sharedIsThere)("is one that Taskcluster's own schema allows", () => {
    expect(violation("queue/v1/create-task-request", task(1))).toBeUndefined();
    const { payload: _payload, ...none } = task(1);
    expect(violation("queue/v1/create-task-request", none)).toMatch(/payload/);
  });

  test("has no placeholder left, and is tried again for trouble alone", () => {
    expect(JSON.stringify(task(2))).not.toMatch(/payload\.|fromNow/);
    expect(task(2).payload.env).toMatchObject({ SHARD: "2/2" });
    expect(task(2).payload.onExitStatus).toEqual({ retry: [1, 3] });
  });

  test("runs the worker: the tasks together give the tables of one process", async () => {
    const script = `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${binaryPath("run")}' "$@"\n`;
    const folder = freshFolder({ ...scaleArchive(), "bin/npx": script });
    chmodSync(join(folder, "bin/npx"), 0o755);
    await runHere("run", ["plan", "archive", "-o", "m.ndjson"], { folder });
    for (const shard of [1, 2]) {
      const { command, env, artifacts } = task(shard, "m.ndjson").payload;
      const place = artifacts["public/tables"]?.path ?? "nowhere";
      expect(command.join(" ")).toContain(`--output-dir ${place}`);
      const [shell = "", ...args] = command.map((word) => word.replaceAll(place, "tables"));
      const PATH = `${join(folder, "bin")}:${process.env["PATH"]}`;
      check(await startProgram(shell, args, { folder, env: { ...env, PATH } }).done, {
        code: 0,
        stderr: /runs/,
      });
    }
    const found = filesBelow(join(folder, "tables"));
    expect(found).toContain("shard-2-of-2/training.parquet");
    const manifests = [1, 2].map((shard) =>
      readFileSync(join(folder, `tables/shard-${shard}-of-2/manifest.ndjson`), "utf8"),
    );
    expect(manifests.join("")).toBe(readFileSync(join(folder, "m.ndjson"), "utf8"));
  });
});

test("the Indexed Job for Kubernetes runs the worker: the pods together give every run", async () => {
  const job = parse(readFileSync(new URL("../../jobs/kubernetes/reprocess.yaml", import.meta.url), "utf8"));
  const { completions, template } = job.spec;
  const [{ command, env }] = template.spec.containers;
  expect(env).toEqual([{ name: "JOB_COMPLETIONS", value: String(completions) }]);
  const script = `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${binaryPath("run")}' "$@"\n`;
  const folder = freshFolder({ ...scaleArchive(), "bin/npx": script });
  chmodSync(join(folder, "bin/npx"), 0o755);
  await runHere("run", ["plan", "archive", "--shards", "2", "-o", "data/plan"], { folder });
  for (const index of [0, 1]) {
    const [shell = "", ...args] = command.map((word: string) => word.replaceAll("/data/", `${folder}/data/`));
    const PATH = `${join(folder, "bin")}:${process.env["PATH"]}`;
    const pod = { PATH, JOB_COMPLETIONS: "2", JOB_COMPLETION_INDEX: String(index) };
    check(await startProgram(shell, args, { folder, env: pod }).done, { code: 0, stderr: /runs/ });
  }
  check(await runHere("run", ["status", "data/tables"], { folder }), {
    code: 0,
    stdout: /2 shards: 2 done\n17 runs/,
  });
});
