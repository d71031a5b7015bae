import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findTransactionLogs, isSynced } from "../../../src/wandb/offline/run-directory.js";
import { syncTransactionLog } from "../../../src/wandb/sync/sync-file.js";
import { parseLine } from "../../servers/wandb/index.js";
import { budgetOf, harness } from "../client/harness.js";
import { findWandbVenv, wandbEnvironment } from "../offline/wandb-venv.js";

const execute = promisify(execFile);
const WRITER = resolve("test/wandb/offline/write_run.py");

const venv = await findWandbVenv();
// Said aloud: a run of the suite without the official client should not pass for one with it.
if ("missing" in venv) process.stderr.write(`skipped: ${venv.missing}\n`);

describe.skipIf("missing" in venv)("a file of the official client", () => {
  let dir: string;
  let file: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "sync-official-"));
    const python = "missing" in venv ? "" : venv.python;
    await execute(python, [WRITER, dir], { env: wandbEnvironment(dir), cwd: dir, maxBuffer: 1 << 28 });
    [file = "none"] = await findTransactionLogs(dir);
  });
  afterAll(() => rm(dir, { recursive: true }));

  it("starts a run that isn't there, and is not sent twice", async () => {
    const { server, client, clock } = await harness();
    const receipt = await syncTransactionLog(file, { client, budget: budgetOf(clock, 60_000) });
    expect(receipt).toMatchObject({ outcome: "delivered", missing: [], problem: undefined });
    const run = server.run("ru-en", "official");
    expect(run).toMatchObject({
      displayName: "student",
      group: "exp_MjcJG",
      tags: ["a", "b"],
      jobType: "train",
      notes: "some notes",
      state: "failed",
      exitCode: 3,
    });
    const lines = run.lines["wandb-history.jsonl"];
    // Beyond 2^53: the line keeps the digits.
    expect(lines[0]).toContain('"big":1152921504606846976');
    expect(server.history("ru-en", "official")).toMatchObject([
      { cost: 8.25, gnorm: Number.NaN, flag: true, none: null, _step: 10 },
      { cost: Number.NEGATIVE_INFINITY, _step: 20 },
      {
        metrics: { _type: "table-file", nrows: 2 },
        Datasets_table: { _type: "table-file", nrows: 1 },
        _step: 30,
      },
    ]);
    expect(parseLine(run.config)).toMatchObject({
      marian: { value: { layers: [6, 2] } },
      lr: { value: 0.5 },
      late: { value: "yes" },
      _wandb: { value: { visualize: { Datasets: { panel_type: "Vega2" } } } },
    });
    expect(parseLine(run.summary)).toMatchObject({ best: { chrf: 50.1 }, _step: 30 });
    expect(run.lines["output.log"].map((line) => line.replace(/^\S+ /, ""))).toEqual(["first line", "over"]);
    const media = [...run.visible].filter((name) => name.startsWith("media/table/"));
    expect(media).toHaveLength(2);
    expect(server.store.artifacts.map(({ collection, state }) => [collection, state]).sort()).toEqual([
      ["logs", "COMMITTED"],
      ["run-official-Datasets_table", "COMMITTED"],
      ["run-official-metrics", "COMMITTED"],
    ]);
    expect(server.violations).toEqual([]);
    expect(await isSynced(file)).toBe(true);
    // From now on there is a delivery state: sending again goes to the same lines.
    const again = await syncTransactionLog(file, { client, force: true });
    expect(again.outcome).toBe("delivered");
    expect(server.run("ru-en", "official").lines["wandb-history.jsonl"]).toEqual(lines);
  });

  it("is refused where the run has rows, but with append", async () => {
    const { server, client, start } = await harness();
    const online = await start({ id: "official" });
    await online.history({ cost: 9 }, { step: 1, timestamp: 1_694_867_541 });
    await online.finish(0);
    await rm(`${file}.synced`, { force: true });
    await rm(join(file, "..", "marian-tracking.json"), { force: true });
    const refused = await syncTransactionLog(file, { client });
    expect(refused).toMatchObject({ outcome: "failed", problem: expect.stringMatching(/--append/) });
    expect(server.history("ru-en", "official")).toHaveLength(1);
    expect((await syncTransactionLog(file, { client, append: true })).outcome).toBe("delivered");
    expect(server.history("ru-en", "official")).toHaveLength(4);
    expect((await syncTransactionLog(file, { client, append: true, force: true })).outcome).toBe("delivered");
    expect(server.history("ru-en", "official").map(({ cost }) => cost)).toEqual([
      9,
      8.25,
      Number.NEGATIVE_INFINITY,
      undefined,
    ]);
    expect(server.violations).toEqual([]);
  });
});
