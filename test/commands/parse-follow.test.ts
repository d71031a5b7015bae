/** A log that another program is writing. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  check,
  eventually,
  freshFolder,
  type LiveRun,
  parse,
  result,
  startBinary,
} from "../cli/run-binary.js";
import { csv, start, TRAINING_HEADER, train, trainRow, valid } from "../cli/sample-logs.js";
import { StandInServer } from "../servers/wandb/index.js";

let server: StandInServer;
beforeAll(async () => {
  server = await StandInServer.start();
});
afterAll(() => server.close());

function follow(folder: string, args: readonly string[] = [], env: Record<string, string> = {}): LiveRun {
  return startBinary("run", ["parse", "--follow", "train.log", "-o", "out", ...args], { folder, env });
}

function rows(folder: string, place = "out"): string {
  const path = join(folder, place, "training.csv");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** The rows of a run that the server holds. What a slow machine does not deliver before a signal may go offline after it. */
function held(project: string, run: string): number {
  return server.store.run(server.entity, project, run)?.lines["wandb-history.jsonl"].length ?? 0;
}

describe.concurrent("parse --follow", () => {
  it("writes each row as it comes, through a rename and a cut, until a signal", async () => {
    const folder = freshFolder({ "train.log": start() + train(1000) });
    const log = join(folder, "train.log");
    const live = follow(folder);
    await eventually(() => rows(folder).includes(trainRow(1000)), live);
    appendFileSync(log, train(2000).slice(0, 40));
    appendFileSync(log, train(2000).slice(40) + valid(2000, "chrf", 40));
    await eventually(() => rows(folder).includes(trainRow(2000)), live);
    renameSync(log, `${log}.1`);
    writeFileSync(log, train(3000));
    await eventually(() => rows(folder).includes(trainRow(3000)), live);
    truncateSync(log);
    appendFileSync(log, train(40));
    await eventually(() => rows(folder).includes(trainRow(40)), live);
    live.child.kill("SIGINT");
    const done = await live.done;
    check(done, { code: 130, stderr: /it was replaced[\s\S]*it was cut[\s\S]*stopped by SIGINT\n$/ });
    expect(rows(folder)).toBe(csv(TRAINING_HEADER, ...[1000, 2000, 3000, 40].map((up) => trainRow(up))));
    expect(result(done, "out/measurements.ndjson").trimEnd().split("\n")).toHaveLength(6);
  });

  it("publishes live", async () => {
    const folder = freshFolder({ "train.log": start() + train(1000) + train(2000) });
    const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
    const live = follow(folder, ["--wandb-project", "p", "--wandb-run-name", "r"], env);
    await eventually(() => held("p", "r") === 2, live);
    appendFileSync(join(folder, "train.log"), train(3000));
    await eventually(() => held("p", "r") === 3, live);
    live.child.kill("SIGTERM");
    expect((await live.done).code).toBe(143);
    expect(server.history("p", "r").map(({ _step }) => _step)).toEqual([1000, 2000, 3000]);
  });

  it("publishes no half of a number when it is stopped while a line is written", async () => {
    const whole = start() + train(1000) + train(2000);
    const folder = freshFolder({ "train.log": whole.trimEnd().slice(0, -1) });
    const args = ["--wandb-project", "p", "--wandb-run-name", "half"];
    const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
    const first = follow(folder, args, env);
    await eventually(() => held("p", "half") === 1, first);
    first.child.kill("SIGTERM");
    expect((await first.done).code).toBe(143);
    expect(server.history("p", "half").map(({ _step }) => _step)).toEqual([1000]);
    writeFileSync(join(folder, "train.log"), whole);
    const second = follow(folder, args, env);
    await eventually(() => held("p", "half") === 2, second);
    second.child.kill("SIGTERM");
    expect((await second.done).code).toBe(143);
    expect(rows(folder)).toBe(csv(TRAINING_HEADER, trainRow(1000), trainRow(2000)));
    const rates = server.history("p", "half").map(({ learning_rate }) => learning_rate);
    expect(rates).toEqual([0.0003, 0.0003]);
  });

  it("waits for a file that is not there yet", async () => {
    const folder = freshFolder();
    const live = follow(folder);
    await live.until((_, said) => said.includes("waiting for it"));
    writeFileSync(join(folder, "train.log"), train(1000));
    await eventually(() => rows(folder).includes(trainRow(1000)), live);
    live.child.kill("SIGTERM");
    check(await live.done, { code: 143, stderr: /there is no such file yet; waiting for it/ });
  });

  it("reads several files at once, into a folder and a run each; one that fails ends alone", async () => {
    const folder = freshFolder({ "student/train.log": start() + train(1000), "c/train.log/x": "" });
    const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
    const logs = ["student/train.log", "teacher/train.log", "c/train.log"];
    const args = ["parse", "--follow", ...logs, "-o", "out", "--wandb-project", "several"];
    const live = startBinary("run", args, { folder, env });
    await live.until((_, said) => said.includes("c/train.log: no longer followed: this is a directory"));
    await live.until((_, said) =>
      said.includes("teacher/train.log: there is no such file yet; waiting for it"),
    );
    await eventually(() => rows(folder, "out/student/train").includes(trainRow(1000)), live);
    mkdirSync(join(folder, "teacher"));
    writeFileSync(join(folder, "teacher/train.log"), train(10) + train(20));
    await eventually(() => rows(folder, "out/teacher/train").includes(trainRow(20)), live);
    appendFileSync(join(folder, "student/train.log"), train(2000));
    await eventually(() => rows(folder, "out/student/train").includes(trainRow(2000)), live);
    await eventually(() => held("several", "student") + held("several", "teacher-1") === 4, live);
    live.child.kill("SIGTERM");
    const done = await live.done;
    check(done, {
      code: 143,
      stderr:
        /c\/train\.log\n +ERROR +this is a directory[\s\S]*3 inputs, 1 with errors[\s\S]*stopped by SIGTERM\n$/,
    });
    const steps = (run: string) => server.history("several", run).map(({ _step }) => _step);
    expect([steps("student"), steps("teacher-1")]).toEqual([
      [1000, 2000],
      [10, 20],
    ]);
  });

  it("writes the rows of several files to standard output, each with its file", async () => {
    const folder = freshFolder({ "a.log": train(1), "b.log": train(2) });
    const args = ["parse", "--follow", "a.log", "b.log", "--format", "ndjson"];
    const live = startBinary("run", args, { folder });
    await live.until((stdout) => stdout.includes('"up":1,') && stdout.includes('"up":2,'));
    appendFileSync(join(folder, "a.log"), train(3));
    await live.until((stdout) => stdout.includes('"up":3,'));
    live.child.kill("SIGINT");
    const { code, stdout } = await live.done;
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([code, rows.map(({ source, up }) => `${source} ${up}`).sort()]).toEqual([
      130,
      ["a.log 1", "a.log 3", "b.log 2"],
    ]);
  });

  it("ends when no file can be read", async () => {
    const run = await parse(["--follow", "a", "b", "-q"], { folder: freshFolder({ "a/x": "", "b/x": "" }) });
    check(run, { code: 1, stderr: /a: no longer followed: [\s\S]*b\n +ERROR +this is a directory/ });
  });

  it.each([
    [["--follow"], /nothing to read/],
    [["--follow", "-"], /--follow reads files that grow: name them/],
    [["--follow", "a.log", "-"], /--follow reads files that grow: name them/],
    [["--follow", "https://u:p@example.com/a.log?key=1"], /and https:\/\/example\.com\/a\.log is an object/],
    [["--follow", "a.log", "--combine"], /--combine.*cannot also be provided|--follow/],
  ])("%j is refused", async (args, stderr) => {
    check(await parse(args), { code: 2, stderr });
  });
});
