/** What the version of this program before ledgers had a form left behind (`fixtures/earlier`), and what this one makes of it. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StandInServer } from "../servers/wandb/index.js";
import { check, freshFolder, type RunOptions } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { setting } from "./taskcluster.js";

const EARLIER = fileURLToPath(new URL("../../fixtures/earlier/", import.meta.url));
const LOG = "archive/logs/en-hu/exp1_Abcdefghijklmnopqrstuv/student/train.log";
const RUN = "wandb/offline-run-20260101_120000-student_Abcde";
const TIME = new Date("2026-01-01T12:00:00Z");
const TABLES = ["training", "validation", "evaluations", "runs"].map((name) => `${name}.csv`);

let server: StandInServer;
beforeEach(async () => {
  server = await StandInServer.start({ entity: "me" });
});
afterEach(async () => {
  expect(server.violations).toEqual([]);
  await server.close();
});

type Copy = readonly [from: string, to: string];

/** The archive that the earlier version read, with what it left. */
function leftBehind(...parts: readonly Copy[]): string {
  const folder = freshFolder({ [LOG]: readFileSync(join(EARLIER, "train.log")) });
  for (const [from, to] of parts) cpSync(join(EARLIER, from), join(folder, to), { recursive: true });
  // The ledger knows files by their size and time.
  for (const file of [LOG, ...TABLES.map((name) => `out/${name}`)])
    if (existsSync(join(folder, file))) utimesSync(join(folder, file), TIME, TIME);
  return folder;
}

/** The same before a `sync` of the earlier version. */
function neverDelivered(...parts: readonly Copy[]): string {
  const folder = leftBehind(...parts);
  rmSync(join(folder, RUN, "marian-tracking.delivered.json"));
  return folder;
}

const run = (args: readonly string[], folder: string, env: RunOptions["env"] = {}) =>
  runHere("run", args, {
    folder,
    env: {
      WANDB_BASE_URL: server.url,
      WANDB_API_KEY: server.apiKey,
      WANDB_ENTITY: "me",
      XDG_CACHE_HOME: "cache",
      ...env,
    },
  });
const tables = (folder: string, place = "out") =>
  TABLES.map((name) => readFileSync(join(folder, place, name), "utf8"));
const OFF = { WANDB_MODE: "disabled" };
const ARCHIVE = ["archive", "archive", "--format", "csv", "-o"];
const updates = () => server.history("en-hu", "student_Abcde").map((row) => row["train/up"] ?? row["_step"]);

describe("tables", () => {
  test("are made again, whatever the ledger says: their form may be another", async () => {
    const folder = leftBehind(["tables", "out"], ["ledger.ndjson", "out/ledger.ndjson"]);
    const first = await run([...ARCHIVE, "out", "--json"], folder, OFF);
    expect(JSON.parse(first.stdout)).toMatchObject({ exit_code: 0, tables: { state: "changed" } });
    check(await run([...ARCHIVE, "fresh"], folder, OFF), { code: 0, stderr: /1 log / });
    expect(tables(folder)).toEqual(tables(folder, "fresh"));
    const second = await run([...ARCHIVE, "out", "--json"], folder, OFF);
    expect(JSON.parse(second.stdout).tables.state).toBe("unchanged");
  });

  test("parts of an interrupted run are not used, and do not stay", async () => {
    const folder = leftBehind(["parts", "out/.parts"]);
    // What is in a part shows in the tables.
    for (const name of readdirSync(join(folder, "out/.parts")))
      if (existsSync(join(folder, "out/.parts", name, "part.json"))) {
        const path = join(folder, "out/.parts", name, "training.csv");
        writeFileSync(path, readFileSync(path, "utf8").replaceAll("5.25", "9.99"));
      }
    check(await run([...ARCHIVE, "out"], folder, OFF), { code: 0, stderr: /1 log / });
    expect(tables(folder)[0]?.match(/5\.25/g)).toHaveLength(3);
    expect(existsSync(join(folder, "out/.parts"))).toBe(false);
  });
});

