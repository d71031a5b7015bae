import { mkdtempSync, rmSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDeliveryState, writeDelivered } from "../../../src/wandb/offline/delivery-state.js";
import { encodeRecord } from "../../../src/wandb/offline/records.js";
import { findTransactionLogs, isSynced } from "../../../src/wandb/offline/run-directory.js";
import { TransactionLogEncoder } from "../../../src/wandb/offline/transaction-log.js";
import { type SyncOptions, syncTransactionLog } from "../../../src/wandb/sync/sync-file.js";
import type { Fault, StandInServer } from "../../servers/wandb/index.js";
import { budgetOf, type Harness, harness } from "../client/harness.js";
import {
  acknowledge,
  IDENTITY,
  logsFolder,
  picture,
  publishOnline,
  row,
  START,
  startOffline,
  writeOffline,
} from "./sample-run.js";

const ROWS = 40;
const SMALL = 2000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sync-test-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function transactionLogOf(run: { readonly directory: string }): Promise<string> {
  const [file = "none"] = await findTransactionLogs(run.directory);
  return file;
}

/** The whole sample run as an offline file. */
async function offlineFile(options: Parameters<typeof startOffline>[1] = {}): Promise<string> {
  const run = await startOffline(dir, options);
  await writeOffline(run, ROWS, logsFolder(dir));
  return transactionLogOf(run);
}

/** What the server holds when the sample run is published online. */
async function onlinePicture() {
  const { server, start } = await harness();
  await publishOnline(await start({ ...IDENTITY, startedAt: START }), ROWS, logsFolder(dir));
  return picture(server);
}

function sync({ client, clock }: Harness, file: string, options: Partial<SyncOptions> = {}) {
  return syncTransactionLog(file, {
    client,
    budget: budgetOf(clock, 60_000),
    requestBytes: SMALL,
    ...options,
  });
}

function clean(server: StandInServer): void {
  expect(server.violations).toEqual([]);
  expect([...server.unknownFields]).toEqual([]);
}

