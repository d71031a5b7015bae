/** Commands with the user's credentials of Taskcluster. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { IDS } from "../taskcluster/client/ids.js";
import { check, filesBelow } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { start, train } from "./sample-logs.js";
import { setting } from "./taskcluster.js";

const TOKEN = "Dq0d3NKrTAWz4hRkf7jzXgm2aE5aQbS1y-bQk1mPZ0aw";
const SIGNED = { TASKCLUSTER_CLIENT_ID: "project/reader", TASKCLUSTER_ACCESS_TOKEN: TOKEN };
const PRIVATE = "private/build/train.log";
const PUBLIC = ["public/build/train.log", "public/logs/live_backing.log", "public/logs/live.log"];
const LOG = start() + train(100);

/** A deployment that shows nothing to anybody, in which one training's log is private. */
async function closed() {
  const clients = { "project/reader": { accessToken: TOKEN, scopes: ["queue:*"] } };
  const set = await setting({ clients, anonymous: [] });
  for (const name of PUBLIC) set.server.store.removeArtifact(IDS.student, name);
  set.server.setContent(IDS.student, 0, PRIVATE, LOG);
  const run = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    runHere("run", args, { ...set.options, env: { ...set.options.env, ...env } });
  return { ...set, run };
}

test("download takes a private group with a private log, and the token stands nowhere", async () => {
  const { run, options } = await closed();
  const done = await run(SIGNED, "download", IDS.fjord, "-o", "archive", "--only", "training");
  expect(done.stderr).toMatch(/wrote \d+ files of 1 group/);
  const files = filesBelow(options.folder).map((path) => readFileSync(join(options.folder, path)));
  expect(files.filter((bytes) => bytes.toString() === LOG)).toHaveLength(1);
  for (const text of [done.stdout, done.stderr, ...files.map(String)])
    for (const secret of [TOKEN, "Hawk id"]) expect(text).not.toContain(secret);
});

test("without credentials the error names the variables and the scope", async () => {
  const { run } = await closed();
  check(await run({}, "ls", IDS.fjord), {
    code: 1,
    stderr: /without credentials that have the scope queue:get-task:ZowUkamo\w+: set TASKCLUSTER_CLIENT_ID/,
  });
});

test("half of the credentials is a usage error", async () => {
  const { run, server } = await closed();
  const half = { TASKCLUSTER_CLIENT_ID: "project/reader" };
  check(await run(half, "ls", IDS.fjord), { code: 2, stderr: /without\s+(›\s+)?TASKCLUSTER_ACCESS_TOKEN/ });
  expect(server.requests).toEqual([]);
});

test("a deployment that only an address names gets no signature", async () => {
  const { run, server } = await closed();
  const env = { ...SIGNED, TASKCLUSTER_ROOT_URL: "" };
  const done = await run(env, "ls", `${server.url}/tasks/groups/${IDS.fjord}`);
  check(done, { code: 1, stderr: /TASKCLUSTER_CLIENT_ID are not used for\s/ });
  expect(server.requests.some(({ headers }) => headers["authorization"] !== undefined)).toBe(false);
});
