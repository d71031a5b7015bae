/** What a server says that is too much, too long or leads elsewhere, told to the real program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { check, eventually, filesBelow, freshFolder, type Run, startBinary } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { ownGroup, TaskclusterStandIn } from "../servers/taskcluster/index.js";
import { type FaultRule, StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";

const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)), "utf8");
const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0)) await close();
});

const ALWAYS = { times: Number.POSITIVE_INFINITY };
const PARSE = ["--wandb-project", "p", "--retry-for", "3s"];

async function wandb(...rules: readonly FaultRule[]) {
  const server = await StandInServer.start();
  closing.push(() => server.close());
  for (const rule of rules) server.inject(rule);
  return { server, env: { WANDB_BASE_URL: server.url, WANDB_API_KEY: server.apiKey } };
}

/** The offline files of a run of the program. */
function offlineFiles({ folder }: Pick<Run, "folder">): string[] {
  return filesBelow(folder).filter((path) => path.endsWith(".wandb"));
}

describe.concurrent("a rate limit on the first of two logs", () => {
  const reply = '{"exitcode":null,"limits":{},"stopped":false}';
  const shut = (seconds: string) => ({ "RateLimit-Remaining": "0", "RateLimit-Reset": seconds });
  const logs = { "student/train.log": log, "backwards/train.log": log };
  const args = ["parse", "student/train.log", "backwards/train.log", ...PARSE];

  test.each<[string, FaultRule["fault"]]>([
    ["429 with Retry-After", { kind: "status", status: 429, retryAfter: "3600" }],
    ["429 with RateLimit-Remaining: 0", { kind: "status", status: 429, headers: shut("3600") }],
    ["200 with RateLimit-Remaining: 0", { kind: "status", status: 200, headers: shut("3600"), body: reply }],
  ])("%s ends in its time, with both in offline files", async (_name, fault) => {
    const { server, env } = await wandb({ endpoint: "file_stream", fault });
    const folder = freshFolder(logs);
    check(await runHere("run", args, { env, folder }), {
      code: 3,
      stderr: /80 rows are in the offline file[\s\S]*80 rows are in the offline file/,
    });
    expect(server.requests.length).toBeLessThan(20);
    server.heal();
    check(await runHere("run", ["sync", "wandb", "-q"], { env, folder }), { code: 0, stderr: "" });
    expect(["student", "backwards"].map((id) => server.history("p", id).length)).toEqual([80, 80]);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends by %s while all wait", async (signal) => {
    // Less than the budget of five minutes: without the signal it would be waited for.
    const fault = { kind: "status", status: 429, headers: shut("200") } as const;
    const { server, env } = await wandb({ endpoint: "file_stream", fault });
    const live = startBinary(
      "run",
      ["parse", "student/train.log", "backwards/train.log", "--wandb-project", "p"],
      {
        env,
        folder: freshFolder(logs),
      },
    );
    live.child.stdin.end();
    await eventually(() => server.requestsOf("file_stream").some(({ status }) => status === 429), live);
    live.child.kill(signal);
    const done = await live.done;
    // One that had not ended within ten seconds would have ended itself by the signal.
    expect([done.code, done.signal]).toEqual([signal === "SIGINT" ? 130 : 143, null]);
    expect(done.stderr).toMatch(/80 rows are in the offline file/);
    expect(server.requests.length).toBeLessThan(30);
  });
});

describe.concurrent("names that a server gives in the place of those that it was asked for", () => {
  const names = ["../../away", "/tmp/away", "a\0b", "x".repeat(300), "CON", ".", "..", "", 7];
  const bucket = (change: object) => ({
    kind: "status" as const,
    status: 200,
    body: JSON.stringify({
      data: {
        upsertBucket: {
          bucket: {
            id: "storage",
            name: "student",
            displayName: "student",
            project: { name: "p", entity: { name: "team" } },
            ...change,
          },
          inserted: true,
        },
      },
    }),
  });

  test.each([
    ...names.map((name) => ["the run", bucket({ name })] as const),
    ...["../../away", "a\0b", "."].flatMap((name) => [
      ["the project", bucket({ project: { name, entity: { name: "team" } } })] as const,
      ["the entity", bucket({ project: { name: "p", entity: { name } } })] as const,
    ]),
  ])("%s: rows are in the offline file, in its place", async (_of, fault) => {
    const { server, env } = await wandb({ endpoint: "graphql", operation: "UpsertBucket", fault, ...ALWAYS });
    const folder = freshFolder({ "in/student/train.log": log });
    const done = await runHere("run", ["parse", "in/student/train.log", ...PARSE], { env, folder });
    check(done, { code: 3, stderr: /80 rows are in the offline file/ });
    expect(offlineFiles(done)).toEqual([
      expect.stringMatching(/^wandb\/offline-run-[^/]*-student\/run-student\.wandb$/),
    ]);
    server.heal();
    check(await runHere("run", ["sync", "wandb", "-q"], { env, folder }), { code: 0, stderr: "" });
    expect(server.history("p", "student")).toHaveLength(80);
  });
});

