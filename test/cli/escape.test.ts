/** Text from outside reaches no terminal as it is: names of files, tasks and metrics, answers of servers. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";
import { binaryPath, freshFolder, type Run, runShell } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { start, train, valid } from "./sample-logs.js";
import { type Setting, setting } from "./taskcluster.js";

/** Sets the window's title, colours, turns the writing round, and begins a line of its own. */
const HOSTILE = "a\u001b]0;pwn\u0007\u009b31m\u0085\u202e\u2066\u200f\u061c\u2028\r\nforged\u007fz";
/** Half of a character: JSON can hold one. */
const HALF = "\ud83d";
const ESCAPE = "\u001b";
const UNSAFE = /(?!\n)[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/u;
const LOG = start({ metrics: ["chrf"] }) + train(100) + valid(100, "chrf", 40) + train(200);

/** Holds all that was printed to be harmless; it has to name what is hostile. */
function checkHarmless({ stdout, stderr }: Run, shown: string | RegExp = "pwn"): void {
  const printed = stdout + stderr;
  expect(printed).toMatch(shown);
  expect(UNSAFE.exec(printed)?.input.slice(0, 500)).toBeUndefined();
  expect(printed).not.toMatch(/^\s*forged/m);
}

describe("names of files", () => {
  const folder = () =>
    freshFolder({ [`${HOSTILE}/train.log`]: LOG, [`logs/xx-yy/${HOSTILE}/student/train.log`]: LOG });
  const log = `${HOSTILE}/train.log`;

  test.each([
    ["parse", ["parse", log, "-o", "out"]],
    ["parse of several", ["parse", log, `./${log}`, "--verbose", "-o", "out"]],
    ["parse of what is not there", ["parse", `${HOSTILE}.log`]],
    ["parse of a list", ["parse", "--files-from", `${HOSTILE}.txt`]],
    ["parse of a manifest", ["parse", "--manifest", `${HOSTILE}.ndjson`, "--format", "ndjson"]],
    ["parse --dry-run", ["parse", log, "--dry-run", "--wandb-project", "p", "--wandb-client", "offline"]],
    ["parse --plot", ["parse", log, "--plot", "cost", "-o", "out"]],
    ["parse --publisher", ["parse", log, "--publisher", `./${HOSTILE}.js`, "-o", "out"]],
    ["parse_tc_logs", ["parse_tc_logs", "-i", `${HOSTILE}.log`]],
    ["check", ["check", log]],
    ["check of what is not there", ["check", `${HOSTILE}.log`]],
    ["report", ["report", log, "-o", `${HOSTILE}.html`, "--summary", "-"]],
    ["archive", ["archive", ".", "--no-wandb", "-o", "out", "--verbose"]],
    ["archive --dry-run", ["archive", ".", "--dry-run", "--wandb-client", "offline"]],
    ["archive of what is not there", ["archive", HOSTILE.repeat(2), "--no-wandb", "-o", "out"]],
    ["plan of what is not there", ["plan", HOSTILE.repeat(2)]],
    ["publish of what is not there", ["publish", HOSTILE.repeat(2), "--wandb-client", "offline"]],
    ["sync of what is not there", ["sync", HOSTILE.repeat(2)]],
    ["eval of what is not there", ["eval", "--metrics-json", `${HOSTILE}.json`]],
    ["a flag", ["parse", `--${HOSTILE}`]],
    ["a command", [HOSTILE]],
  ] as const)("are printed harmlessly by %s", async (_name, args) => {
    const env = { WANDB_API_KEY: "k".repeat(40), WANDB_BASE_URL: "http://127.0.0.1:9" };
    const done = await runHere("run", args, { folder: folder(), env });
    // The framework wraps lines, and breaks names that are in its way.
    expect(done.stdout + done.stderr).toMatch(/u001b/);
    expect(UNSAFE.exec(done.stdout + done.stderr)?.input.slice(0, 500)).toBeUndefined();
  });

  test.each([
    ["parse", ["parse", log, "-o", "out", "--json"], "inputs.0.source", log],
    ["check", ["check", log, "--json"], "inputs.0.source", log],
    ["archive", ["archive", ".", "--no-wandb", "-o", "out", "--json"], "tables.logs.0.group", HOSTILE],
  ] as const)("in JSON are escaped too, and stay what they are: %s", async (_name, args, path, expected) => {
    const done = await runHere("run", args, { folder: folder() });
    expect(done.stdout).not.toMatch(UNSAFE);
    let value: unknown = JSON.parse(done.stdout);
    for (const key of path.split(".")) value = (value as Record<string, unknown>)[key];
    expect(value).toBe(expected);
  });

  test("in data stay what they are, and so does standard input that is passed on", async () => {
    const done = await runHere("run", ["parse", log, "--format", "ndjson"], { folder: folder() });
    expect(JSON.parse(done.stdout.split("\n")[0] ?? "")).toMatchObject({ source: log });
    const bytes = `${LOG}${HOSTILE}\n`;
    const passed = await runHere("run", ["parse", "-", "--tee", "-o", "out"], { stdin: bytes });
    expect(passed.stdout).toBe(bytes);
  });

  test("on a terminal are escaped too, beside the colours of a chart and of a message", async () => {
    if (spawnSync("script", ["--version"]).error !== undefined) {
      process.stdout.write("skipped: the program script, which makes a terminal, is not installed\n");
      return;
    }
    const shell = `exec script -qec '"$NODE" "$BINARY" parse "$LOG" --plot cost -o out; "$NODE" "$BINARY" check "$LOG"; "$NODE" "$BINARY" parse "$LOG" --format ndjson; "$NODE" "$BINARY" "$LOG"' /dev/null </dev/null`;
    const env = {
      NODE: process.execPath,
      BINARY: binaryPath("run"),
      LOG: log,
      TERM: "xterm",
      LC_ALL: "C.UTF-8",
    };
    const { stdout } = await runShell(shell, [], { folder: folder(), env });
    expect(stdout).toMatch(new RegExp(`${ESCAPE}\\[36m`));
    const plain = stdout.replace(new RegExp(`${ESCAPE}\\[\\d+m`, "g"), "").replaceAll("\r\n", "\n");
    expect(plain).toMatch(/pwn/);
    expect(UNSAFE.exec(plain)?.input.slice(0, 2000)).toBeUndefined();
  });
});

describe("what a log says", () => {
  const text = `${LOG}[2024-07-03 09:00:00] Ep. 1 : Up. 300 : ${HOSTILE.replace(/[\r\n]/g, "")}\n[2024-07-03 09:00:00] Error: ${HOSTILE.replace(/[\r\n]/g, "")}\n`;

  test.each([["parse"], ["check"], ["report"]])("is printed harmlessly by %s", async (name) => {
    const folder = freshFolder({ "train.log": text });
    const args = name === "check" ? [] : ["-o", name === "report" ? "out.html" : "out"];
    checkHarmless(
      await runHere("run", [name, "train.log", ...args], { folder }),
      name === "report" ? /./ : "pwn",
    );
  });
});

describe("names and errors of Taskcluster", () => {
  function poison({ server }: Setting): void {
    for (const { definition } of server.store.tasks.values()) {
      const { tags, metadata } = definition as {
        tags: Record<string, string>;
        metadata: Record<string, string>;
      };
      const label = tags["label"] ?? "";
      tags["label"] = `${label.replace(/-nb-en/, "")}${HOSTILE}${HALF}`;
      metadata["name"] = tags["label"];
    }
    const action = server.store.actions.get(IDS.fjord) as { extra?: unknown } | undefined;
    const input = { experiment: { name: HOSTILE, src: HOSTILE, trg: HOSTILE } };
    if (action !== undefined) action.extra = { action: { context: { input } } };
  }
  const flags = ["--no-recursive-lookup", "--no-wandb", "-o", "out"];

  test.each([
    ["ls", ["ls", IDS.fjord]],
    ["group", ["group", IDS.fjord, ...flags, "--verbose"]],
    [
      "group --dry-run",
      ["group", IDS.fjord, "--no-recursive-lookup", "--wandb-client", "offline", "--dry-run"],
    ],
    ["group of a task", ["group", IDS.student, ...flags]],
    ["download", ["download", IDS.fjord, "-o", "out"]],
    ["compare", ["compare", IDS.fjord]],
    ["compare --format markdown", ["compare", IDS.fjord, "--format", "markdown"]],
    ["task", ["task", IDS.student, "--no-wandb", "-o", "out", "--verbose"]],
    ["task of another kind", ["task", IDS.quantize, "--no-wandb", "-o", "out"]],
    ["report", ["report", "--from", "group", IDS.fjord, "-o", "out.html", "--summary", "-"]],
  ] as const)("are printed harmlessly by %s", async (_name, args) => {
    const place = await setting({ trainLog: Buffer.from(LOG) });
    poison(place);
    checkHarmless(await place.run(...args));
  });

  test.each([
    ["ls", ["ls", IDS.fjord, "--json"]],
    ["group", ["group", IDS.fjord, ...flags, "--json"]],
    ["download", ["download", IDS.fjord, "-o", "out", "--json"]],
    ["compare", ["compare", IDS.fjord, "--json"]],
  ] as const)("in JSON: %s", async (_name, args) => {
    const place = await setting({ trainLog: Buffer.from(LOG) });
    poison(place);
    const done = await place.run(...args);
    expect(done.stdout).not.toMatch(UNSAFE);
    const texts: string[] = [];
    JSON.parse(done.stdout, (_key, value) => {
      if (typeof value === "string") texts.push(value);
      return value;
    });
    expect(texts.some((one) => one.includes(HOSTILE) || one.includes("\u001b]0;pwn\u0007"))).toBe(true);
  });

  test.each([["logs"], ["ls"], ["task"]])("errors: %s", async (name) => {
    const place = await setting();
    const body = JSON.stringify({ code: "InputError", message: HOSTILE });
    place.server.inject({
      fault: { kind: "status", status: 400, body, contentType: "application/json" },
      times: 99,
    });
    const id = name === "ls" ? IDS.fjord : IDS.teacher1;
    checkHarmless(await place.run(name, id, ...(name === "task" ? ["-o", "out", "--no-wandb"] : [])));
  });
});

describe("answers of W&B", () => {
  let server: StandInServer;
  beforeAll(async () => {
    server = await StandInServer.start();
  });
  afterAll(() => server.close());

  test.each([
    ["parse", ["parse", "train.log", "--wandb-project", "p", "-o", "out"]],
    ["parse --json", ["parse", "train.log", "--wandb-project", "p", "-o", "out", "--json"]],
    ["parse --dry-run", ["parse", "train.log", "--wandb-project", "p", "--dry-run"]],
    ["doctor", ["doctor", "--wandb-project", "p"]],
    [
      "eval",
      [
        "eval",
        "--metric",
        "chrf=50",
        "--model",
        "student",
        "--dataset",
        "flores_devtest",
        "--wandb-project",
        "p",
        "--wandb-group",
        "g",
      ],
    ],
  ] as const)("are printed harmlessly by %s", async (_name, args) => {
    server.inject({ endpoint: "graphql", fault: { kind: "graphql-error", message: HOSTILE }, times: 99 });
    const folder = freshFolder({ "train.log": LOG });
    const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
    const done = await runHere("run", args, { folder, env });
    expect(UNSAFE.exec(done.stdout + done.stderr)?.input.slice(0, 500)).toBeUndefined();
    expect(done.stdout + done.stderr).not.toMatch(/^\s*forged/m);
    server.heal();
  });
});
