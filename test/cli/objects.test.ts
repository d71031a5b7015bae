/** Objects as a user names them: public ones, read without a secret. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ObjectServer } from "../servers/objects/server.js";
import { check, filesBelow, freshFolder, runBinary } from "./run-binary.js";
import { start, train, valid } from "./sample-logs.js";
import { GROUP } from "./scale-archive.js";

const LOG =
  start() + Array.from({ length: 3000 }, (_, up) => train(up + 1)).join("") + valid(3000, "chrf", 50);
const NAME = `archive/logs/en-hu/${GROUP}/student/train.log`;

/** What programs have in their environment and must not show to a server of public objects. */
const SECRETS = {
  WANDB_API_KEY: "secret-wandb",
  TASKCLUSTER_CLIENT_ID: "secret-client",
  TASKCLUSTER_ACCESS_TOKEN: "secret-taskcluster",
  AWS_ACCESS_KEY_ID: "secret-aws-id",
  AWS_SECRET_ACCESS_KEY: "secret-aws",
  GOOGLE_APPLICATION_CREDENTIALS: "secret.json",
  GITHUB_TOKEN: "secret-github",
};

let server: ObjectServer;
let other: ObjectServer;
beforeEach(async () => {
  [server, other] = await Promise.all([ObjectServer.start(), ObjectServer.start()]);
  server.put("b", NAME, LOG);
});
afterEach(() => Promise.all([server.close(), other.close()]));

const run = (args: readonly string[], folder = freshFolder()) =>
  runBinary("run", args, { folder, env: { ...SECRETS, STORAGE_EMULATOR_HOST: server.url } });

describe("a log by its URL", () => {
  test.each([
    ["https", () => `${server.url}/files/b/${NAME}?signature=mine`],
    ["gs", () => `gs://b/${NAME}`],
  ])("%s is read over refusals and cuts, as the file would be", async (_scheme, url) => {
    server.fail(/train/, { kind: "status", status: 429, retryAfter: "0" });
    server.fail(/train/, { kind: "status", status: 500 });
    server.fail(/train/, { kind: "cut", after: 100_000 });
    server.fail(/train/, { kind: "drop" });
    server.fail(/train/, { kind: "no-range" });
    const folder = freshFolder({ "train.log": LOG });
    check(await run(["parse", url(), "-o", "object", "-q"], folder), { code: 0 });
    await run(["parse", "train.log", "-o", "file", "-q"], folder);
    const [object, file] = ["object", "file"].map((name) =>
      filesBelow(join(folder, name)).map((path) => readFileSync(join(folder, name, path), "utf8")),
    );
    expect(object).toEqual(file);
    // What came of the start is not asked for again, but for what was still on its way to the reader.
    const from = Number(/^bytes=(\d+)-$/.exec(server.requests.at(-1)?.range ?? "")?.[1]);
    expect(from).toBeGreaterThan(0);
    expect(from).toBeLessThanOrEqual(100_000);
  });

  test("two of one name have a folder each; one that is gone costs itself", async () => {
    server.put("b", "other/train.log.gz", gzipSync(LOG));
    const urls = [NAME, "other/train.log.gz", "gone/train.log"].map(
      (name) => `${server.url}/files/b/${name}`,
    );
    const done = await run(["parse", ...urls, "-o", "out"]);
    check(done, { code: 1, stderr: /gone\/train\.log[^\n]*(?:\n[^\n]*)?is not there[^\n]*404/ });
    const tables = filesBelow(join(done.folder, "out")).filter((path) => path.endsWith("training.csv"));
    expect(tables).toHaveLength(2);
    const [one, two] = tables.map((path) => readFileSync(join(done.folder, "out", path), "utf8"));
    expect(one).toBe(two);
  });

  test("a redirect to another server is followed, and that one is told nothing of the first", async () => {
    other.put("b", "train.log", LOG);
    other.fail(/train/, { kind: "cut", after: 50_000 });
    const to = encodeURIComponent(`${other.url}/files/b/train.log`);
    check(await run(["parse", `${server.url}/moved?to=${to}&signature=mine`, "-o", "out"]), {
      code: 0,
      stderr: /training +3,000 rows/,
    });
    expect(other.requests.map(({ range }) => range)).toEqual([undefined, "bytes=50000-"]);
    expect(JSON.stringify(other.requests)).not.toMatch(/mine|referer|authorization|cookie/i);
  });

  test("redirects that go round are an error in words", async () => {
    const round = `${server.url}/moved?to=${encodeURIComponent("/moved?to=%2Fmoved")}`;
    check(await run(["parse", round, "-o", "out"]), { code: 1, stderr: /redirect/ });
  });
});

test("no request has a secret of the environment, nor headers beyond what reading takes", async () => {
  const folder = freshFolder();
  check(await run(["plan", "gs://b/archive", "-o", "m.ndjson"], folder), { code: 0, stderr: /1 run/ });
  check(await run(["archive", "--manifest", "m.ndjson", "-q"], folder), { code: 0, stdout: /./ });
  check(await run(["archive", "gs://b/archive", "--no-wandb", "-o", "out", "--format", "csv"], folder), {
    code: 0,
    stderr: /3,000 training rows/,
  });
  check(await run(["parse", `gs://b/${NAME}`, "-o", "one"], folder), { code: 0, stderr: /3,000 rows/ });
  expect(server.requests.length).toBeGreaterThanOrEqual(5);
  expect(JSON.stringify(server.requests)).not.toContain("secret");
  const names = new Set(server.requests.flatMap(({ headers }) => Object.keys(headers)));
  expect([...names].sort()).toEqual(["accept-encoding", "connection", "host", "user-agent"]);
});

test.each<[string, number, RegExp]>([
  ["forbidden", 403, /the list of gs:\/\/b may not be read without credentials/],
  ["gone", 404, /the list of gs:\/\/b is not there/],
])("a bucket that is %s is refused in words", async (_what, status, message) => {
  server.fail(/storage/, { kind: "status", status }, 100);
  check(await run(["plan", "gs://b/archive"]), { code: 2, stderr: message });
});

test("with --max-errors, an object that vanished or may not be read is a row of the table of runs", async () => {
  server.put("b", NAME.replace("student", "teacher-1"), LOG);
  server.put("b", NAME.replace("student", "teacher-2"), LOG);
  const folder = freshFolder();
  await run(["plan", "gs://b/archive", "-o", "m.ndjson"], folder);
  server.fail(/teacher-1/, { kind: "status", status: 404 });
  server.fail(/teacher-2/, { kind: "status", status: 403 });
  const args = ["archive", "--manifest", "m.ndjson", "--table", "runs", "--max-errors", "2"];
  const done = await run(args, folder);
  check(done, { code: 0, stdout: /./, stderr: /3 runs, 2 with errors: 3,000 training rows/ });
  const errors = done.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).error ?? "");
  expect(errors[0]).toBe("");
  expect(errors[1]).toMatch(/is not there.*404/);
  expect(errors[2]).toMatch(/may not be read.*403/);
});
