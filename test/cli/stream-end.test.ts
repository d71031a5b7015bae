/** A stream that ends without `Training finished` shows a death; a file may still grow. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StandInServer } from "../servers/wandb/server.js";
import { binaryPath, eventually, freshFolder, runBinary, runShell, startBinary } from "./run-binary.js";
import { chatter, start, train } from "./sample-logs.js";

const OPEN = start() + train(1000) + train(2000);
const FINISHED = OPEN + chatter("Training finished");
const LINES = OPEN.split("\n").length - 1;
const DEATH = `line ${LINES}: the input ended without 'Training finished'`;
const CUT = "without 'Training finished'";

/** A log whose end would be forgotten by one who keeps 64 KB of it. */
const LONG = OPEN + chatter("[data] x").repeat(3000);

describe.concurrent("the end of a pipe without 'Training finished'", () => {
  const commands = [
    ["run", ["parse", "-", "-o", "out"]],
    ["run", ["parse", "--tee", "-o", "out"]],
    ["run", ["parse", "-", "--combine", "-o", "out"]],
    ["parse_tc_logs", ["--from-stream", "-o", "out"]],
  ] as const;

  it.each(commands)("is a death in the receipt of %s %j", async (binary, args) => {
    const [died, long, finished] = await Promise.all(
      [OPEN, LONG, FINISHED].map((stdin) => runBinary(binary, args, { stdin })),
    );
    expect([died?.code, long?.code, finished?.code]).toEqual([0, 0, 0]);
    expect(died?.stderr).toContain(`DIED       ${DEATH}\n`);
    expect(long?.stderr).toMatch(/DIED {7}line 3,\d+: the input ended/);
    expect(finished?.stderr).not.toContain("DIED");
  });

  it("is an error of check, with what was going on; not so of a file, nor of measurements alone", async () => {
    const saving = `${OPEN}${chatter("Saving model weights and runtime parameters to m.npz")}`;
    const piped = await runBinary("run", ["check", "-"], { stdin: saving });
    expect(piped.stdout).toMatch(
      /^-:\d+: unfinished: the input ended after update 2000, .*: the training died; it was saving the model.*\[error\]\n$/,
    );
    const folder = freshFolder({ "a.log": OPEN });
    const words = [process.execPath, binaryPath("run")];
    const still = /the training was stopped, or is still running \[warning\]\n$/;
    expect((await runShell('exec "$0" "$1" check - <a.log', words, { folder })).stdout).toMatch(still);
    expect((await runShell('exec "$0" "$1" check a.log', words, { folder })).stdout).toMatch(still);
    expect((await runShell('cat a.log | "$0" "$1" check -', words, { folder })).stdout).toMatch(
      /died \[error\]\n$/,
    );
    const rows = await runBinary("run", ["check", "-"], { stdin: train(1000) + train(2000) });
    expect([rows.code, rows.stdout]).toEqual([0, ""]);
  });

  it("is an error in a report", async () => {
    const report = ["report", "-", "-o", "r.html", "--summary", "-"];
    const piped = await runBinary("run", report, { stdin: OPEN });
    expect(piped.stdout).toMatch(/^- error: .*the input ended after update 2000.*the training died$/m);
    expect(piped.stderr).toContain(DEATH);
    const folder = freshFolder({ "a.log": OPEN });
    const words = [process.execPath, binaryPath("run"), ...report];
    const file = await runShell('exec "$0" "$@" <a.log', words, { folder });
    expect(file.stdout).toMatch(/^- warning: .*is still running$/m);
    expect(file.stderr).not.toContain(CUT);
  });
});

describe.concurrent("W&B is told of a training", () => {
  let server: StandInServer;
  beforeAll(async () => {
    server = await StandInServer.start();
  });
  afterAll(() => server.close());
  const publish = ["--wandb-project", "p", "--wandb-run-name"];
  const env = () => ({ WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey, WANDB_PUBLICATION: "true" });

  it.each([
    ["finished well", FINISHED, "finished"],
    ["died", OPEN, "failed"],
    ["died of an error", `${OPEN}[2024-07-03 10:00:00] Error: CUDA error 2\n`, "failed"],
    ["which is not known", train(1000) + train(2000), "finished"],
  ])("that %s", async (what, stdin, state) => {
    const name = what.replaceAll(" ", "-");
    const piped = await runBinary("parse_tc_logs", ["-s", ...publish, `pipe-${name}`], { stdin, env: env() });
    const parsed = await runBinary("run", ["parse", "-", ...publish, name], { stdin, env: env() });
    expect([piped.code, parsed.code]).toEqual([0, 0]);
    expect([server.run("p", `pipe-${name}`).state, server.run("p", name).state]).toEqual([state, state]);
  });

  it.each([
    ["runs on when the follower leaves", OPEN, "running"],
    ["finished", FINISHED, "finished"],
  ])("in a file that is followed and %s", async (_, log, state) => {
    const folder = freshFolder({ "train.log": log });
    const args = ["parse", "--follow", "train.log", "-o", "out", ...publish, `follow-${state}`];
    const live = startBinary("run", args, { folder, env: env() });
    const held = () =>
      server.store.run(server.entity, "p", `follow-${state}`)?.lines["wandb-history.jsonl"].length;
    await eventually(() => held() === 2, live);
    live.child.kill("SIGINT");
    expect((await live.done).code).toBe(130);
    expect(server.run("p", `follow-${state}`).state).toBe(state);
  });
});
