/** A training task of Taskcluster: proxy with queue and secrets, a training that is taken away and comes back. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually, freshFolder, type LiveRun, result, startBinary } from "../cli/run-binary.js";
import { type OfficialRun, official, officialClientFound } from "../interop/official-client.js";
import { startTaskServers, type TaskServers } from "../servers/task-servers.js";
import type { TaskclusterStandIn } from "../servers/taskcluster/index.js";
import type { StandInServer } from "../servers/wandb/index.js";
import { type TrainingLog, trainingLog } from "./training-log.js";

const TASK = "BWttdfxdQ3aBIFP29lDaAg";
const SECRET = "project/translations/level-1/weights-and-biases";
const RUN = "teacher-2_ZowUk";
const FLAGS = ["--from-stream", "--publish-group-logs", "--verbose"];
let servers: TaskServers;
let wandb: StandInServer;
let taskcluster: TaskclusterStandIn;

beforeEach(async () => {
  servers = await startTaskServers(SECRET);
  ({ wandb, taskcluster } = servers);
});
afterEach(() => servers.close());

function environment(folder: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    HOME: folder,
    TASK_ID: TASK,
    TASKCLUSTER_PROXY_URL: taskcluster.url,
    TASKCLUSTER_SECRET: SECRET,
    MOZ_AUTOMATION: "1",
    WANDB_PUBLICATION: "True",
    WANDB_AUTHOR: "me@example.com",
    WANDB_BASE_URL: wandb.url,
    ...more,
  };
}

function startTask(
  more: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): LiveRun {
  const folder = freshFolder(files);
  return startBinary("parse_tc_logs", FLAGS, { folder, env: environment(folder, more) });
}

function rows(): Record<string, unknown>[] {
  return wandb.history("nb-en", RUN).map(({ _timestamp, _runtime, ...row }) => row);
}

function expected({ rows: all }: TrainingLog, first: number, last: number): Record<string, unknown>[] {
  return [...all]
    .filter(([up]) => up >= first && up <= last)
    .map(([_step, values]) => ({ ...values, _step }));
}

describe("a training task", () => {
  it("is published under the task's names with the key of its secret", async () => {
    const log = trainingLog(1, { updates: 12 });
    const live = startTask(
      {},
      {
        "config.opustrainer.yml": "datasets:\n  original: ./corpus.tsv\n  absent: ./none.tsv\n",
        "corpus.tsv": "one\ntwo\nthree\n",
      },
    );
    live.child.stdin.end(log.bytes);
    const done = await live.done;
    expect([done.code, done.bytes.equals(log.bytes)]).toEqual([0, true]);
    expect(rows().map(({ Datasets_table, ...row }) => row)).toEqual(expected(log, 0, 1e9));
    const run = wandb.run("nb-en", RUN);
    expect([run.group, run.tags, run.state]).toEqual([
      "fjord_ZowUkamoRKuDlb4uAeTvgg",
      ["taskcluster", "author:me@example.com"],
      "finished",
    ]);
    const config = JSON.parse(run.config) as Record<string, { value: unknown }>;
    expect(config["arguments"]?.value).toMatchObject({ type: "transformer", "sync-sgd": true });
    expect(config["opustrainer"]?.value).toMatchObject({ datasets: { original: "./corpus.tsv" } });
    expect(done.stderr + run.config).not.toContain(wandb.apiKey);
    expect(wandb.violations.concat(taskcluster.violations)).toEqual([]);
    // The first sample of the machine came at the start.
    const [event = "{}"] = run.lines["wandb-events.jsonl"];
    expect(JSON.parse(event)).toMatchObject({ _wandb: true, "system.memory_percent": expect.any(Number) });
  });

  it("names of the task stand over flags, and faults of the proxy under them", async () => {
    taskcluster.inject({
      endpoint: "task",
      fault: { kind: "status", status: 404 },
      times: Number.POSITIVE_INFINITY,
    });
    const log = trainingLog(2, { updates: 3 });
    const folder = freshFolder();
    const live = startBinary(
      "parse_tc_logs",
      [...FLAGS, "--wandb-project", "other", "--wandb-run-name", "mine"],
      {
        folder,
        env: environment(folder),
      },
    );
    live.child.stdin.end(log.bytes);
    const done = await live.done;
    expect(done.code).toBe(0);
    expect(done.stderr.replace(/\s*\n\s*›\s*/g, " ")).toMatch(
      /the names of the run are not those of the task: /,
    );
    expect(wandb.history("other", "mine")).toHaveLength(3);
  });

  it("is on the server while it runs, the update that is not over yet too", async () => {
    // The last update has no end yet: its validation may come.
    const log = trainingLog(3, { updates: 5 });
    const live = startTask();
    live.child.stdin.write(log.bytes);
    const held = () => wandb.store.run(wandb.entity, "nb-en", RUN)?.lines["wandb-history.jsonl"].length ?? 0;
    await eventually(() => held() === 5, live);
    expect(live.child.exitCode).toBeNull();
    expect(rows()).toEqual(expected(log, 0, 1e9));
    live.child.stdin.end();
    expect((await live.done).code).toBe(0);
    expect(rows()).toEqual(expected(log, 0, 1e9));
  });

  it("taken away and started again, goes on in the same run and repeats no row", async () => {
    const log = trainingLog(4, { updates: 40 });
    const first = startTask();
    const before = Buffer.concat(log.pieces.slice(0, 30));
    first.child.stdin.write(before);
    await first.until((stdout) => stdout.length === before.length);
    first.child.kill("SIGTERM");
    first.child.stdin.write("[2026-11-23 10:00:00] Saving model weights\n");
    first.child.stdin.end();
    const taken = await first.done;
    expect([taken.code, taken.signal]).toEqual([143, null]);
    expect(taken.stdout).toBe(`${before}[2026-11-23 10:00:00] Saving model weights\n`);
    const interrupted = wandb.run("nb-en", RUN);
    expect([interrupted.preempting, interrupted.state]).toEqual([true, "preempted"]);
    const held = rows();
    expect(held.length).toBeGreaterThan(5);

    // The training begins again with its last checkpoint, so updates come twice.
    const rest = trainingLog(4, { updates: 40, from: 4 });
    const second = startTask({ RUN_ID: "1" });
    second.child.stdin.end(rest.bytes);
    const done = await second.done;
    expect(done.code).toBe(0);
    expect(done.stderr).toMatch(/records of updates that were sent before are left out/);
    expect(rows()).toEqual(expected(log, 0, 1e9));
    expect(wandb.run("nb-en", RUN).state).toBe("finished");
    expect(wandb.violations).toEqual([]);
    if (!officialClientFound) return;
    const home = mkdtempSync(join(tmpdir(), "online-"));
    try {
      const [read] = (await official(wandb, home, [{ do: "read", path: `team/nb-en/${RUN}` }])) as [
        OfficialRun,
      ];
      const scanned = read.scan.map(({ _timestamp, _runtime, ...row }) => row);
      expect(scanned).toEqual(expected(log, 0, 1e9));
      expect([read.state, read.group]).toEqual(["finished", "fjord_ZowUkamoRKuDlb4uAeTvgg"]);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });

  it("killed without a word, is completed by the next run", async () => {
    const log = trainingLog(5, { updates: 20 });
    const first = startTask();
    first.child.stdin.write(Buffer.concat(log.pieces.slice(0, 25)));
    await eventually(() => wandb.requestsOf("file_stream").length > 0, first);
    first.child.kill("SIGKILL");
    await first.done;
    const second = startTask();
    second.child.stdin.end(log.bytes);
    expect((await second.done).code).toBe(0);
    expect(rows()).toEqual(expected(log, 0, 1e9));
  });

  it("group_logs is made once and keeps what evaluations have put there", async () => {
    const log = trainingLog(6, { updates: 3 });
    const first = startTask();
    first.child.stdin.end(log.bytes);
    await first.done;
    const group = wandb.run("nb-en", "group_logs_ZowUk");
    const config = JSON.parse(group.config) as Record<string, { value: unknown }>;
    expect(config["experiment"]?.value).toMatchObject({ name: "fjord", src: "nb", trg: "en" });
    const evaluation = startBinary(
      "run",
      [
        ..."eval --metric bleu=31 --label evaluate-student-flores-devtest-nb-en --wandb-project nb-en".split(
          " ",
        ),
        "--wandb-group",
        "fjord_ZowUkamoRKuDlb4uAeTvgg",
      ],
      { env: { WANDB_BASE_URL: wandb.url, WANDB_API_KEY: wandb.apiKey } },
    );
    expect((await evaluation.done).code).toBe(0);
    const summary = group.summary;
    const second = startTask();
    second.child.stdin.end(log.bytes);
    await second.done;
    const after = wandb.run("nb-en", "group_logs_ZowUk");
    expect(after.storageId).toBe(group.storageId);
    expect((JSON.parse(after.summary) as { metrics?: unknown }).metrics).toEqual(
      (JSON.parse(summary) as { metrics?: unknown }).metrics,
    );
  });

  it("an id that another group has gets the whole id of the group", async () => {
    const log = trainingLog(7, { updates: 2 });
    const other = startBinary(
      "parse_tc_logs",
      [
        ..."-s --wandb-publication --wandb-project nb-en --wandb-group other --wandb-run-name".split(" "),
        RUN,
      ],
      {
        env: { WANDB_BASE_URL: wandb.url, WANDB_API_KEY: wandb.apiKey },
      },
    );
    other.child.stdin.end(log.bytes);
    await other.done;
    const live = startTask();
    live.child.stdin.end(log.bytes);
    const done = await live.done;
    expect(done.code).toBe(0);
    expect(wandb.history("nb-en", "teacher-2_ZowUkamoRKuDlb4uAeTvgg")).toHaveLength(2);
    expect(done.stderr.replace(/\s*\n\s*›\s*/g, " ")).toMatch(/belongs to the group other/);
  });

  it("the reading process may be killed: the log is passed on, and the files are whole up to there", async () => {
    const log = trainingLog(8, { updates: 30 });
    const live = startTask({ MOZ_AUTOMATION: "" });
    live.child.stdin.write(Buffer.concat(log.pieces.slice(0, 20)));
    const ndjson = () => result({ folder: live.folder }, "output/measurements.ndjson");
    await eventually(() => {
      try {
        return ndjson().split("\n").length > 10;
      } catch {
        return false;
      }
    }, live);
    const children = readFileSync(`/proc/${live.child.pid}/task/${live.child.pid}/children`, "utf8")
      .trim()
      .split(" ");
    for (const child of children) process.kill(Number(child), "SIGKILL");
    live.child.stdin.end(Buffer.concat(log.pieces.slice(20)));
    const done = await live.done;
    expect([done.code, done.bytes.equals(log.bytes)]).toEqual([3, true]);
    expect(done.stderr).toMatch(/the reading process was ended by SIGKILL/);
    expect(() =>
      ndjson()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).not.toThrow();
  });
});
