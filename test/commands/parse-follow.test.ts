/** A log that another program is writing. */
import { appendFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
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

function rows(folder: string): string {
  const path = join(folder, "out/training.csv");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

describe("parse --follow", () => {
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
    const held = () => server.store.run(server.entity, "p", "r")?.lines["wandb-history.jsonl"].length ?? 0;
    await eventually(() => held() === 2, live);
    appendFileSync(join(folder, "train.log"), train(3000));
    await eventually(() => rows(folder).includes(trainRow(3000)), live);
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
    await eventually(() => rows(folder).includes(trainRow(1000)), first);
    first.child.kill("SIGTERM");
    expect((await first.done).code).toBe(143);
    expect(server.history("p", "half").map(({ _step }) => _step)).toEqual([1000]);
    writeFileSync(join(folder, "train.log"), whole);
    const second = follow(folder, args, env);
    await eventually(() => rows(folder).includes(trainRow(2000)), second);
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

  it.each([
    [["--follow"], /--follow reads one file that grows: name one|nothing to read/],
    [["--follow", "-"], /--follow reads one file that grows: name one/],
    [["--follow", "a.log", "b.log"], /--follow reads one file that grows: name one/],
    [["--follow", "a.log", "--combine"], /--combine.*cannot also be provided|--follow/],
  ])("%j is refused", async (args, stderr) => {
    check(await parse(args), { code: 2, stderr });
  });
});
