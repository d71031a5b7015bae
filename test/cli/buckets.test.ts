/** Buckets as inputs and as places for results, by the whole program. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { S3Server } from "../servers/objects/s3-server.js";
import { check, filesBelow, freshFolder, type Run, runBinary, startBinary } from "./run-binary.js";
import { start, train, valid } from "./sample-logs.js";
import { scaleArchive } from "./scale-archive.js";

const KEY = "AKIDEXAMPLE1234567890";
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN = "FwoGZXIvYXdzEXAMPLETOKENaDNDEADBEEF";
const LOG =
  start() + Array.from({ length: 3000 }, (_, up) => train(up + 1)).join("") + valid(3000, "chrf", 50);

let server: S3Server;
const archive = freshFolder(scaleArchive());
const runs: Run[] = [];

beforeAll(async () => {
  server = await S3Server.start();
});
beforeEach(() => {
  server.clear();
  server.accounts.set(KEY, { secret: SECRET, token: TOKEN });
  server.makeBucket("bkt");
  for (const path of filesBelow(archive)) server.put("bkt", path, readFileSync(join(archive, path)));
});
afterEach(() => {
  for (const { stdout, stderr } of runs.splice(0))
    expect(stdout + stderr).not.toMatch(/AKIDEXAMPLE|wJalr|FwoGZX|AWS4-HMAC|Signature=/);
});
afterAll(() => server.close());

const environment = () => ({
  HOME: "/nonexistent",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_ENDPOINT_URL_S3: server.url,
  AWS_ACCESS_KEY_ID: KEY,
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_SESSION_TOKEN: TOKEN,
});

async function run(
  args: readonly string[],
  { folder = freshFolder(), env = {}, stdin = "" } = {},
): Promise<Run> {
  const done = await runBinary("run", args, {
    folder,
    env: { ...environment(), ...env },
    ...(stdin === "" ? {} : { stdin }),
  });
  runs.push(done);
  return done;
}

/** The command of a worker that writes a shard as CSV. */
function worker(manifest: string, shard: string, out: string): string[] {
  return ["archive", "--manifest", manifest, "--shard", shard, "--format", "csv", "-o", out];
}

/** The objects below a folder of the bucket, by their names there. */
function objectsBelow(folder: string): Record<string, string> {
  const keys = server.keys("bkt").filter((key) => key.startsWith(`${folder}/`));
  return Object.fromEntries(
    keys.map((key) => [key.slice(folder.length + 1), server.get("bkt", key)?.toString("base64") ?? ""]),
  );
}

function files(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(folder).map((path) => [path, readFileSync(join(folder, path), "base64")]),
  );
}

