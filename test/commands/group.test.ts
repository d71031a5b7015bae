/** `group`, `parse_tc_group` and `task` as a user runs them, against stand-ins of Taskcluster and of W&B. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Binary, check, startBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { type Setting, setting } from "../cli/taskcluster.js";
import { runOf } from "../servers/taskcluster/own-groups.js";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";

/** A log with the updates from `first` to `last`, 100 apart. */
function log(last: number, first = 100, banner = true): string {
  const lines = banner
    ? ["[2026-01-01 09:00:00] [marian] Marian v1.12.0 65bf82ff 2023-02-21 09:56:29 -0800"]
    : [];
  for (let up = first; up <= last; up += 100) {
    const minute = String(Math.floor(up / 100) % 60).padStart(2, "0");
    lines.push(
      `[2026-01-01 10:${minute}:00] Ep. 1 : Up. ${up} : Sen. ${up * 10} : Cost 5.5 : Time 10.00s : 100.00 words/s : gNorm 1.5`,
    );
  }
  return `${lines.join("\n")}\n`;
}

let wandb: StandInServer;
beforeEach(async () => {
  wandb = await StandInServer.start();
});
afterEach(() => wandb.close());

const environment = ({ options }: Setting) => ({
  ...options.env,
  WANDB_BASE_URL: wandb.url,
  WANDB_API_KEY: wandb.apiKey,
});
const command = (place: Setting, args: readonly string[], binary: Binary = "run") =>
  runHere(binary, args, { folder: place.options.folder, env: environment(place) });
const ids = () => [...wandb.store.runs.keys()].map((key) => key.split("/").slice(1).join("/")).sort();
const steps = (project: string, id: string) => wandb.history(project, id).map((row) => row["_step"]);

const FJORD = [
  "nb-en/backwards_ZowUk",
  "nb-en/finetune-student_ZowUk",
  "nb-en/group_logs_ZowUk",
  "nb-en/student_ZowUk",
  "nb-en/teacher-1_ZowUk",
  "nb-en/teacher-ensemble_ZowUk",
];