describe("an offline file of ours", () => {
  it("gives the same run as online", async () => {
    const expected = await onlinePicture();
    const file = await offlineFile();
    const setting = await harness();
    const receipt = await sync(setting, file);
    expect(picture(setting.server)).toEqual(expected);
    clean(setting.server);
    expect(receipt).toMatchObject({
      outcome: "delivered",
      problem: undefined,
      missing: [],
      warnings: [],
      url: `${setting.server.url}/team/ru-en/runs/student_MjcJG`,
      rows: { inFile: ROWS + 1, toSend: ROWS + 1, fromLine: 0, sent: ROWS + 1, acknowledged: ROWS + 1 },
      consoleLines: { inFile: ROWS, acknowledged: ROWS },
      events: { inFile: 1, acknowledged: 1 },
    });
    expect(receipt.requests).toBe(setting.server.requests.length);
    expect(receipt.artifacts.map(({ name }) => name).sort()).toEqual([
      "logs",
      "run-student_MjcJG-Datasets_table",
    ]);
    expect(await isSynced(file)).toBe(true);
    expect((await readDeliveryState(join(file, "..")))?.acknowledged).toEqual({
      history: ROWS + 1,
      events: 1,
      console: ROWS,
    });
  });

  it("is skipped when it was delivered, and sent again to the same lines with force", async () => {
    const file = await offlineFile();
    const setting = await harness();
    await sync(setting, file);
    const before = picture(setting.server);
    const requests = setting.server.requests.length;
    expect((await sync(setting, file)).outcome).toBe("skipped");
    expect(setting.server.requests).toHaveLength(requests);
    const again = await sync(setting, file, { force: true });
    expect(again).toMatchObject({ outcome: "delivered", rows: { sent: ROWS + 1, fromLine: 0 } });
    expect(picture(setting.server)).toEqual(before);
    clean(setting.server);
  });

  it("sends nothing in a dry run and says what it would", async () => {
    const file = await offlineFile();
    const setting = await harness();
    const receipt = await sync(setting, file, { dryRun: true });
    expect(receipt).toMatchObject({
      outcome: "planned",
      url: `${setting.server.url}/team/ru-en/runs/student_MjcJG`,
      rows: { toSend: ROWS + 1, fromLine: 0, sent: 0 },
    });
    expect(setting.server.store.runs.size).toBe(0);
    expect(await isSynced(file)).toBe(false);
    expect(await readDeliveryState(join(file, ".."))).toMatchObject({ baseUrl: null });
  });

  it("takes the gzip form where the server offers it", async () => {
    const expected = await onlinePicture();
    const file = await offlineFile();
    const setting = await harness({ features: ["FILESTREAM_GZIP"] });
    expect((await sync(setting, file)).outcome).toBe("delivered");
    expect(picture(setting.server)).toEqual(expected);
    clean(setting.server);
  });

  it.each([0, 1])("is appended to the same lines when request %i is carried out unheard", async (unheard) => {
    const run = await startOffline(dir, { resume: "append" });
    for (let index = 3; index < 6; index += 1) await run.history(row(index).values, row(index).at);
    await run.finish(0);
    const file = await transactionLogOf(run);
    const setting = await harness();
    const online = await setting.start({ ...IDENTITY, startedAt: START });
    for (let index = 0; index < 3; index += 1) await online.history(row(index).values, row(index).at);
    await online.finish(0);
    setting.server.inject({ endpoint: "file_stream", fault: { kind: "drop-answer" }, after: unheard });
    const fault = { kind: "status", status: 503 } as const;
    setting.server.inject({
      endpoint: "file_stream",
      fault,
      after: unheard,
      times: Number.POSITIVE_INFINITY,
    });
    expect((await sync(setting, file, { requestBytes: 300 })).outcome).toBe("undelivered");
    expect(setting.server.history("ru-en", IDENTITY.id)).toHaveLength(4 + unheard);
    setting.server.heal();
    expect(await sync(setting, file)).toMatchObject({
      outcome: "delivered",
      rows: { fromLine: 3 + unheard, sent: 3 - unheard },
    });
    expect(setting.server.history("ru-en", IDENTITY.id).map(({ _step }) => _step)).toEqual([
      1000, 2000, 3000, 4000, 5000, 6000,
    ]);
    expect((await readDeliveryState(join(file, "..")))?.anchor).toEqual({
      history: 3,
      events: 0,
      console: 0,
    });
    clean(setting.server);
  });
});

describe("an interrupted upload", () => {
  const faults: readonly [string, Fault][] = [
    ["a dropped connection", { kind: "drop" }],
    ["an answer that is lost", { kind: "drop-answer" }],
    ["HTTP 503", { kind: "status", status: 503 }],
    ["HTTP 400", { kind: "status", status: 400 }],
  ];
  it.each(faults)(
    "by %s at any request is finished by the next run",
    { timeout: 300_000 },
    async (_name, fault) => {
      const expected = await onlinePicture();
      const file = await offlineFile();
      const whole = await harness();
      const fresh = join(file, "..");
      const store = join(dir, "fresh");
      await cp(fresh, store, { recursive: true });
      await sync(whole, file);
      const requests = whole.server.requests.length;
      expect(requests).toBeGreaterThan(20);
      let interrupted = 0;
      for (let after = 0; after < requests; after += 1) {
        await rm(fresh, { recursive: true });
        await cp(store, fresh, { recursive: true });
        const setting = await harness();
        // Once the fault has come it stays until the second run.
        setting.server.inject({ fault, after, times: Number.POSITIVE_INFINITY });
        const first = await sync(setting, file);
        if (first.outcome !== "undelivered") {
          // A server that can't tell its features is one that has none.
          expect([fault.kind, first.outcome]).toEqual(["status", "delivered"]);
          continue;
        }
        interrupted += 1;
        expect(await isSynced(file)).toBe(false);
        setting.server.heal();
        const second = await sync(setting, file);
        expect([after, second.outcome, second.problem]).toEqual([after, "delivered", undefined]);
        expect(picture(setting.server)).toEqual(expected);
        clean(setting.server);
      }
      expect(interrupted).toBeGreaterThanOrEqual(requests - 1);
    },
  );

  it("does not send again what was acknowledged", async () => {
    const file = await offlineFile();
    const setting = await harness();
    const fault = { kind: "status", status: 400 } as const;
    setting.server.inject({ endpoint: "file_stream", fault, after: 2, times: Number.POSITIVE_INFINITY });
    const first = await sync(setting, file);
    expect(first.problem).toMatch(/HTTP 400/);
    const acknowledged = first.rows?.acknowledged ?? 0;
    expect(acknowledged).toBeGreaterThan(0);
    expect((await readDeliveryState(join(file, "..")))?.acknowledged.history).toBe(acknowledged);
    setting.server.heal();
    const second = await sync(setting, file);
    expect(second.rows).toEqual({
      inFile: ROWS + 1,
      toSend: ROWS + 1 - acknowledged,
      fromLine: acknowledged,
      sent: ROWS + 1 - acknowledged,
      acknowledged: ROWS + 1 - acknowledged,
    });
  });
});

