/** Offline files of trainings: their rows go behind those that the server holds. */

import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fieldsOf } from "../../../src/pipeline/input-receipt.js";
import { OfflineRun } from "../../../src/wandb/offline/offline-run.js";
import { findTransactionLogs } from "../../../src/wandb/offline/run-directory.js";
import { syncTransactionLog } from "../../../src/wandb/sync/sync-file.js";
import { parseLine } from "../../servers/wandb/index.js";
import { budgetOf, type Harness, harness } from "../client/harness.js";
import { pipe, publish, row as record, start, textFile, valid } from "../stage.js";

const folder = (): string => mkdtempSync(join(tmpdir(), "appended-"));

function begin(dir: string, options: object = {}): Promise<OfflineRun> {
  const startedAt = Date.parse("2024-03-04T09:00:00Z") / 1000;
  return OfflineRun.start({
    dir,
    id: "student",
    project: "cs-en",
    startedAt,
    resume: "append",
    flushInterval: 1,
    ...options,
  });
}

const at = (step: number) => ({ step, timestamp: 1_709_542_800 + step, runtime: step });

async function sync({ client, clock }: Harness, run: { readonly directory: string }) {
  const [file = ""] = await findTransactionLogs(run.directory);
  return syncTransactionLog(file, { client, budget: budgetOf(clock, 60_000) });
}

const costs = ({ server }: Harness) =>
  server.history("cs-en", "student").map(({ _step, cost }) => [_step, cost]);

describe("an offline file that is uploaded while it is written", () => {
  it("has no row twice when its writer goes on, and all of them in the end", async () => {
    const stage = await harness();
    const online = await stage.start({ project: "cs-en", id: "student" });
    await online.history({ cost: 9 }, { step: 1, timestamp: 1 });
    await online.finish();
    const run = await begin(folder());
    for (const step of [2, 3]) await run.history({ cost: 10 - step }, at(step));
    await run.flush();
    expect((await sync(stage, run)).rows).toMatchObject({ sent: 2, fromLine: 1 });
    // The first line of another stream: the writer has to note where it belongs.
    await run.console([{ text: "a line", timestamp: 1_709_542_800 }]);
    await run.history({ cost: 6 }, at(4));
    await run.flush();
    expect((await sync(stage, run)).rows).toMatchObject({ sent: 1 });
    await run.systemMetrics({ cpu: 1 }, 1_709_542_800);
    await run.finish(0);
    const receipt = await sync(stage, run);
    expect(receipt).toMatchObject({ outcome: "delivered", missing: [], events: { sent: 1 } });
    expect(costs(stage)).toEqual([
      [1, 9],
      [2, 8],
      [3, 7],
      [4, 6],
    ]);
    expect(stage.server.run("cs-en", "student").lines["output.log"]).toHaveLength(1);
    expect(stage.server.violations).toEqual([]);
  });
});

describe("two offline files of one training", () => {
  const offline = async (stage: Harness, text: string, dir: string) => {
    await publish(stage, pipe(text), { dir, client: undefined as never });
  };

  it("give every update once, with all that either file says of it", async () => {
    const stage = await harness();
    const dir = folder();
    await offline(stage, start + record(1, 9) + record(2, 8) + record(3, 7), dir);
    // Killed, and continued from the checkpoint of update 1.
    await offline(stage, start + record(2, 8.5) + record(3, 7.5) + valid(3, "chrf", 50) + record(4, 6), dir);
    const files = await findTransactionLogs(dir);
    expect(files).toHaveLength(2);
    const receipts = [];
    for (const file of files)
      receipts.push(
        await syncTransactionLog(file, { client: stage.client, budget: budgetOf(stage.clock, 60_000) }),
      );
    expect(receipts.map(({ outcome, problem }) => [outcome, problem])).toEqual([
      ["delivered", undefined],
      ["delivered", undefined],
    ]);
    expect(receipts[1]?.warnings.join("\n")).toContain(
      "left out 2 rows of updates that the server has already",
    );
    expect(
      stage.server.history("cs-en", "student").map(({ _step, cost, chrf }) => [_step, cost, chrf]),
    ).toEqual([
      [1, 9, undefined],
      [2, 8, undefined],
      [3, 7, 50],
      [4, 6, undefined],
    ]);
    expect(stage.server.violations).toEqual([]);
  });

  it("give the same when the upload of the second is interrupted anywhere and done again", async () => {
    for (let unheard = 0; unheard < 3; unheard += 1) {
      const stage = await harness();
      const dir = folder();
      await offline(stage, start + record(1, 9) + record(2, 8), dir);
      await offline(stage, start + record(2, 7) + valid(2, "chrf", 50) + record(3, 6), dir);
      const [first = "", second = ""] = await findTransactionLogs(dir);
      const upload = (file: string, budget: number) =>
        syncTransactionLog(file, { client: stage.client, budget: budgetOf(stage.clock, budget) });
      await upload(first, 60_000);
      stage.server.inject({
        endpoint: "file_stream",
        fault: { kind: "drop-answer" },
        after: unheard,
        times: Number.POSITIVE_INFINITY,
      });
      await upload(second, 1);
      stage.server.heal();
      expect((await upload(second, 60_000)).outcome).toBe("delivered");
      expect(
        stage.server.history("cs-en", "student").map(({ _step, cost, chrf }) => [_step, cost, chrf]),
      ).toEqual([
        [1, 9, undefined],
        [2, 8, 50],
        [3, 6, undefined],
      ]);
    }
  });

  it("of which the second has nothing new leave the summary as it is", async () => {
    const stage = await harness();
    const dir = folder();
    await offline(stage, start + record(1, 9) + record(2, 8), dir);
    await offline(stage, start + record(1, 5), dir);
    for (const file of await findTransactionLogs(dir))
      await syncTransactionLog(file, { client: stage.client, budget: budgetOf(stage.clock, 60_000) });
    expect(parseLine(stage.server.run("cs-en", "student").summary)).toMatchObject({ cost: 8, _step: 2 });
    expect(costs(stage)).toHaveLength(2);
  });
});

describe("an artifact of an offline file", () => {
  it("keeps its aliases, description and metadata", async () => {
    const stage = await harness();
    const logs = folder();
    await writeFile(join(logs, "a"), "a");
    const run = await begin(folder(), { resume: "overwrite" });
    await run.directoryArtifact("logs", "logs", logs, {
      aliases: ["latest", "best"],
      description: "all of them",
      metadata: { updates: 3 },
    });
    await run.finish(0);
    const receipt = await sync(stage, run);
    expect(receipt).toMatchObject({ outcome: "delivered", warnings: [] });
    const [artifact] = stage.server.store.versions("team", "cs-en", "logs");
    expect([...(artifact?.aliases ?? [])].sort()).toEqual(["best", "latest"]);
    expect(artifact).toMatchObject({ description: "all of them", metadata: '{"updates":3}' });
    await rm(logs, { recursive: true });
  });
});

it("a log that is written offline and uploaded is known when it is published", async () => {
  const stage = await harness();
  const dir = folder();
  const log = textFile(start + record(1, 9) + record(2, 8));
  await publish(stage, log, { dir, client: undefined as never });
  for (const file of await findTransactionLogs(dir)) await syncTransactionLog(file, { client: stage.client });
  expect(fieldsOf((await publish(stage, log)).receipt)).toMatchObject({ wandb: { sent: 0 } });
});