describe("offline files", () => {
  test("are delivered, each row once, and marked", async () => {
    const folder = neverDelivered(["wandb", "wandb"]);
    check(await run(["sync", "wandb"], folder), { code: 0, stderr: /3 sent, 3 acknowledged/ });
    expect(updates()).toEqual([1, 2, 3]);
    check(await run(["sync", "wandb"], folder), { code: 0, stderr: /skipped/ });
    expect(updates()).toEqual([1, 2, 3]);
  });

  test("of which it says that rows were acknowledged are held against the server", async () => {
    const folder = leftBehind(["wandb", "wandb"]);
    // The state of a delivery to a server that acknowledged and kept nothing.
    const path = join(folder, RUN, "marian-tracking.delivered.json");
    const delivered = JSON.parse(readFileSync(path, "utf8"));
    expect(delivered.acknowledged.history).toBe(3);
    writeFileSync(path, JSON.stringify({ ...delivered, baseUrl: server.url }));
    check(await run(["sync", "wandb"], folder), { code: 0, stderr: /3 sent, 3 acknowledged/ });
    expect(updates()).toEqual([1, 2, 3]);
  });

  test("that are marked as delivered are left alone, with a line", async () => {
    const folder = leftBehind(["wandb", "wandb"]);
    writeFileSync(join(folder, RUN, "run-student_Abcde.wandb.synced"), "");
    check(await run(["sync", "wandb"], folder), { code: 0, stderr: /skipped {4}it was delivered before/ });
    expect(server.store.runs.size).toBe(0);
  });

  test("beside the ledger that does not name them: the run is published again, and each row arrives once", async () => {
    const folder = neverDelivered(["wandb", "wandb"], ["ledger.ndjson", "ledger.ndjson"]);
    const env = { WANDB_MODE: "offline", WANDB_DIR: "." };
    const done = await run(["archive", "archive", "--ledger", "ledger.ndjson"], folder, env);
    check(done, { code: 0, stderr: /the offline files of 2 runs in the ledger ledger\.ndjson/ });
    check(await run(["sync", "wandb"], folder), { code: 0, stderr: /3 sent, 3 acknowledged/ });
    expect(updates()).toEqual([1, 2, 3]);
    const again = await run(["archive", "archive", "--ledger", "ledger.ndjson", "--json"], folder, env);
    expect(JSON.parse(again.stdout).groups[0].runs[0].state).toBe("unchanged");
  });
});

test("a torn last line of the ledger costs its own run, and what is written after it is read", async () => {
  const folder = leftBehind(["ledger.ndjson", "ledger.ndjson"]);
  appendFileSync(join(folder, "ledger.ndjson"), '{"key":"torn","dig');
  const args = ["archive", "archive", "--ledger", "ledger.ndjson", "--json"];
  const state = async () => JSON.parse((await run(args, folder)).stdout).groups[0].runs[0].state;
  expect([await state(), await state()]).toEqual(["new", "unchanged"]);
  expect(updates()).toEqual([1, 2, 3]);
});

test("files in Taskcluster's cache are set aside with one line, and fetched anew", async () => {
  const { server: queue, run: command, options } = await setting();
  const place = `cache/marian-tracking/taskcluster/${new URL(queue.url).host.replace(":", "_")}`;
  cpSync(join(EARLIER, "cache"), join(options.folder, place), { recursive: true });
  const group = ["group", "ZowUkamoRKuDlb4uAeTvgg", "--no-wandb", "--format", "csv", "-o"];
  const log = "AD4hhhO_RQGhE2Qx7BbUGg/0/2c798b76cd9563da-train.log";
  // Nothing of such a file would show damage.
  writeFileSync(join(options.folder, place, log), "damaged");
  const first = await command(...group, "first");
  expect(first.stderr.match(/3 files of an earlier version in the cache: not used/g)).toHaveLength(1);
  const second = await command(...group, "second");
  expect(second.stderr).not.toContain("earlier version");
  expect(tables(options.folder, "first")).toEqual(tables(options.folder, "second"));
  expect(existsSync(join(options.folder, place, log))).toBe(false);
});