describe("memory", () => {
  const MAX_KB = 300_000;
  /**
   * Writes the peak of resident memory (kB) at the end. `maxRSS` of a program that a large process has started is never
   * less than that one's own peak, so Linux is asked for the program's alone.
   */
  const PEAK = `const { readFileSync, writeFileSync } = require("fs");
const alone = () => {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\\s*(\\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
};
if (require("worker_threads").isMainThread) process.on("exit", () => writeFileSync("peak", String(alone())));`;

  const peakOf = (folder: string) => Number(readFileSync(join(folder, "peak"), "utf8"));

  async function runMeasured(args: readonly string[], env: Record<string, string>, files = {}): Promise<Run> {
    const folder = freshFolder({ "student/train.log": log, "peak.cjs": PEAK, ...files });
    const preload = `--require ${join(folder, "peak.cjs")}`;
    const done = await runHere("run", args, { env: { ...env, NODE_OPTIONS: preload }, folder });
    const peak = peakOf(folder);
    expect(peak).toBeLessThan(MAX_KB);
    expect(done.stderr.length).toBeLessThan(10_000);
    return done;
  }

  const endless = ["200 with a gigabyte", "200 with a body without an end", "500 with a body without an end"];
  test.each(
    (["graphql", "file_stream", "upload"] as const).flatMap((endpoint) =>
      endless
        .map((name) => ({ endpoint, name }))
        .filter(({ name }) => endpoint !== "upload" || /^500/.test(name)),
    ),
  )("stays small whatever W&B answers: $endpoint, $name", async ({ endpoint, name }) => {
    const { env } = await wandb({ endpoint, fault: { kind: "named", name }, ...ALWAYS });
    const done = await runMeasured(["parse", "student/train.log", ...PARSE], env);
    expect(done.code).toBe(3);
    if (name.startsWith("200")) expect(done.stderr).toMatch(/is larger than 67108864 bytes/);
    if (endpoint !== "upload") expect(done.stderr).toMatch(/80 rows are in the offline file/);
  });

  const bomb = gzipSync(Buffer.alloc(1e9), { level: 1 });

  test.each([
    ["a page of errors", JSON.stringify({ errors: [{ message: "no\n".repeat(7e6) }] }), {}],
    ["many errors", JSON.stringify({ errors: Array(300_000).fill({ message: "no".repeat(30) }) }), {}],
    ["packed zeros", bomb.toString("latin1"), { "Content-Encoding": "gzip" }],
  ])("stays small, and messages short, for an answer with %s", async (_name, body, headers) => {
    const fault = { kind: "status", status: 200, body, headers } as const;
    const { env } = await wandb({ endpoint: "graphql", operation: "UpsertBucket", fault, ...ALWAYS });
    const done = await runMeasured(["parse", "student/train.log", ...PARSE], env);
    check(done, { code: 3, stderr: /80 rows are in the offline file/ });
  });

  async function taskcluster() {
    const server = await TaskclusterStandIn.start({ groups: [ownGroup("fjord")] });
    closing.push(() => server.close());
    const env = { TASKCLUSTER_ROOT_URL: server.url, XDG_CACHE_HOME: "cache", WANDB_MODE: "disabled" };
    return { server, env };
  }

  test.each(endless)("stays small whatever Taskcluster answers: %s", async (name) => {
    const { server, env } = await taskcluster();
    server.inject({ endpoint: "task", fault: { kind: "named", name }, ...ALWAYS });
    server.inject({ endpoint: "list", fault: { kind: "named", name }, ...ALWAYS });
    server.inject({ endpoint: "status", fault: { kind: "named", name }, ...ALWAYS });
    const done = await runMeasured(["task", IDS.teacher1, "--no-wandb", "-o", "out"], env);
    expect(done.code).toBe(1);
    if (name.startsWith("200")) expect(done.stderr).toMatch(/is larger than 67108864 bytes/);
  });

  test.each(["task", "logs"] as const)(
    "stays small for an artifact that unpacks to 150 MB: %s",
    async (command) => {
      const { server, env } = await taskcluster();
      const line = "[2026-11-23 19:10:01] the same line of a task that says the same all the time\n";
      server.setContent(IDS.teacher1, 1, "public/build/train.log", log + line.repeat(150e6 / line.length));
      server.setContent(IDS.teacher1, 1, "public/logs/live_backing.log", line.repeat(150e6 / line.length));
      const args = command === "task" ? [IDS.teacher1, "--no-wandb", "-o", "out"] : [IDS.teacher1];
      const folder = freshFolder({ "peak.cjs": PEAK });
      const preload = `--require ${join(folder, "peak.cjs")}`;
      const live = startBinary("run", [command, ...args], { env: { ...env, NODE_OPTIONS: preload }, folder });
      live.child.stdin.end();
      expect((await live.done).code).toBe(0);
      expect(peakOf(folder)).toBeLessThan(250_000);
    },
  );
});
