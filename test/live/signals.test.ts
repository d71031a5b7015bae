/** Signals to a pipe whose training ignores them, or saves its model for a while. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { OfflineReader } from "../../src/wandb/offline/offline-reader.js";
import { binaryPath, cleanEnvironment, filesBelow, freshFolder, runBinary } from "../cli/run-binary.js";
import { StandInServer } from "../servers/wandb/index.js";
import { type TrainingLog, trainingLog } from "./training-log.js";

const servers: StandInServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

async function startServer(): Promise<StandInServer> {
  const server = await StandInServer.start();
  servers.push(server);
  return server;
}

const FLAGS = ["--from-stream", "--wandb-project", "nb-en", "--wandb-run-name", "teacher"];

/** A training in front of the pipe, in a group of processes of their own; the training takes no signal. */
function startPipeline(server: StandInServer) {
  const folder = freshFolder();
  const child = spawn(
    "sh",
    ["-c", `trap '' INT TERM; cat | "$0" "$@"`, process.execPath, binaryPath("parse_tc_logs"), ...FLAGS],
    {
      cwd: folder,
      detached: true,
      env: cleanEnvironment({
        HOME: folder,
        WANDB_DIR: folder,
        WANDB_BASE_URL: server.url,
        WANDB_API_KEY: server.apiKey,
        WANDB_PUBLICATION: "true",
      }),
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  let [echo, said] = ["", ""];
  let upstream: string | undefined;
  child.stdout.on("data", (chunk: Buffer) => {
    echo += chunk.toString("latin1");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.on("error", (error: NodeJS.ErrnoException) => {
    upstream = error.code;
  });
  const done = new Promise<number | null>((resolve) => child.once("close", resolve));
  let given = "";
  return {
    folder,
    done,
    said: () => said,
    /** The training says this, and it is passed on. */
    async write(bytes: Buffer): Promise<void> {
      given += bytes.toString("latin1");
      child.stdin.write(bytes);
      await until(() => echo === given);
    },
    signal: (name: NodeJS.Signals) => process.kill(-(child.pid ?? 0), name),
    /** Kills the process that passes the log on; returns the one that reads it. */
    async killPipe(): Promise<number> {
      const [pipe] = childrenOf(child.pid ?? 0).filter((pid) => childrenOf(pid).length > 0);
      const [reader] = childrenOf(pipe ?? 0);
      process.kill(pipe ?? 0, "SIGKILL");
      return reader ?? 0;
    },
    /** The training ends. */
    async end(): Promise<{ code: number | null; whole: boolean; upstream: string | undefined }> {
      child.stdin.end();
      const code = await done;
      return { code, whole: echo === given, upstream };
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

function onServer(server: StandInServer): Record<string, unknown>[] {
  if (server.store.run(server.entity, "nb-en", "teacher") === undefined) return [];
  return server.history("nb-en", "teacher").map(({ _timestamp, _runtime, ...row }) => row);
}

function rowsOf({ rows }: TrainingLog, last = Number.POSITIVE_INFINITY): Record<string, unknown>[] {
  return [...rows].filter(([up]) => up <= last).map(([_step, values]) => ({ ...values, _step }));
}

function ndjsonUpdates(folder: string): Set<unknown> {
  const lines = readFileSync(join(folder, "output/measurements.ndjson"), "utf8").trimEnd().split("\n");
  return new Set(
    lines
      .map((line) => JSON.parse(line) as { up?: number })
      .flatMap(({ up }) => (up === undefined ? [] : [up])),
  );
}

describe.concurrent.each([
  ["one SIGTERM", ["SIGTERM"], 143],
  ["two SIGTERM", ["SIGTERM", "SIGTERM"], 143],
  ["Ctrl-C twice", ["SIGINT", "SIGINT"], 130],
] as const)("%s to the whole group", (_what, signals, code) => {
  it("neither ends the echo nor loses what comes later", async () => {
    const log = trainingLog(11, { updates: 30 });
    const server = await startServer();
    const pipeline = startPipeline(server);
    await pipeline.write(Buffer.concat(log.pieces.slice(0, 30)));
    for (const [index, name] of signals.entries()) {
      pipeline.signal(name);
      await pipeline.write(Buffer.concat(log.pieces.slice(30 + 10 * index, 40 + 10 * index)));
    }
    await pipeline.write(Buffer.concat(log.pieces.slice(30 + 10 * signals.length)));
    expect(await pipeline.end()).toEqual({ code, whole: true, upstream: undefined });
    // What a slow machine does not deliver in the seconds after a signal is in the offline file.
    const isLate = pipeline.said().includes("offline file");
    if (isLate) await sync(server, pipeline.folder);
    expect(onServer(server)).toEqual(rowsOf(log));
    expect(ndjsonUpdates(pipeline.folder)).toEqual(new Set(log.rows.keys()));
    if (!isLate) expect(server.run("nb-en", "teacher").state).toBe(code === 143 ? "preempted" : "finished");
    expect(pipeline.said()).toMatch(/stopped by SIG/);
  });
});

/** Steps of the rows in the offline file, while it is written. */
async function stepsOffline(folder: string): Promise<number[]> {
  const path = filesBelow(folder).find((name) => name.endsWith(".wandb"));
  if (path === undefined) return [];
  const steps: number[] = [];
  for await (const event of await OfflineReader.open(join(folder, path)))
    if (event.kind === "history") steps.push(event.step ?? -1);
  return steps;
}

async function untilAsync(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

async function sync(server: StandInServer, folder: string): Promise<void> {
  const run = await runBinary("run", ["sync", folder], {
    folder,
    env: { HOME: folder, WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey },
  });
  expect([run.code, run.stderr]).toEqual([0, expect.any(String)]);
}

describe.concurrent("a server that hangs", () => {
  it("after a signal, what is there is in the offline file while the training goes on, and the rest at its end", async () => {
    const log = trainingLog(12, { updates: 30 });
    const server = await startServer();
    const pipeline = startPipeline(server);
    await pipeline.write(Buffer.concat(log.pieces.slice(0, 20)));
    await until(() => onServer(server).length > 0);
    server.inject({ fault: { kind: "hang" }, times: Number.POSITIVE_INFINITY });
    await pipeline.write(Buffer.concat(log.pieces.slice(20, 40)));
    const there = [...trainingUpdates(Buffer.concat(log.pieces.slice(0, 40)))];
    pipeline.signal("SIGTERM");
    pipeline.signal("SIGTERM");
    // The update that is not over yet is there too: a kill may follow.
    await untilAsync(async () => (await stepsOffline(pipeline.folder)).at(-1) === there.at(-1));
    await pipeline.write(Buffer.concat(log.pieces.slice(40)));
    expect(await pipeline.end()).toEqual({ code: 143, whole: true, upstream: undefined });
    const steps = await stepsOffline(pipeline.folder);
    expect(steps).toEqual([...new Set(steps)].sort((one, other) => one - other));
    server.heal();
    await sync(server, pipeline.folder);
    expect(onServer(server)).toEqual(rowsOf(log));
  });

  it("a reader whose pipe is killed puts offline what it has, and ends", async () => {
    const log = trainingLog(13, { updates: 30 });
    const server = await startServer();
    server.inject({ fault: { kind: "hang" }, times: Number.POSITIVE_INFINITY });
    const pipeline = startPipeline(server);
    await pipeline.write(
      Buffer.concat([...log.pieces.slice(0, 40), Buffer.from("[2026-11-23 10:00:00] Ep. 1 : Up. 1")]),
    );
    const reader = await pipeline.killPipe();
    await until(() => !lives(reader));
    server.heal();
    await sync(server, pipeline.folder);
    const there = [...trainingUpdates(Buffer.concat(log.pieces.slice(0, 40)))];
    expect(onServer(server).map(({ _step }) => _step)).toEqual(there);
  });
});

function trainingUpdates(log: Buffer): Set<number> {
  return new Set([...log.toString("latin1").matchAll(/Up\. (\d+) :/g)].map(([, up]) => Number(up)));
}