describe("results in a bucket", () => {
  test("of parse are those of a folder, and the receipt names their addresses", async () => {
    const folder = freshFolder({ "a/train.log": LOG, "b/train.log": LOG });
    check(await run(["parse", "a", "b", "-o", "s3://bkt/out/"], { folder }), {
      code: 0,
      stderr: /wrote {6}s3:\/\/bkt\/out\/a\/train\n/,
    });
    await run(["parse", "a", "b", "-o", "out", "-q"], { folder });
    expect(objectsBelow("out")).toEqual(files(join(folder, "out")));
    expect(filesBelow(folder)).not.toContain("s3:");
    const piped = await run(["parse", "--tee", "-", "-o", "s3://bkt/piped", "-q"], { stdin: LOG });
    expect([piped.code, piped.stdout === LOG]).toEqual([0, true]);
    expect(Object.keys(objectsBelow("piped"))).toEqual(["training.csv", "validation.csv"]);
  });

  test("of archive are those of a folder; the same again writes nothing, and a table that is gone is made again", async () => {
    const folder = freshFolder();
    const args = ["archive", "s3://bkt/archive", "--no-wandb", "--format", "csv", "--ledger", "l", "-o"];
    const written = await run([...args, "s3://bkt/out"], { folder });
    await run(["archive", "s3://bkt/archive", "--no-wandb", "--format", "csv", "-o", "out"], { folder });
    const { "ledger.ndjson": _ledger, ".tables-state": _state, ...tables } = files(join(folder, "out"));
    expect([written.code, objectsBelow("out")]).toEqual([1, tables]);
    const puts = server.requests.filter(({ method }) => method === "PUT").length;
    expect((await run([...args, "s3://bkt/out"], { folder })).stderr).toContain("nothing has changed");
    expect(server.requests.filter(({ method }) => method === "PUT")).toHaveLength(puts);
    server.remove("bkt", "out/runs.csv");
    await run([...args, "s3://bkt/out"], { folder });
    expect(objectsBelow("out")).toEqual(tables);
  });

  test("of archive are files of partitions, and those of before are removed", async () => {
    const folder = freshFolder();
    const args = [
      "archive",
      "s3://bkt/archive",
      "--no-wandb",
      "--format",
      "csv",
      "--partition-by",
      "project",
      "-o",
    ];
    server.put("bkt", "out/training.csv/project=gone/part-00000.csv", Buffer.from("old"));
    await run([...args, "s3://bkt/out", "--ledger", "l"], { folder });
    await run([...args, "out"], { folder });
    const { "ledger.ndjson": _ledger, ".tables-state": _state, ...tables } = files(join(folder, "out"));
    expect(objectsBelow("out")).toEqual(tables);
    const again = await run([...args, "s3://bkt/out", "--ledger", "l"], { folder });
    expect(again.stderr).toContain("nothing has changed");
  });

  test("of shards are those of folders, with the manifest last; a report and a manifest are objects, too", async () => {
    const folder = freshFolder();
    check(await run(["plan", "s3://bkt/archive", "-o", "s3://bkt/m.ndjson", "-q"]), { code: 0 });
    const [first] = server.get("bkt", "m.ndjson")?.toString().split("\n") ?? [];
    expect(JSON.parse(first ?? "")).toMatchObject({
      files: [
        {
          uri: expect.stringMatching(/^s3:/),
          size: expect.any(Number),
          etag: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
      ],
    });
    server.put("bkt", "out/shard-1-of-2/old.tsv", "from before");
    for (const shard of ["1/2", "2/2"]) {
      for (const out of ["s3://bkt/out", "out"])
        await run([...worker("s3://bkt/m.ndjson", shard, out), "-q"], { folder });
    }
    const { "metrics.json": _one, ...local } = files(join(folder, "out"));
    expect(Object.keys(objectsBelow("out"))).toEqual(Object.keys(local));
    for (const name of Object.keys(local).filter((path) => /\.(?:csv|ndjson)$/.test(path)))
      expect([name, objectsBelow("out")[name]]).toEqual([name, local[name]]);
    const order = server.requests.filter(
      ({ method, path }) => method === "PUT" && path.includes("shard-1-of-2"),
    );
    expect(order.at(-1)?.path).toContain("manifest.ndjson");
    const page = [
      "report",
      "s3://bkt/archive/models/en-hu/snake/",
      "-o",
      "s3://bkt/r.html",
      "--summary",
      "s3://bkt/r.md",
    ];
    check(await run(page), { code: 0, stderr: /s3:\/\/bkt\/r\.html: 2 runs/ });
    expect(server.headersOf("bkt", "r.html")["content-type"]).toBe("text/html; charset=utf-8");
    expect(String(server.get("bkt", "r.md"))).toContain("student");
  });

  test("of a shard that is done are not made again; an object that has changed, or is gone, is work", async () => {
    const folder = freshFolder();
    const plan = () => run(["plan", "s3://bkt/archive", "-o", "m.ndjson", "-q"], { folder });
    const work = async (...more: string[]) => {
      server.requests.length = 0;
      const done = await run([...worker("m.ndjson", "1/1", "s3://bkt/out"), ...more], { folder });
      const puts = server.requests.filter(({ method, path }) => method === "PUT" && path.includes("/out/"));
      return { ...done, puts: puts.map(({ path }) => path.replace(/^.*\//, "").replace(/\?.*/, "")) };
    };
    await plan();
    expect((await work()).puts.slice(-2)).toEqual(["metrics.json", "manifest.ndjson"]);
    const again = await work();
    check(again, {
      code: 0,
      stderr:
        /^s3:\/\/bkt\/out\/shard-1-of-1 is done, and nothing has changed: 17 runs, 5 with errors\. --force/m,
    });
    expect(again.puts).toEqual([]);
    expect((await work("--force")).puts).toContain("training.csv");
    server.put("bkt", "archive/models/en-hu/snake/student/train.log", Buffer.from(LOG));
    check(await work(), { code: 0, stderr: /changed since it was listed/ });
    await plan();
    check(await work(), { code: 0, stderr: /training rows/ });
    expect((await work()).puts).toEqual([]);
    server.put("bkt", "out/shard-1-of-1/runs.csv", Buffer.from("cut"));
    expect((await work()).puts).toContain("runs.csv");
  });

  test("that can't be written are refused before anything is read; --dry-run asks nobody", async () => {
    const folder = freshFolder({ "train.log": LOG });
    check(await run(["parse", "train.log", "-o", "s3://none/out"], { folder }), {
      code: 2,
      stderr: /s3:\/\/none\/out is not there \(HTTP 404\): NoSuchBucket/,
    });
    const anonymous = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_SESSION_TOKEN: "" };
    check(await run(["parse", "train.log", "-o", "s3://bkt/out"], { folder, env: anonymous }), {
      code: 2,
      stderr: /may not be written without credentials; none were found/,
    });
    check(
      await run(["parse", "train.log", "-o", "s3://bkt/out"], {
        folder,
        env: { AWS_SESSION_TOKEN: "an old one" },
      }),
      {
        code: 2,
        stderr: /the credentials have expired/,
      },
    );
    check(await run(["parse", "--follow", "train.log", "-o", "s3://bkt/out"], { folder }), {
      code: 2,
      stderr: /--follow writes rows as they come/,
    });
    server.fail(/uploads/, { kind: "status", status: 403 }, 100);
    const dry = ["archive", `${archive}/archive`, "--no-wandb", "-o", "s3://bkt/out", "--dry-run"];
    expect((await run(dry)).stderr).not.toContain("HTTP 403");
    expect([objectsBelow("out"), server.uploads.size]).toEqual([{}, 0]);
  });

  test("of which some can't be written are named, and the others are there", async () => {
    const folder = freshFolder({ "train.log": LOG });
    server.fail(/PUT .*training\.csv/, { kind: "status", status: 403 }, 100);
    check(await run(["parse", "train.log", "-o", "s3://bkt/out"], { folder }), {
      code: 3,
      stderr:
        /wrote {6}s3:\/\/bkt\/out\/validation\.csv\nnot written: s3:\/\/bkt\/out\/training\.csv may not be written with these credentials/,
    });
    expect(Object.keys(objectsBelow("out"))).toEqual(["validation.csv"]);
  });

  test("of a shard that fails half-way are not complete: the manifest is not there", async () => {
    await run(["plan", "s3://bkt/archive", "-o", "s3://bkt/m.ndjson", "-q"]);
    server.put("bkt", "out/shard-1-of-1/manifest.ndjson", "another plan's");
    server.fail(/PUT .*runs\.csv/, { kind: "status", status: 403 }, 100);
    check(await run(worker("s3://bkt/m.ndjson", "1/1", "s3://bkt/out")), {
      code: 3,
      stderr: /not written: s3:\/\/bkt\/out\/shard-1-of-1\/runs\.csv/,
    });
    expect(Object.keys(objectsBelow("out"))).not.toContain("shard-1-of-1/manifest.ndjson");
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "leave no object after %s in the middle of an upload",
    async (signal) => {
      const folder = freshFolder({ "train.log": start() + train(1).repeat(160_000) });
      server.fail(/PUT .*partNumber=2/, { kind: "hang" });
      const live = startBinary("run", ["parse", "train.log", "-q", "-o", "s3://bkt/out"], {
        folder,
        env: environment(),
      });
      await expect
        .poll(() => server.requests.some(({ path }) => path.includes("partNumber=2")), { timeout: 20_000 })
        .toBe(true);
      live.child.kill(signal);
      const done = await live.done;
      runs.push(done);
      expect(Object.keys(objectsBelow("out"))).not.toContain("training.csv");
      if (signal === "SIGTERM") expect([done.code, server.uploads.size]).toEqual([143, 0]);
    },
  );
});

test("a folder of a bucket is an input as a folder is", async () => {
  const folder = freshFolder({});
  const place = "archive/models/en-hu/snake/";
  const bucket = await run(["parse", `s3://bkt/${place}`, "-o", "bucket", "--format", "csv"], { folder });
  await run(["parse", join(archive, place), "-o", "local", "-q"], { folder });
  expect(bucket.stderr).toContain(`s3://bkt/${place}: found 2 logs`);
  expect(files(join(folder, "bucket"))).toEqual(files(join(folder, "local")));
  check(await run(["parse", "s3://bkt/nothing/", "-o", "none"]), {
    code: 1,
    stderr: /no Marian log: it is empty/,
  });
  check(await run(["compare", `s3://bkt/${place}`]), { code: 0, stdout: /student/ });
});