describe("group", () => {
  test("publishes every training and evaluation, names what is missing, and sends nothing the second time", async () => {
    const place = await setting({ trainLog: Buffer.from(log(500)) });
    const done = await command(place, ["group", IDS.fjord, "--no-recursive-lookup"]);
    check(done, { code: 1, stderr: /W&B: 1 group, 6 runs: 6 new/ });
    // One evaluation is completed and has left no scores; a failed and a running task are no fault of ours.
    expect(done.stderr).toMatch(/ERROR evaluate-student-url-gcp_harbour-nb-en/);
    expect(done.stderr).toMatch(/warning: train-teacher-model-nb-en-2.*running/);
    expect(ids()).toEqual(FJORD);
    expect(steps("nb-en", "student_ZowUk")).toEqual([100, 200, 300, 400, 500]);
    expect(wandb.run("nb-en", "student_ZowUk")).toMatchObject({
      group: `fjord_${IDS.fjord}`,
      tags: ["taskcluster-offline"],
    });
    expect(done.stderr).toMatch(/ {2}student_ZowUk: new.*\n {4}http:.*\/nb-en\/runs\/student_ZowUk\n/);
    const requests = wandb.requests.length;
    const again = await command(place, ["group", IDS.fjord, "--no-recursive-lookup"]);
    check(again, { code: 1, stderr: /6 runs: 6 unchanged/ });
    expect(wandb.requests.length).toBe(requests);
    check(await command(place, ["group", IDS.fjord, "--no-recursive-lookup", "--override-runs"]), {
      code: 1,
      stderr: /6 runs: 6 new/,
    });
    expect(steps("nb-en", "student_ZowUk")).toEqual([100, 200, 300, 400, 500]);
  });

  test("curves of trainings that failed or still run; a running one again each time, to its end", async () => {
    const place = await setting({ trainLog: Buffer.from(log(500)) });
    const { server } = place;
    const live = server.live(IDS.teacher2);
    live.append(log(300));
    const args = ["group", IDS.fjord, "--no-recursive-lookup", "--only", "training"];
    const first = await command(place, args);
    check(first, { code: 0, stderr: /4 runs: 4 new/ });
    expect(first.stderr).toMatch(/ {2}finetune-student_ZowUk: new \(the training failed\), 5 training rows/);
    expect(first.stderr).toMatch(/ {2}teacher-2_ZowUk: new \(the training still runs\), 3 training rows/);
    expect(wandb.run("nb-en", "finetune-student_ZowUk")).toMatchObject({ state: "failed" });
    expect(wandb.run("nb-en", "teacher-2_ZowUk").state).toBe("running");
    expect(wandb.run("nb-en", "student_ZowUk").state).toBe("finished");
    live.append(log(400, 400, false));
    check(await command(place, args), { code: 0, stderr: /4 runs: 3 unchanged, 1 new/ });
    expect(steps("nb-en", "teacher-2_ZowUk")).toEqual([100, 200, 300, 400]);
    const { status } = server.store.task(IDS.teacher2);
    status.state = "completed";
    status.runs.splice(0, 1, runOf("completed", 0));
    server.setContent(IDS.teacher2, 0, "public/build/train.log", log(500));
    check(await command(place, args), { code: 0, stderr: /4 runs: 3 unchanged, 1 new/ });
    expect(steps("nb-en", "teacher-2_ZowUk")).toEqual([100, 200, 300, 400, 500]);
    expect(wandb.run("nb-en", "teacher-2_ZowUk").state).toBe("finished");
    check(await command(place, args), { code: 0, stderr: /4 runs: 4 unchanged/ });
  });

  test.each([
    ["run", ["group", IDS.fjord, "--finished-only"]],
    ["parse_tc_group", [IDS.fjord]],
  ] as const)("%s %j publishes finished trainings only", async (binary, args) => {
    const place = await setting({ trainLog: Buffer.from(log(500)) });
    const done = await command(place, [...args, "--no-recursive-lookup", "--only", "training"], binary);
    check(done, { code: 0, stderr: /finetune-nb-en \(S_v.*\): the task failed, and is left out/ });
    expect(ids()).toEqual(["nb-en/student_ZowUk", "nb-en/teacher-1_ZowUk"]);
  });

  test("related groups too, as deep as asked", async () => {
    const place = await setting({ trainLog: Buffer.from(log(300)) });
    const all = await command(place, ["group", IDS.fjord, "--json", "--no-wandb", "-o", "all"]);
    const next = await command(place, [
      "group",
      IDS.fjord,
      "--json",
      "--no-wandb",
      "-o",
      "next",
      "--depth",
      "1",
    ]);
    const groups = ({ stdout }: { stdout: string }) =>
      new Set(
        (JSON.parse(stdout) as { tables: { logs: { group: string }[] } }).tables.logs.map(
          ({ group }) => group,
        ),
      );
    expect(groups(all).size).toBeGreaterThan(groups(next).size);
    expect(groups(next).size).toBeGreaterThan(1);
  });

  test("into tables, without Weights & Biases", async () => {
    const place = await setting({ trainLog: Buffer.from(log(500)) });
    const args = ["group", IDS.fjord, "--no-recursive-lookup", "--no-wandb", "-o", "out", "--format", "csv"];
    check(await command(place, args), { code: 1, stderr: /tables: 3 logs .* 15 training rows/ });
    const training = readFileSync(join(place.options.folder, "out/training.csv"), "utf8").split("\r\n");
    expect(training).toHaveLength(17);
    const runs = readFileSync(join(place.options.folder, "out/runs.csv"), "utf8");
    expect(runs).toMatch(/^nb-en,[^,]*,finetune-student_ZowUk,.*,unfinished: the training failed,false,\r$/m);
    expect(training[1]).toMatch(
      new RegExp(`^nb-en,fjord_${IDS.fjord},student_ZowUk,0,2,2026-01-01T10:01:00\\.000Z,1,100,`),
    );
    expect(wandb.requests).toEqual([]);
  });

  test("a dry run changes nothing", async () => {
    const place = await setting({ trainLog: Buffer.from(log(500)) });
    const done = await command(place, ["group", IDS.fjord, "--no-recursive-lookup", "--dry-run"]);
    check(done, { code: 1, stdout: /new +student_ZowUk: 5 training rows/, stderr: /gcp_harbour/ });
    expect(ids()).toEqual([]);
  });

  test.each([
    ["a push", IDS.push, /holds no training and no evaluation/],
    [
      "a task",
      IDS.student,
      /is not a group but the task distillation-student-model-train-nb-en of group ZowUk/,
    ],
  ])("the id of %s is an error, which says what it is", async (_name, id, stderr) => {
    const place = await setting();
    check(await command(place, ["group", id, "-o", "out"]), { code: 1, stderr });
    expect(ids()).toEqual([]);
    expect(existsSync(join(place.options.folder, "out/training.csv"))).toBe(false);
  });

  test.each([
    ["no id", ["group", "nonsense"], 2, /is not the id of a group/],
    ["an unknown id", ["group", IDS.unknown], 1, /Y7uvQ6XZRSq4ArK6WOYigQ/],
    ["nothing to do", ["group", IDS.fjord, "--no-wandb"], 2, /nothing to do/],
  ])("%s is refused with a sentence", async (_name, args, code, message) => {
    const done = await command(await setting(), args);
    expect([done.code, done.stdout]).toEqual([code, ""]);
    expect(done.stderr.replace(/\n ›\s+/g, " ")).toMatch(message);
    expect(done.stderr).not.toMatch(/\n\s+at /);
  });

  test("parse_tc_group takes the flags of the Python command", async () => {
    const place = await setting({ trainLog: Buffer.from(log(200)) });
    const args = [IDS.fjord, "--no-recursive-lookup", "--override-runs", "-v"];
    check(await command(place, args, "parse_tc_group"), { code: 1, stderr: /student_ZowUk: new/ });
    expect(ids()).toEqual(FJORD.filter((id) => !id.includes("finetune")));
  });
});

