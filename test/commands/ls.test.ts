import { describe, expect, it } from "vitest";
import { check } from "../cli/run-binary.js";
import { setting } from "../cli/taskcluster.js";
import { IDS } from "../taskcluster/client/ids.js";

const LOG = `[2026-11-24 11:00:00] [marian] Marian v1.12.14 2d067afb 2024-02-16 11:44:13 -0500
[2026-11-24 11:10:00] Ep. 3 : Up. 7000 : Sen. 250,000 : Cost 5.12345678 : Time 60.00s : 12345.67 words/s : gNorm 1.2345
`;

describe("ls", () => {
  it("prints a tree of trainings and evaluations", async () => {
    const { server, run } = await setting({ trainLog: Buffer.from(LOG) });
    server.live(IDS.teacher2).append(LOG.replace(/7000/, "100"));
    const listed = await run("ls", IDS.fjord);
    check(listed, { code: 0, stdout: /./ });
    const lines = listed.stdout.replace(/ {2,}/g, "  ").split("\n");
    expect(lines[0]).toBe(`nb-en/fjord_${IDS.fjord}: 8 completed, 1 running, 1 unscheduled, 2 failed`);
    expect(lines).toContain(
      `teacher-1  completed  2 runs  1h 40m  Ep. 3 Up. 7000  2026-11-24 11:50Z  ${IDS.teacher1}`,
    );
    expect(lines).toContain(
      "├─ flores_aug-mix_devtest  completed  1 run  50m 0s  -  2026-11-24 10:50Z  LvG3EQxGQQyLxwojvxgztg",
    );
    expect(lines.find((line) => line.startsWith("teacher-2"))).toMatch(
      new RegExp(`^teacher-2  running  1 run  .*  Ep. 3 Up. 100  2026-11-24 10:00Z  ${IDS.teacher2}$`),
    );
    expect(lines).toContain("└─ flores_devtest  unscheduled  0 runs  -  -  -  Jjn8L6ksR3mOub34yatNNw");
    const order = lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split("  ")[0]);
    expect(order.slice(1)).toEqual([
      "finetune-student",
      "student",
      "teacher-1",
      "teacher-2",
      "backwards",
      "quantized",
      "teacher-ensemble",
    ]);
  });

  it("prints the same as JSON", async () => {
    const { run } = await setting({ trainLog: Buffer.from(LOG) });
    const listed = await run("ls", "--json", IDS.fjord);
    check(listed, { code: 0, stdout: /./ });
    const { models, problems, ...group } = JSON.parse(listed.stdout);
    expect(group).toEqual({ group: IDS.fjord, project: "nb-en", name: `fjord_${IDS.fjord}` });
    expect(models.find(({ model }: { model: string }) => model === "teacher-1")).toMatchObject({
      run: "teacher-1_ZowUk",
      training: {
        task_id: IDS.teacher1,
        label: "train-teacher-model-nb-en-1",
        state: "completed",
        runs: 2,
        started: "2026-11-24T11:00:30.000Z",
        resolved: "2026-11-24T11:50:30.000Z",
        seconds: 6000,
        epoch: 3,
        up: 7000,
      },
      evaluations: [
        { importer: "flores", dataset: "devtest", augmentation: "aug-mix" },
        { augmentation: null },
      ],
    });
    // The teacher that runs has no log yet.
    expect(problems).toEqual([
      expect.objectContaining({ source: "train-teacher-model-nb-en-2", severity: "warning" }),
    ]);
  });

  it("asks for the list and the configuration alone with --no-updates", async () => {
    const { server, run } = await setting();
    const listed = await run("ls", "--no-updates", `${server.url}/tasks/groups/${IDS.fjord}`);
    check(listed, { code: 0, stdout: /Jjn8L6ksR3mOub34yatNNw/ });
    expect(listed.stdout).not.toContain("Up.");
    expect(server.requests.map(({ endpoint }) => endpoint)).toEqual(["task", "list"]);
  });

  it("says what keeps a task from starting, and which task upstream is the cause", async () => {
    const { server, run } = await setting();
    const blockers = async (...more: string[]) => {
      const listed = await run("ls", IDS.fjord, "--no-updates", ...more);
      check(listed, { code: 0, stdout: /./ });
      return listed.stdout.split("\n").filter((line) => /blocked by|waits for|and for/.test(line));
    };
    const cause = `distillation-student-model-finetune-nb-en (${IDS.finetuned}), which`;
    expect(await blockers()).toEqual([`     blocked by ${cause} failed`]);
    const finetuned = server.store.task(IDS.finetuned);
    for (const state of ["running", "unscheduled"]) {
      finetuned.status.state = state;
      finetuned.status.runs.length = 0;
      const listed = await blockers();
      expect(listed).toContain(`     waits for ${cause} is ${state}`);
    }
    // A task of another group is asked for; a dependency that need not succeed blocks nothing.
    const student = server.store.task(IDS.student);
    student.status.state = "unscheduled";
    student.status.runs.length = 0;
    const failed = "ALNSC1HvSiqP8tAwxQ0DDQ";
    Object.assign(student.definition, { dependencies: [IDS.teacher1, failed, "DSIVQLvpTxm5VPA83viBEg"] });
    server.store.task(failed).status.state = "failed";
    server.store.task("DSIVQLvpTxm5VPA83viBEg").status.state = "pending";
    const waits = ["blocked by build-vocab-nb-en", "waits for merge-corpus-nb-en"];
    expect(await blockers("--kind", "train")).toEqual([
      expect.stringContaining(`  ${waits[0]} (${failed}), which failed`),
      expect.stringContaining(`  ${waits[1]} (DSIVQLvpTxm5VPA83viBEg), which is pending`),
      // The finetuning waits for the same.
      expect.stringContaining(waits[0] ?? ""),
      expect.stringContaining(waits[1] ?? ""),
    ]);
    Object.assign(student.definition, { requires: "all-resolved" });
    expect((await blockers("--kind", "train")).join()).not.toContain("build-vocab");
    const json = await run("ls", IDS.fjord, "--no-updates", "--json", "--state", "unscheduled");
    const { models } = JSON.parse(json.stdout);
    const training = models.find(({ model }: { model: string }) => model === "student").training;
    expect(training.blocked_by).toEqual([
      { task_id: "DSIVQLvpTxm5VPA83viBEg", label: "merge-corpus-nb-en", state: "pending" },
    ]);
  });

  it("lists what failed only, or one kind only", async () => {
    const { server, run } = await setting();
    const rows = async (...args: string[]) => {
      const listed = await run("ls", IDS.fjord, "--no-updates", ...args);
      check(listed, { code: 0, stdout: /./ });
      const [title, ...lines] = listed.stdout.trimEnd().split("\n");
      expect(title).toContain("8 completed, 1 running, 1 unscheduled, 2 failed");
      return lines.map((line) => line.split(/ {2,}/).slice(0, 2).join(" ").trim());
    };
    const failed = ["finetune-student failed", "student", "└─ flores_devtest failed"];
    expect(await rows("--state", "failed")).toEqual(failed);
    const running = [failed[0], "teacher-2 running", ...failed.slice(1)];
    expect(await rows("--state", "failed,running")).toEqual(running);
    expect(await rows("--state", "running", "--state", "failed")).toEqual(running);
    expect(await rows("--kind", "train")).toHaveLength(4);
    expect(await rows("--kind", "distillation", "--state", "failed")).toEqual(failed.slice(0, 1));
    expect(await rows("--kind", "evaluate-quantized,train-teacher-model")).toHaveLength(5);
    expect(await rows("--state", "pending")).toEqual(["none of them is selected"]);
    // A log is read for the trainings that are listed.
    await run("ls", IDS.fjord, "--kind", "evaluate");
    expect(server.count("content")).toBe(0);
    check(await run("ls", IDS.fjord, "--state", "faild"), {
      code: 2,
      stderr: /--state faild: the states are completed, .*exception\. Did you mean failed\?/,
    });
    check(await run("ls", IDS.fjord, "--kind", "tarin"), {
      code: 2,
      stderr: /--kind tarin: no training .* has this kind: there are .*evaluate, .* Did you mean train\?/,
    });
  });

  it("lists several groups, each once, and goes on without those that are gone", async () => {
    const { run } = await setting();
    const groups = [IDS.fjord, IDS.unknown, IDS.coast, IDS.fjord];
    const listed = await run("ls", "--no-updates", ...groups);
    check(listed, {
      code: 1,
      stdout: /^nb-en\/fjord_.*\n\nnb-en\/coast_/s,
      stderr: /ERROR Y7uv.* expired/,
    });
    expect(listed.stdout.match(/nb-en\/fjord/g)).toHaveLength(1);
    const json = await run("ls", "--no-updates", "--json", ...groups);
    check(json, { code: 1, stdout: /./, stderr: /ERROR Y7uv/ });
    const objects: { group: string; models: unknown[]; problems: unknown[] }[] = JSON.parse(json.stdout);
    expect(objects.map(({ group }) => group)).toEqual([IDS.fjord, IDS.unknown, IDS.coast]);
    expect(objects[1]).toMatchObject({ models: [], problems: [{ severity: "failure" }] });
  });

  it("reads a log once, and the next time from the cache", async () => {
    const { server, run } = await setting({ trainLog: Buffer.from(LOG) });
    await run("ls", IDS.coast);
    expect(server.count("content")).toBe(1);
    check(await run("ls", IDS.coast), { code: 0, stdout: /Up\. 7000/ });
    expect(server.count("content")).toBe(1);
    await run("ls", IDS.coast, "--no-cache");
    expect(server.count("content")).toBe(2);
  });

  it("lists a group that no action has started", async () => {
    const { run } = await setting();
    check(await run("ls", IDS.push), {
      code: 0,
      stdout: `${IDS.push}: no trainings and no evaluations\n`,
      stderr: /no action "train" has started it/,
    });
  });

  it("says what is wrong in words", async () => {
    const { server, run } = await setting();
    check(await run("ls", "fjord"), {
      code: 2,
      stderr: /'fjord' is not the id of a group: give the 22 characters/,
    });
    check(await run("ls"), { code: 2, stderr: /Missing argument: / });
    expect(server.count()).toBe(0);
    check(await run("ls", IDS.unknown), {
      code: 1,
      stderr: /task group Y7uv.* is not there, or has expired/,
    });
    check(await run("ls", IDS.student), {
      code: 1,
      stderr: new RegExp(`the task of this id belongs to group ${IDS.fjord}`),
    });
    server.inject({
      fault: {
        kind: "status",
        status: 403,
        body: "<html><title>Blocked</title></html>",
        contentType: "text/html",
      },
    });
    check(await run("ls", IDS.fjord), { code: 1, stderr: /may not be read without credentials.*Blocked/ });
  });

  it.each([
    ["ls"],
    ["compare"],
    ["download", "-o", "out"],
    ["group", "--no-wandb", "-o", "out"],
    ["task", "--no-wandb", "-o", "out"],
    ["logs"],
  ])("%s takes an id that begins with a dash, with or without --", async (...command) => {
    const { run } = await setting();
    const id = "-KzQnU3NTraRL8tBxB-s5g";
    for (const args of [[id], [`${id}/`], ["--", id]])
      check(await run(...command, ...args), { code: 1, stderr: /-KzQnU3NTraRL8tBxB-s5g is not there/ });
  });

  it("takes a task that is selected in Treeherder for its group", async () => {
    const { run } = await setting();
    const selected = (id: string) => `https://treeherder.mozilla.org/jobs?repo=x&selectedTaskRun=${id}.0`;
    const listed = await run("ls", IDS.fjord, "--no-updates");
    expect((await run("ls", selected(IDS.student), "--no-updates")).stdout).toBe(listed.stdout);
    // The task of the action that started the group belongs to another.
    expect((await run("ls", selected(IDS.fjord), "--no-updates")).stdout).toBe(listed.stdout);
    check(await run("logs", selected(IDS.student)), { code: 0, stdout: /Marian/ });
  });

  it("refuses an address that is none", async () => {
    const { options, run } = await setting();
    const env = { ...options.env, TASKCLUSTER_ROOT_URL: "firefox-ci" };
    const { runBinary } = await import("../cli/run-binary.js");
    check(await runBinary("run", ["ls", IDS.fjord], { ...options, env }), {
      code: 2,
      stderr: /TASKCLUSTER_ROOT_URL is not the address of a Taskcluster deployment/,
    });
    check(await run("ls", "ftp://x/tasks/groups/y"), { code: 2, stderr: /is not an http\(s\) address/ });
  });

  it("shows labels without what would control the terminal", async () => {
    const { server, run } = await setting();
    Object.assign(server.store.task(IDS.student).definition.tags, {
      label: "train-\u001b[31mred\u0007-nb-en",
    });
    const listed = await run("ls", "--no-updates", IDS.fjord);
    check(listed, { code: 0, stdout: /train-\\u001b\[31mred\\u0007-nb-en/ });
  });
});
