/** Waits with the real program: each ends in its bound, with the rows in the offline file. */
import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { check, eventually, freshFolder, type Run, runBinary, startBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { startDeafServer } from "../servers/deaf.js";
import { CONNECTION_FAULTS, faultNamed } from "../servers/faults.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";

const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)), "utf8");
const closing: (() => Promise<void> | void)[] = [];
// Tests run side by side.
afterAll(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Listens with a fault; tells the port and the connections so far. */
async function listen(take: (socket: Socket) => void) {
  const state = { port: 0, connections: 0 };
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    state.connections += 1;
    open.add(socket);
    socket.on("error", () => {});
    take(socket);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  state.port = (server.address() as AddressInfo).port;
  return state;
}

const KEY = "k".repeat(40);
const PASSWORD = "hunter22";
const LS = ["ls", "ZowUkamoRKuDlb4uAeTvgg"];
const PARSE = ["parse", "student/train.log", "--wandb-project", "p", "--retry-for", "3s"];

type Reached = Readonly<Record<string, string>>;

/** The ways to a service that is not reached, as the environment names them. */
const WAYS: Readonly<Record<string, (port: number) => Reached>> = {
  "a proxy": (port) => ({
    HTTPS_PROXY: `http://me:${PASSWORD}@127.0.0.1:${port}`,
    TASKCLUSTER_ROOT_URL: "https://service.test",
    WANDB_BASE_URL: "https://service.test",
    WANDB_API_KEY: KEY,
  }),
  "a server of TLS": (port) => ({
    TASKCLUSTER_ROOT_URL: `https://127.0.0.1:${port}`,
    WANDB_BASE_URL: `https://127.0.0.1:${port}`,
    WANDB_API_KEY: KEY,
  }),
};

const slow = CONNECTION_FAULTS.filter((fault) => fault.slow === true);
const UNREACHED = [
  ...CONNECTION_FAULTS.map((fault) => ({ way: "a proxy", ...fault })),
  ...slow.slice(0, 2).map((fault) => ({ way: "a server of TLS", ...fault })),
];

describe.concurrent("with the real program", () => {
  test.each(CONNECTION_FAULTS.filter(({ name }) => /first bytes|as a proxy/.test(name)))(
    "a proxy that $name is asked a few times only",
    async ({ take, final }) => {
      const proxy = await listen(take);
      const done = await runBinary("run", LS, { env: WAYS["a proxy"]?.(proxy.port) ?? {} });
      check(done, { code: 1, stderr: final === true ? /HTTP 407/ : /no usable answer in 6 tries/ });
      expect(proxy.connections).toBe(final === true ? 1 : 6);
      expect(done.stderr).not.toContain(PASSWORD);
    },
  );

  /** Rows are in the offline file, and no secret is in what was printed. */
  function expectOffline(done: Run): void {
    check(done, { code: 3, stderr: /80 rows are in the offline file/ });
    expect(done.stderr).not.toContain(PASSWORD);
    expect(done.stderr).not.toContain(KEY);
  }

  test.each(UNREACHED)("parse with $way that $name: rows are in the offline file", async ({ way, take }) => {
    const server = await listen(take);
    const folder = freshFolder({ "student/train.log": log });
    expectOffline(await runBinary("run", PARSE, { env: WAYS[way]?.(server.port) ?? {}, folder }));
    expect(server.connections).toBeLessThanOrEqual(8);
  });

  test("parse with a connection that is neither made nor refused", async () => {
    const deaf = await startDeafServer();
    closing.push(deaf.close);
    const folder = freshFolder({ "student/train.log": log });
    expectOffline(await runBinary("run", PARSE, { env: WAYS["a proxy"]?.(deaf.port) ?? {}, folder }));
  });

  const STUB = `require("dns").lookup = () => require("fs").writeFileSync("looked-up", "");`;
  const nameless = {
    NODE_OPTIONS: "--require ./stub.cjs",
    TASKCLUSTER_ROOT_URL: "https://service.test",
    WANDB_BASE_URL: "https://service.test",
    WANDB_API_KEY: KEY,
  };

  test("parse with a name whose look-up never ends", async () => {
    const folder = freshFolder({ "student/train.log": log, "stub.cjs": STUB });
    expectOffline(await runBinary("run", PARSE, { env: nameless, folder }));
    expect(existsSync(join(folder, "looked-up"))).toBe(true);
  });

  /** What a command that is told to end while it waits is held to. */
  async function expectToStop(
    args: readonly string[],
    env: Reached,
    signal: "SIGTERM" | "SIGINT",
    waiting: (folder: string) => boolean,
  ): Promise<void> {
    const folder = freshFolder({ "student/train.log": log, "stub.cjs": STUB });
    const live = startBinary("run", args, { env, folder });
    live.child.stdin.end();
    await eventually(() => waiting(folder), live);
    live.child.kill(signal);
    // One that had not ended within ten seconds would have ended itself by the signal.
    const done = await live.done;
    expect([done.code, done.signal]).toEqual([signal === "SIGINT" ? 130 : 143, null]);
    if (args === PARSE) expect(done.stderr).toMatch(/80 rows are in the offline file/);
  }

  const signals = ["SIGTERM", "SIGINT"] as const;
  test.each(
    UNREACHED.filter((fault) => fault.slow).flatMap(({ way, name, take }, at) => {
      const signal = signals[at % 2] ?? "SIGTERM";
      return [LS, PARSE].map((args) => ({ way, name, take, signal, args }));
    }),
  )("$args.0 ends by $signal while $way $name", async ({ way, take, signal, args }) => {
    const server = await listen(take);
    await expectToStop(args, WAYS[way]?.(server.port) ?? {}, signal, () => server.connections > 0);
  });

  test.each([LS, PARSE])("%s ends by SIGTERM while a name is looked up", async (...args) => {
    const command = args[0] === "parse" ? PARSE : LS;
    await expectToStop(command, nameless, "SIGTERM", (folder) => existsSync(join(folder, "looked-up")));
  });

  test.each([LS, PARSE])("%s ends at once by a second signal", async (...args) => {
    const proxy = await listen(() => {});
    const folder = freshFolder({ "student/train.log": log });
    const live = startBinary("run", args, { env: WAYS["a proxy"]?.(proxy.port) ?? {}, folder });
    live.child.stdin.end();
    await eventually(() => proxy.connections > 0, live);
    // One that has ended in order before the second signal needs none.
    live.child.kill("SIGTERM");
    const again = setInterval(() => live.child.kill("SIGINT"), 120);
    const { code, signal } = await live.done;
    clearInterval(again);
    expect([[null, "SIGINT"], ...(args[0] === "ls" ? [[143, null]] : [])]).toContainEqual([code, signal]);
  });
});

describe.concurrent("a storage that is silent", () => {
  const commands = [
    ["group", IDS.fjord, "--no-wandb", "-o", "out"],
    ["download", IDS.fjord, "-o", "out"],
    ["task", IDS.teacher1, "--no-wandb", "-o", "out"],
    ["logs", IDS.teacher1],
  ] as const;

  test.each(
    commands.flatMap((args) =>
      (["SIGTERM", "SIGINT"] as const).flatMap((signal) =>
        [1, 2].map((times) => ({ command: args[0], args, signal, times })),
      ),
    ),
  )("holds up $command no longer than until $signal, $times", async ({ args, signal, times }) => {
    const server = await TaskclusterStandIn.start({ groups: [ownGroup("fjord")] });
    closing.push(() => server.close());
    server.inject({ endpoint: "content", fault: { kind: "stall" }, times: Number.POSITIVE_INFINITY });
    const env = { TASKCLUSTER_ROOT_URL: server.url, XDG_CACHE_HOME: "cache" };
    const live = startBinary("run", args, { env, folder: freshFolder() });
    live.child.stdin.end();
    await eventually(() => server.count("content") > 0, live);
    for (let sent = 0; sent < times; sent += 1) live.child.kill(signal);
    // One that had not ended within ten seconds would have ended itself by the signal, as the second one ends it.
    const { code, signal: by } = await live.done;
    const inOrder = [signal === "SIGINT" ? 130 : 143, null];
    expect(times === 1 ? [inOrder] : [inOrder, [null, signal]]).toContainEqual([code, by]);
  });
});

test.concurrent.each([
  "200 with a page",
  "200 with nothing",
  "204",
  "302 to a login",
  "403",
  "503 with Retry-After: 0",
  "429 with Retry-After: for ever",
  "503 and no more requests",
  "silence",
  "a head without a body",
  "a body that is cut",
  "200 that drips",
])("rows that a server answers with %s are in the offline file, and reach it later", async (name) => {
  expect(faultNamed(name).name).toBe(name);
  const server = await StandInServer.start();
  closing.push(() => server.close());
  server.inject({ endpoint: "file_stream", fault: { kind: "named", name }, times: Number.POSITIVE_INFINITY });
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
  const folder = freshFolder({ "student/train.log": log });
  const args = ["parse", "student/train.log", "--wandb-project", "p", "--retry-for", "3s"];
  const done = await runBinary("run", args, { env, folder });
  check(done, {
    code: 3,
    stderr: /0 of 80 rows sent were acknowledged[\s\S]*80 rows are in the offline file/,
  });
  expect(done.stderr).not.toContain(server.apiKey);
  expect(server.requestsOf("file_stream").length).toBeLessThan(5);
  server.heal();
  check(await runHere("run", ["sync", "wandb", "-q"], { env, folder }), { code: 0, stderr: "" });
  expect(server.history("p", "student")).toHaveLength(80);
});

test.each([
  ["a file that is put", "302 to a login", { endpoint: "upload", path: "/config.yaml" }],
  ["every file that is put", "403", { endpoint: "upload" }],
  ["the log of the run, put in silence", "silence", { endpoint: "upload", path: "/output.log" }],
  [
    "the question where files are put",
    "200 with a page",
    { endpoint: "graphql", operation: "CreateRunFiles" },
  ],
  ["the rows with which files are reported", "403", { endpoint: "file_stream" }],
] as const)("files are in the offline file, and reach the server later: %s, %s", async (_, name, rule) => {
  const server = await StandInServer.start();
  closing.push(() => server.close());
  server.inject({ ...rule, fault: { kind: "named", name }, times: Number.POSITIVE_INFINITY });
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
  const folder = freshFolder({ "student/train.log": log });
  const args = ["parse", "student/train.log", "--wandb-project", "p", "--retry-for", "3s"];
  check(await runHere("run", args, { env, folder }), { code: 3, stderr: /marian-tracking sync/ });
  server.heal();
  check(await runHere("run", ["sync", "wandb", "-q"], { env, folder }), { code: 0, stderr: "" });
  expect(server.history("p", "student")).toHaveLength(80);
  const run = server.run("p", "student");
  expect([...run.visible].filter((file) => run.uploads.has(file)).sort()).toEqual([
    "config.yaml",
    "output.log",
    "wandb-metadata.json",
    "wandb-summary.json",
  ]);
  expect(run.uploads.get("output.log")?.bytes.toString()).toContain("Up. ");
});

test("a server that acknowledges rows and holds none is found out", async () => {
  const server = await StandInServer.start();
  closing.push(() => server.close());
  server.inject({ endpoint: "file_stream", fault: { kind: "lie" }, times: Number.POSITIVE_INFINITY });
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey };
  const folder = freshFolder({ "student/train.log": log });
  const args = ["parse", "student/train.log", "--wandb-project", "p", "--retry-for", "3s"];
  const done = await runHere("run", args, { env, folder });
  check(done, { code: 3, stderr: /acknowledged 80 rows of the run and holds 0[\s\S]*/ });
  const again = await runHere("run", ["sync", "wandb", "--retry-for", "1s"], { env, folder });
  check(again, { code: 3, stderr: /holds 0/ });
  server.heal();
  check(await runHere("run", ["sync", "wandb", "-q"], { env, folder }), { code: 0, stderr: "" });
  expect(server.history("p", "student")).toHaveLength(80);
});