describe("the net under an online run", () => {
  it("gives exactly all rows together with those that arrived", async () => {
    const expected = await onlinePicture();
    const setting = await harness();
    const online = await setting.start({ ...IDENTITY, startedAt: START });
    const first = 15;
    for (let index = 0; index < first; index += 1) {
      const { values, at } = row(index);
      await online.history(values, at);
      await online.console([{ text: `line ${index}`, timestamp: at.timestamp, error: index === 1 }]);
    }
    await online.flush();
    const net = await startOffline(dir, { baseUrl: setting.server.url, entity: "team" });
    await acknowledge(net, { history: first, console: first });
    await writeOffline(net, ROWS, logsFolder(dir), { first });
    const receipt = await sync(setting, await transactionLogOf(net));
    expect(receipt).toMatchObject({
      outcome: "delivered",
      rows: { fromLine: first, sent: ROWS + 1 - first },
    });
    const got = picture(setting.server);
    const { files, contents, ...rest } = got;
    const { files: expectedFiles, contents: _contents, ...expectedRest } = expected;
    expect(rest).toEqual(expectedRest);
    // The console lines of the offline file are the later part only, and must not pass for all of them.
    expect(files).toEqual(
      expectedFiles
        .filter((name) => name !== "wandb-metadata.json")
        .map((name) => (name === "output.log" ? `logs/output_${first}.log` : name))
        .sort(),
    );
    clean(setting.server);
    await online.finish(0).catch(() => {});
  });

  it("puts what the client handed over where the client would have put it", async () => {
    const expected = await onlinePicture();
    const setting = await harness();
    const net = await startOffline(dir, { baseUrl: setting.server.url });
    const streams = {
      "wandb-history.jsonl": "history",
      "wandb-events.jsonl": "events",
      "output.log": "console",
    } as const;
    const handed: Promise<void>[] = [];
    const online = await setting.start({
      ...IDENTITY,
      startedAt: START,
      requestBytes: SMALL,
      onUndelivered: ({ file, offset, lines }) => handed.push(net.undelivered(streams[file], offset, lines)),
    });
    const fault = { kind: "status", status: 400 } as const;
    setting.server.inject({ endpoint: "file_stream", fault, after: 4, times: Number.POSITIVE_INFINITY });
    await publishOnline(online, ROWS, logsFolder(dir));
    await Promise.all(handed);
    await net.finish(0);
    const before = setting.server.history("ru-en", IDENTITY.id).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(ROWS);
    setting.server.heal();
    expect(await sync(setting, await transactionLogOf(net))).toMatchObject({
      outcome: "delivered",
      rows: { fromLine: before, sent: ROWS + 1 - before },
    });
    const { history, console, events, state } = picture(setting.server);
    expect({ history, console, events, state }).toEqual({
      history: expected.history,
      console: expected.console,
      events: expected.events,
      state: expected.state,
    });
    expect(picture(setting.server).config).toEqual(expected.config);
    clean(setting.server);
  });

  it("passes over rows of the file that the server confirmed", async () => {
    const setting = await harness();
    const file = await offlineFile({ baseUrl: setting.server.url });
    const directory = join(file, "..");
    await sync(setting, file);
    await rm(`${file}.synced`);
    const state = await readDeliveryState(directory);
    if (state === null) throw new Error("no state");
    await writeDelivered(directory, {
      ...state,
      acknowledged: { history: 30, events: 1, console: ROWS },
    });
    const receipt = await sync(setting, file);
    expect(receipt).toMatchObject({
      outcome: "delivered",
      rows: { fromLine: 30, sent: ROWS + 1 - 30 },
      consoleLines: { sent: 0, toSend: 0, fromLine: undefined },
    });
    expect(setting.server.history("ru-en", IDENTITY.id)).toHaveLength(ROWS + 1);
  });

  it("refuses to leave a gap when the server has lost rows", async () => {
    const setting = await harness();
    const net = await startOffline(dir);
    await acknowledge(net, { history: 15, console: 15 });
    await writeOffline(net, ROWS, logsFolder(dir), { first: 15 });
    const receipt = await sync(setting, await transactionLogOf(net));
    expect(receipt.outcome).toBe("failed");
    expect(receipt.problem).toMatch(/holds 0 lines of the history .* goes on at line 15/);
    expect(setting.server.store.runs.size).toBe(0);
  });

  it("does not go to another server, but with force when the file is whole", async () => {
    const file = await offlineFile();
    const [here, there] = [await harness(), await harness()];
    await sync(here, file);
    await rm(`${file}.synced`);
    const refused = await sync(there, file);
    expect(refused).toMatchObject({ outcome: "failed", problem: expect.stringMatching(/WANDB_BASE_URL/) });
    expect((await sync(there, file, { force: true })).outcome).toBe("delivered");
    expect(picture(there.server)).toEqual(picture(here.server));
  });

  it("does not write over a part of a longer run", async () => {
    const run = await startOffline(dir);
    await run.history(row(0).values, row(0).at);
    await run.finish(0);
    const file = await transactionLogOf(run);
    const setting = await harness();
    const online = await setting.start({ ...IDENTITY, startedAt: START });
    for (let index = 0; index < 5; index += 1) await online.history(row(index).values, row(index).at);
    await online.finish(0);
    const refused = await sync(setting, file);
    expect(refused).toMatchObject({ outcome: "failed", problem: expect.stringMatching(/5 rows .* only 1/) });
    expect((await sync(setting, file, { append: true })).outcome).toBe("delivered");
    expect(setting.server.history("ru-en", IDENTITY.id).map(({ _step }) => _step)).toEqual([
      1000, 2000, 3000, 4000, 5000, 1000,
    ]);
  });
});

