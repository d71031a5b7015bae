/** A training writes its log while a command reads it. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StandInServer } from "../servers/wandb/index.js";
import { check, freshFolder, type RunOptions } from "./run-binary.js";
import { runHere } from "./run-here.js";

const BANNER = "[2026-01-01 09:00:00] [marian] Marian v1.12.0 65bf82ff 2023-02-21 09:56:29 -0800\n";
const STARTED = "[2026-01-01 09:00:01] Training started\n";
const row = (number: number) =>
  `[2026-01-01 10:00:${String(number).padStart(2, "0")}] Ep. 1 : Up. ${number} : Sen. ${number} : Cost 5.25 : Time 10.00s : 100.00 words/s : gNorm 1.5`;
/** Three rows, and a fourth up to the middle of its last number. */
const LOG = `${BANNER}${STARTED}${[1, 2, 3].map(row).join("\n")}\n${row(4).slice(0, -2)}`;

/** Writes on at the moment when a reader has come to the end of the log: the rest of the line, and half of the next. */
const WRITER = `
const fs = require("node:fs");
const files = require("node:fs/promises");
const { appendFileSync, readFileSync, openSync, readSync } = fs;
const { open } = files;
const row = ${row};
const writeOn = (path) => {
  const updates = readFileSync(path, "utf8").split("Up. ").length;
  appendFileSync(path, ".5\\n" + row(updates).slice(0, -2));
};
const logs = new Map();
fs.openSync = (path, ...how) => {
  const file = openSync(path, ...how);
  logs.delete(file);
  if (String(path).endsWith("train.log")) logs.set(file, path);
  return file;
};
fs.readSync = (file, ...where) => {
  const bytes = readSync(file, ...where);
  if (bytes === 0 && logs.has(file)) writeOn(logs.get(file));
  return bytes;
};
files.open = async (path, ...how) => {
  const file = await open(path, ...how);
  if (!String(path).endsWith("train.log")) return file;
  const read = file.read.bind(file);
  file.read = async (...where) => {
    const result = await read(...where);
    if (result.bytesRead === 0) writeOn(path);
    return result;
  };
  return file;
};
require("node:module").syncBuiltinESMExports();
`;

const GROWS = { NODE_OPTIONS: "--require ./writer.cjs" };
const training = (path = "train.log", text = LOG) => freshFolder({ [path]: text, "writer.cjs": WRITER });
const run = (args: readonly string[], folder: string, env: RunOptions["env"] = {}) =>
  runHere("run", args, { folder, env });

let server: StandInServer;
beforeEach(async () => {
  server = await StandInServer.start();
});
afterEach(() => server.close());

const wandb = () => ({ WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey, XDG_CACHE_HOME: "cache" });

test("parse leaves out the line that was cut, says that the run is running, and W&B is told so", async () => {
  const folder = training();
  const args = ["parse", "train.log", "-o", "out", "--wandb-project", "cs-en", "--wandb-run-name", "student"];
  const first = await run(args, folder, { ...wandb(), ...GROWS });
  check(first, { code: 0, stderr: /running {4}the log changed while it was read/ });
  expect(server.run("cs-en", "student")?.state).toBe("running");
  // Each reading finds what the one before it has seen being written.
  const updates = readFileSync(join(folder, "out/training.csv"), "utf8").trim().split("\n").slice(1);
  expect(updates.every((line) => line.includes("5.25") && line.includes("1.5"))).toBe(true);
  const second = await run([...args, "--json"], folder, wandb());
  expect(JSON.parse(second.stdout).inputs[0].running).toBeUndefined();
  expect(server.run("cs-en", "student")?.state).toBe("finished");
});

test("check finds that the training is running, which is nothing to look after", async () => {
  const done = await run(["check", "train.log"], training(), GROWS);
  check(done, {
    code: 0,
    stdout:
      "train.log:5: unfinished: the log ends after update 3, and changed while it was read: the training is running [info]\n",
    stderr: /train\.log: the log changed while it was read/,
  });
  const json = await run(["check", "train.log", "--json"], training(), GROWS);
  expect(JSON.parse(json.stdout).inputs[0]).toMatchObject({ running: true, training: 3 });
  const still = await run(["check", "train.log", "--json"], training());
  expect(JSON.parse(still.stdout).inputs[0].running).toBeUndefined();
});

test("report says that the run is running, in its receipt and in the summary", async () => {
  const folder = training();
  const done = await run(["report", "train.log", "--summary", "summary.md", "--json"], folder, GROWS);
  expect(JSON.parse(done.stdout).inputs[0]).toMatchObject({ running: true, training: 3 });
  expect(readFileSync(join(folder, "summary.md"), "utf8")).toContain("info: `train`, line 5");
});

test.each([1, 2])(
  "archive with %i threads keeps no ledger entry of it, for runs and for tables",
  async (jobs) => {
    const path = (model: string) => `archive/logs/en-hu/base_Abcdefghijklmnopqrstuv/${model}`;
    const folder = training(`${path("student")}/train.log`);
    const args = ["archive", "archive", "-o", "out", "--jobs", String(jobs), "--json"];
    const first = JSON.parse((await run(args, folder, { ...wandb(), ...GROWS })).stdout);
    expect(first.exit_code).toBe(0);
    expect(first.tables.logs[0]).toMatchObject({ running: true });
    expect(first.groups[0].runs[0]).toMatchObject({ run: "student_Abcde", state: "new", running: true });
    expect(server.run("en-hu", "student_Abcde")?.state).toBe("running");
    const ledger = readFileSync(join(folder, "out/ledger.ndjson"), "utf8");
    expect(ledger).not.toContain("student_Abcde");
    expect(ledger).not.toContain('"tables"');
    // The next run reads it again, as it is now.
    appendFileSync(join(folder, path("student"), "train.log"), ".5\n");
    const second = JSON.parse((await run(args, folder, wandb())).stdout);
    expect(second.tables.state).toBe("new");
    expect(second.tables.logs[0].running).toBeUndefined();
    const updates = readFileSync(join(folder, path("student"), "train.log"), "utf8").split("Up. ").length - 1;
    expect(second.tables.logs[0].training).toBe(updates);
    expect(server.history("en-hu", "student_Abcde").map((line) => line["_step"])).toEqual(
      Array.from({ length: updates }, (_, index) => index + 1),
    );
    expect(server.run("en-hu", "student_Abcde")?.state).toBe("finished");
    const third = JSON.parse((await run(args, folder, wandb())).stdout);
    expect([third.tables.state, third.groups[0].runs[0].state]).toEqual(["unchanged", "unchanged"]);
  },
);