describe("task", () => {
  test("a training that is over gives its run alone", async () => {
    const place = await setting({ trainLog: Buffer.from(log(400)) });
    check(await command(place, ["task", IDS.student]), { code: 0, stderr: /1 run: 1 new/ });
    expect(ids()).toEqual(["nb-en/student_ZowUk"]);
    expect(steps("nb-en", "student_ZowUk")).toHaveLength(4);
  });

  describe("--plot of a finished training", () => {
    const place = () => setting({ trainLog: Buffer.from(log(400)) });
    const legend = /\n\S+ student_ZowUk: last 5\.5 @ 400, /;

    test("draws it, and publishes it and writes its tables all the same", async () => {
      const here = await place();
      const done = await command(here, ["task", IDS.student, "--plot", "cost,rate", "-o", "out"]);
      check(done, { code: 0, stdout: legend, stderr: /1 run: 1 new/ });
      expect(done.stdout).toMatch(/^cost\n[\s\S]*\n\nrate\n/);
      expect(existsSync(join(here.options.folder, "out/training.csv"))).toBe(true);
      expect(ids()).toEqual(["nb-en/student_ZowUk"]);
    });

    test("draws it only, with the receipt of its log", async () => {
      const here = await place();
      const args = ["task", IDS.student, "--no-wandb", "--plot", "cost"];
      check(await command(here, args), { code: 0, stdout: legend, stderr: /training +4 rows/ });
      expect(wandb.requests).toEqual([]);
      const json = await command(here, [...args, "--json"]);
      check(json, { code: 0, stdout: /^\{/, stderr: legend });
      expect(JSON.parse(json.stdout).inputs[0].training).toBe(4);
    });

    test("names the metrics that there are when one is asked for that is none", async () => {
      const done = await command(await place(), ["task", IDS.student, "--no-wandb", "--plot", "foo", "-q"]);
      check(done, { code: 2, stderr: /--plot foo: no log has this metric; there are cost, / });
    });

    test("is for trainings", async () => {
      const done = await command(await place(), ["task", IDS.evaluation, "--no-wandb", "--plot", "chrf"]);
      check(done, { code: 2, stderr: /--plot draws trainings, and this task is an evaluation/ });
    });
  });

  test("an evaluation gives its run, and a row beside those of others in its group's table", async () => {
    const place = await setting();
    check(await command(place, ["task", IDS.evaluation]), { code: 0, stderr: /2 runs: 2 new/ });
    expect(ids()).toEqual(["nb-en/group_logs_ZowUk", "nb-en/teacher-1_ZowUk"]);
  });

  test("a task that runs, failed, or is no training is said", async () => {
    const place = await setting();
    check(await command(place, ["task", IDS.teacher2]), {
      code: 1,
      stderr: /not completed \(running\): --follow/,
    });
    check(await command(place, ["task", IDS.finetuned]), {
      code: 1,
      stderr: /not completed \(failed\): --follow/,
    });
    check(await command(place, ["task", IDS.quantize]), {
      code: 1,
      stderr: /neither a training nor an evaluation/,
    });
    expect(ids()).toEqual([]);
  });

  test("--follow publishes a running training, goes on after it was killed itself, and repeats nothing", async () => {
    const place = await setting();
    const live = place.server.live(IDS.teacher2);
    live.append(log(300));
    const args = ["task", IDS.teacher2, "--follow"];
    const start = () => startBinary("run", args, { folder: place.options.folder, env: environment(place) });
    const first = start();
    await expect.poll(() => shown("nb-en", "teacher-2_ZowUk")).toBe(300);
    first.child.kill("SIGKILL");
    await first.done;
    live.append(log(600, 400, false));
    const second = start();
    await expect.poll(() => shown("nb-en", "teacher-2_ZowUk")).toBe(600);
    live.append("[2026-01-01 10:06:30] [valid] Ep. 1 : Up. 600 : chrf : 50.5 : new best\n");
    live.append("[2026-01-01 10:07:00] Training finished\n");
    const status = place.server.store.task(IDS.teacher2).status;
    place.server.setContent(IDS.teacher2, 0, "public/logs/live_backing.log", live.content);
    status.state = "completed";
    for (const run of status.runs) run.state = "completed";
    live.end();
    const done = await second.done;
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining("completed")]);
    expect(steps("nb-en", "teacher-2_ZowUk")).toEqual([100, 200, 300, 400, 500, 600]);
    expect(wandb.history("nb-en", "teacher-2_ZowUk").at(-1)).toMatchObject({
      _step: 600,
      chrf: 50.5,
      cost: 5.5,
    });
    const console = wandb.run("nb-en", "teacher-2_ZowUk").lines["output.log"];
    expect(console).toHaveLength(live.content.toString().trimEnd().split("\n").length);
    expect(wandb.run("nb-en", "teacher-2_ZowUk").state).toBe("finished");
  });

  test("--follow writes no Parquet and says so before it asks anything", async () => {
    const place = await setting();
    const args = ["task", IDS.teacher2, "--follow", "-o", "out", "--format", "parquet"];
    check(await command(place, args), {
      code: 2,
      stderr: /--follow writes CSV and NDJSON, row by row: for Parquet,/,
    });
  });

  test("--follow of a task that failed: all that its log holds, files too, and exit code 4", async () => {
    const place = await setting();
    place.server.setContent(IDS.finetuned, 0, "public/logs/live_backing.log", log(200));
    const args = ["task", IDS.finetuned, "--follow", "-o", "out", "--plot", "cost"];
    const done = await command(place, args);
    check(done, { code: 4, stdout: /cost/, stderr: /failed/ });
    expect(ids()).toEqual(["nb-en/finetune-student_ZowUk"]);
    expect(wandb.run("nb-en", "finetune-student_ZowUk")).toMatchObject({ state: "failed", exitCode: 1 });
    const training = readFileSync(join(place.options.folder, "out/training.csv"), "utf8").split("\r\n");
    expect(training).toHaveLength(4);
    expect(existsSync(join(place.options.folder, "out/measurements.ndjson"))).toBe(true);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("--follow that is stopped by %s leaves the run running", async (signal, code) => {
    const place = await setting();
    place.server.live(IDS.teacher2).append(log(300));
    const { folder } = place.options;
    const args = ["task", IDS.teacher2, "--follow", "-o", "out"];
    const follow = startBinary("run", args, { folder, env: environment(place) });
    await expect.poll(() => written(folder)).toContain('"up":300');
    follow.child.kill(signal);
    const done = await follow.done;
    expect([done.code, done.stderr]).toEqual([code, expect.stringContaining("runs/teacher-2_ZowUk")]);
    expect(steps("nb-en", "teacher-2_ZowUk")).toEqual([100, 200, 300]);
    const run = wandb.run("nb-en", "teacher-2_ZowUk");
    expect([run.state, run.exitCode ?? undefined]).toEqual(["running", undefined]);
  });

  test("--follow that is stopped offline leaves a whole file, and a run that runs", async () => {
    const place = await setting();
    place.server.live(IDS.teacher2).append(log(300));
    const { folder } = place.options;
    const env = environment(place);
    const follow = startBinary("run", ["task", IDS.teacher2, "--follow", "-o", "out"], {
      folder,
      env: { ...env, WANDB_MODE: "offline" },
    });
    await expect.poll(() => written(folder)).toContain('"up":300');
    follow.child.kill("SIGTERM");
    expect((await follow.done).code).toBe(143);
    const synced = await runHere("run", ["sync", "wandb"], { folder, env });
    expect([synced.code, synced.stderr]).toEqual([0, expect.not.stringContaining("no end")]);
    expect(steps("nb-en", "teacher-2_ZowUk")).toEqual([100, 200, 300]);
    expect(wandb.run("nb-en", "teacher-2_ZowUk").state).toBe("running");
    const again = await runHere("run", ["sync", "wandb"], { folder, env });
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("delivered before")]);
  });

  test("a run that is named counts, whatever became of the task", async () => {
    const place = await setting({ trainLog: Buffer.from(log(400)) });
    const { server } = place;
    const { status } = server.store.task(IDS.student);
    status.runs.push(runOf("failed", 1));
    status.state = "failed";
    const address = (run: number) => `${server.url}/tasks/${IDS.student}/runs/${run}`;
    check(await command(place, ["task", address(0)]), { code: 0, stderr: /1 run: 1 new/ });
    expect(steps("nb-en", "student_ZowUk")).toHaveLength(4);
    check(await command(place, ["task", address(1)]), {
      code: 1,
      stderr: /run 1 of the task is not completed \(failed\)/,
    });
    check(await command(place, ["task", address(2)]), {
      code: 1,
      stderr: /has no run 2: there is 0 \(completed\), 1 \(failed\)/,
    });
    const asked = (...run: string[]) => command(place, ["task", address(1), "--run", ...run, "--dry-run"]);
    check(await asked("0"), { code: 0, stdout: /./ });
    check(await asked("2"), { code: 1, stderr: /has no run 2: there is 0 \(completed\)/ });
  });

  test("an evaluation can't be followed", async () => {
    const done = await command(await setting(), ["task", IDS.evaluation, "--follow"]);
    expect(done.code).toBe(2);
  });
});

/** The measurements that a command which follows has written so far. */
function written(folder: string): string {
  const file = join(folder, "out/measurements.ndjson");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** The last update that the server shows of a run, which may not be there yet. */
function shown(project: string, id: string): unknown {
  const run = wandb.store.run(wandb.entity, project, id);
  return run === undefined ? undefined : wandb.history(project, id).at(-1)?.["_step"];
}