describe("a file that was hurt", () => {
  it("is sent up to its cut, and finished when the rest is there", async () => {
    const file = await offlineFile();
    const bytes = await readFile(file);
    const setting = await harness();
    await writeFile(file, bytes.subarray(0, Math.floor(bytes.length / 2)));
    const cut = await sync(setting, file);
    expect(cut).toMatchObject({
      outcome: "delivered",
      missing: [expect.stringMatching(/middle of a record/)],
    });
    expect(cut.warnings).toEqual([expect.stringMatching(/has no end/)]);
    const sent = cut.rows?.acknowledged ?? 0;
    expect(sent).toBeGreaterThan(5);
    expect(setting.server.history("ru-en", IDENTITY.id)).toHaveLength(sent);
    expect(setting.server.run("ru-en", IDENTITY.id).state).toBe("running");
    expect(await isSynced(file)).toBe(false);
    await writeFile(file, bytes);
    expect(await sync(setting, file)).toMatchObject({ outcome: "delivered", rows: { fromLine: sent } });
    expect(picture(setting.server)).toEqual(await onlinePicture());
    expect(await isSynced(file)).toBe(true);
    clean(setting.server);
  });

  it("sends a console line again that was half written", async () => {
    const setting = await harness();
    const files: string[] = [];
    for (const [id, whole] of [
      ["half", false],
      ["whole", true],
    ] as const) {
      const path = join(dir, `${id}.wandb`);
      const output = (text: string) =>
        ({ kind: "output", stream: "stdout", timestamp: START, text }) as const;
      const records = [
        { kind: "run", run: { runId: "halves", project: "ru-en", tags: [], config: [] } } as const,
        output("first\n"),
        output("sec"),
        ...(whole ? [output("ond\n"), { kind: "exit", exitCode: 0, runtime: 1 } as const] : []),
      ];
      const encoder = new TransactionLogEncoder();
      const parts = records.map((record, index) => encoder.encode(encodeRecord(index + 1, record)));
      await writeFile(path, Buffer.concat(parts));
      files.push(path);
    }
    const file = join(dir, "run-halves.wandb");
    const texts = () =>
      setting.server.run("ru-en", "halves").lines["output.log"].map((line) => line.slice(27));
    for (const [index, expected] of ["sec", "second"].entries()) {
      await cp(files[index] ?? "", file);
      expect((await sync(setting, file)).outcome).toBe("delivered");
      expect(texts()).toEqual(["first", expected]);
    }
    expect(await isSynced(file)).toBe(true);
  });

  it("is sent but for the damaged part, the same every time", async () => {
    const run = await startOffline(dir);
    for (let index = 0; index < 600; index += 1) await run.history(row(index).values, row(index).at);
    await run.finish(0);
    const file = await transactionLogOf(run);
    const bytes = await readFile(file);
    bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const setting = await harness();
    const fault = { kind: "status", status: 400 } as const;
    setting.server.inject({ endpoint: "file_stream", fault, after: 45, times: 1 });
    expect((await sync(setting, file)).outcome).toBe("undelivered");
    const receipt = await sync(setting, file);
    expect(receipt).toMatchObject({ outcome: "delivered", problem: undefined });
    expect(receipt.missing[0]).toMatch(/damaged at byte/);
    const steps = setting.server.history("ru-en", IDENTITY.id).map(({ _step }) => Number(_step));
    expect(steps.length).toBe(receipt.rows?.inFile);
    expect(steps.length).toBeGreaterThan(300);
    expect(new Set(steps).size).toBe(steps.length);
    expect(steps).toEqual(steps.toSorted((left, right) => left - right));
    expect(await isSynced(file)).toBe(false);
    clean(setting.server);
  });

  it("loses no row behind damage when the training had sent some of them itself", async () => {
    const setting = await harness();
    const online = await setting.start({ ...IDENTITY, startedAt: START });
    for (let index = 0; index < 500; index += 1) await online.history(row(index).values, row(index).at);
    await online.flush();
    const net = await startOffline(dir);
    for (let index = 0; index < 600; index += 1) await net.history(row(index).values, row(index).at);
    await acknowledge(net, { history: 499 });
    await net.finish(0);
    const file = await transactionLogOf(net);
    const bytes = await readFile(file);
    bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
    await writeFile(file, bytes);
    expect((await sync(setting, file)).outcome).toBe("delivered");
    expect(setting.server.history("ru-en", IDENTITY.id).map(({ _step }) => _step)).toEqual(
      Array.from({ length: 600 }, (_, index) => row(index).at.step),
    );
    clean(setting.server);
    await online.finish(0);
  });

  it("says which files are not what they were", async () => {
    const file = await offlineFile();
    const directory = join(file, "..");
    await writeFile(join(directory, "artifacts", "2", "train.log"), "changed");
    await rm(join(directory, "files", "notes", "readme.txt"));
    const setting = await harness();
    const receipt = await sync(setting, file);
    expect(receipt.missing).toEqual([
      expect.stringMatching(/artifact logs was not sent: .*train\.log has changed/),
      expect.stringMatching(/notes\/readme\.txt is gone/),
    ]);
    expect(receipt.outcome).toBe("delivered");
    expect(await isSynced(file)).toBe(false);
    expect(setting.server.history("ru-en", IDENTITY.id)).toHaveLength(ROWS + 1);
  });

  it("is not sent when it is no offline file or its delivery state is damaged", async () => {
    const setting = await harness();
    const other = join(dir, "other.wandb");
    await writeFile(other, "not a log");
    expect((await sync(setting, other)).outcome).toBe("failed");
    const file = await offlineFile();
    await writeFile(join(file, "..", "marian-tracking.json"), "{");
    expect(await sync(setting, file)).toMatchObject({
      outcome: "failed",
      problem: expect.stringMatching(/not JSON/),
    });
    expect(setting.server.store.runs.size).toBe(0);
  });
});
