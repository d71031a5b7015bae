import { readFileSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { findTransactionLogs, isSynced } from "../../src/wandb/offline/run-directory.js";
import { check, eventually, freshFolder, type RunOptions, startBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { type Fault, StandInServer } from "../servers/wandb/index.js";
import { IDENTITY, logsFolder, picture, startOffline, writeOffline } from "../wandb/sync/sample-run.js";

const ROWS = 20;
const servers: StandInServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function startServer(): Promise<StandInServer> {
  const server = await StandInServer.start();
  servers.push(server);
  return server;
}

function optionsFor(server: StandInServer, folder: string): RunOptions {
  const env = {
    WANDB_API_KEY: server.apiKey,
    WANDB_BASE_URL: server.url,
    HOME: folder,
    NO_PROXY: "127.0.0.1",
  };
  return { folder, env };
}

/** A folder with one offline run in `wandb`. */
async function offlineFolder(): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = freshFolder();
  const run = await startOffline(folder);
  await writeOffline(run, ROWS, logsFolder(folder));
  const [file = "none"] = await findTransactionLogs(run.directory);
  return { folder, file };
}

describe("sync", () => {
  it("uploads every run below a folder, then skips them", async () => {
    const { folder, file } = await offlineFolder();
    const server = await startServer();
    const options = optionsFor(server, folder);
    const first = await runHere("run", ["sync", "."], options);
    check(first, {
      code: 0,
      stderr: new RegExp(
        [
          `run        ru-en/${IDENTITY.id}`,
          `  url        ${server.url}/team/ru-en/runs/${IDENTITY.id}`,
          "  rows       21 sent, 21 acknowledged, from line 0",
          "  console    20 sent, 20 acknowledged, from line 0",
          "  metrics    1 sent, 1 acknowledged, from line 0",
        ].join("\n"),
      ),
    });
    expect(server.history("ru-en", IDENTITY.id)).toHaveLength(ROWS + 1);
    expect(server.violations).toEqual([]);
    expect(await isSynced(file)).toBe(true);
    const second = await runHere("run", ["sync", "wandb"], options);
    check(second, { code: 0, stderr: /skipped .*--force/ });
    check(await runHere("run", ["sync", "--quiet", file], options), { code: 0 });
    expect(first.stderr + second.stderr).not.toContain(server.apiKey);
  });

  it("gives the receipt as JSON", async () => {
    const { folder, file } = await offlineFolder();
    const server = await startServer();
    const options = optionsFor(server, folder);
    const dry = await runHere("run", ["sync", "--json", "--dry-run", file], options);
    check(dry, { code: 0, stdout: /./ });
    expect(JSON.parse(dry.stdout)).toMatchObject({
      files: [{ outcome: "planned", run: IDENTITY.id, rows: { to_send: ROWS + 1, from_line: 0, sent: 0 } }],
      rows_sent: 0,
      exit_code: 0,
    });
    expect(server.store.runs.size).toBe(0);
    const run = await runHere("run", ["sync", "--json", file], options);
    check(run, { code: 0, stdout: /./ });
    expect(JSON.parse(run.stdout)).toMatchObject({
      files: [
        {
          outcome: "delivered",
          url: `${server.url}/team/ru-en/runs/${IDENTITY.id}`,
          files: expect.arrayContaining(["notes/readme.txt", "config.yaml"]),
          artifacts: expect.arrayContaining([expect.objectContaining({ name: "logs", state: "new" })]),
          missing: [],
        },
      ],
      rows_sent: ROWS + 1,
      rows_acknowledged: ROWS + 1,
      exit_code: 0,
    });
  });

  it("says what is wrong with its use", async () => {
    const { folder, file } = await offlineFolder();
    const server = await startServer();
    const options = optionsFor(server, folder);
    check(await runHere("run", ["sync"], options), { code: 2, stderr: /nothing to send/ });
    check(await runHere("run", ["sync", "nowhere"], options), { code: 2, stderr: /nowhere: no such/ });
    check(await runHere("run", ["sync", "logs"], options), { code: 2, stderr: /no offline run/ });
    const { WANDB_API_KEY, ...env } = options.env ?? {};
    check(await runHere("run", ["sync", file], { folder, env }), { code: 2, stderr: /WANDB_API_KEY/ });
    const short = { ...env, WANDB_API_KEY: "short-key" };
    const refused = await runHere("run", ["sync", file], { folder, env: short });
    check(refused, { code: 2, stderr: /at least 40/ });
    expect(refused.stderr).not.toContain("short-key");
    expect(server.requests).toEqual([]);
    check(await runHere("run", ["sync", file, "nowhere"], options), {
      code: 1,
      stderr: /nowhere\n +ERROR/,
    });
  });

  it("passes over runs that the official client sent itself", async () => {
    const { folder, file } = await offlineFolder();
    const server = await startServer();
    const options = optionsFor(server, folder);
    const online = join(folder, "wandb", "run-20260101_120000-other");
    await cp(join(file, ".."), online, { recursive: true });
    await rm(join(online, "marian-tracking.json"));
    const run = await runHere("run", ["sync", "."], options);
    check(run, { code: 0, stderr: /1 run that the official client sent itself was skipped/ });
    expect(server.store.runs.size).toBe(1);
    const named = await runHere("run", ["sync", online], options);
    check(named, { code: 1, stderr: /exists with 21 rows.*--append/ });
  });

  it("ends with 1 when the file is damaged, and with 3 and the command when the server refuses", async () => {
    const { folder, file } = await offlineFolder();
    const server = await startServer();
    const options = optionsFor(server, folder);
    server.inject({ endpoint: "file_stream", fault: { kind: "status", status: 400 } });
    const refused = await runHere("run", ["sync", "wandb"], options);
    check(refused, {
      code: 3,
      stderr: /NOT SENT .*HTTP 400[\s\S]*to send what is left: marian-tracking sync wandb\n$/,
    });
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 300));
    const cut = await runHere("run", ["sync", "--quiet", "wandb"], options);
    check(cut, { code: 1, stderr: /MISSING .*middle of a record/ });
    writeFileSync(file, bytes);
    check(await runHere("run", ["sync", "wandb"], options), { code: 0, stderr: /acknowledged/ });
    expect(server.history("ru-en", IDENTITY.id)).toHaveLength(ROWS + 1);
    const badKey = { ...options.env, WANDB_API_KEY: "x".repeat(40) };
    const unknown = await runHere("run", ["sync", "--force", file], { folder, env: badKey });
    check(unknown, { code: 3, stderr: /refused the API key from WANDB_API_KEY/ });
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("ends in order at %s", async (signal, code) => {
    const { folder, file } = await offlineFolder();
    const server = await startServer();
    server.inject({ endpoint: "file_stream", fault: { kind: "hang" } });
    const live = startBinary("run", ["sync", file], optionsFor(server, folder));
    await eventually(() => server.requestsOf("file_stream").length > 0, live);
    live.child.kill(signal);
    const run = await live.done;
    check(run, {
      code,
      stderr: new RegExp(`stopped by ${signal}\nto send what is left: marian-tracking sync`),
    });
    check(await runHere("run", ["sync", file], optionsFor(server, folder)), {
      code: 0,
      stderr: /acknowledged/,
    });
    expect(server.history("ru-en", IDENTITY.id)).toHaveLength(ROWS + 1);
  });

  it("gives the same run when it is killed at any request and run again", { timeout: 240_000 }, async () => {
    const { folder, file } = await offlineFolder();
    const directory = join(file, "..");
    const store = join(folder, "store");
    await cp(directory, store, { recursive: true });
    const whole = await startServer();
    check(await runHere("run", ["sync", directory], optionsFor(whole, folder)), {
      code: 0,
      stderr: /sent/,
    });
    const expected = picture(whole);
    for (let after = 0; after < whole.requests.length; after += 1) {
      await rm(directory, { recursive: true });
      await cp(store, directory, { recursive: true });
      const server = await startServer();
      // Killed before the request is carried out, and after, in turns.
      const fault: Fault = after % 2 === 0 ? { kind: "hang" } : { kind: "drop-answer" };
      server.inject({ fault, after, times: Number.POSITIVE_INFINITY });
      const live = startBinary("run", ["sync", directory], optionsFor(server, folder));
      await eventually(() => server.requests.length > after, live);
      live.child.kill("SIGKILL");
      expect((await live.done).signal).toBe("SIGKILL");
      server.heal();
      const again = await runHere("run", ["sync", directory], optionsFor(server, folder));
      expect([after, again.code, again.stderr]).toEqual([after, 0, expect.anything()]);
      expect(picture(server)).toEqual(expected);
      expect(server.violations).toEqual([]);
    }
  });
});
