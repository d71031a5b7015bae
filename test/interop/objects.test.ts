/** Buckets of a server that others made: moto's S3, read and listed again by AWS's own client for Python. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { check, filesBelow, freshFolder, runBinary } from "../cli/run-binary.js";
import { start, train } from "../cli/sample-logs.js";
import { scaleArchive } from "../cli/scale-archive.js";
import { freePort } from "../servers/local-server.js";

const PYTHON = resolve("node_modules/.cache/marian-tracking/moto-5.2.5/bin/python");
const isThere = existsSync(PYTHON);
if (!isThere) process.stderr.write("skipped: no moto: npm run test:interop installs it\n");
const KEYS = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE1234567890",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
/** Fills the bucket with a folder, or prints its objects and what is left of uploads. */
const CLIENT = `
import boto3, hashlib, json, os, sys
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1")
if sys.argv[2:]:
    s3.create_bucket(Bucket="bkt")
    for folder, _, names in os.walk(sys.argv[2]):
        for name in names:
            path = os.path.join(folder, name)
            s3.upload_file(path, "bkt", os.path.relpath(path, sys.argv[2]))
else:
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="bkt"):
        for item in page.get("Contents", []):
            body = s3.get_object(Bucket="bkt", Key=item["Key"])["Body"].read()
            found[item["Key"]] = hashlib.sha256(body).hexdigest()
    print(json.dumps([found, len(s3.list_multipart_uploads(Bucket="bkt").get("Uploads", []))]))
`;

describe.skipIf(!isThere)("moto's S3", () => {
  const archive = freshFolder(scaleArchive());
  let url = "";
  let stop = () => {};

  const client = (...args: string[]) =>
    promisify(execFile)(PYTHON, ["-c", CLIENT, url, ...args], { env: { ...process.env, ...KEYS } });
  const stored = async (): Promise<[Record<string, string>, number]> => JSON.parse((await client()).stdout);
  const run = (args: readonly string[], folder = freshFolder()) =>
    runBinary("run", args, {
      folder,
      env: { HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true", AWS_ENDPOINT_URL: url, ...KEYS },
    });

  beforeAll(async () => {
    const port = await freePort();
    const server = spawn(PYTHON, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
      stdio: "ignore",
    });
    stop = () => server.kill();
    url = `http://127.0.0.1:${port}`;
    await vi.waitFor(() => fetch(url), { timeout: 60_000, interval: 200 });
    await client(archive);
  }, 120_000);
  afterAll(() => stop());

  test("gives what files give: plan, shards, archive, parse, in and out, also in parts", async () => {
    const folder = freshFolder({ "big.log": start() + train(1).repeat(160_000) });
    check(await run(["plan", "s3://bkt/archive", "-q", "-o", "s3://bkt/m.ndjson"]), { code: 0 });
    for (const out of ["s3://bkt/shards", "shards"])
      for (const shard of ["1/2", "2/2"])
        await run(
          [
            "archive",
            "--manifest",
            "s3://bkt/m.ndjson",
            "--shard",
            shard,
            "--format",
            "csv",
            "-q",
            "-o",
            out,
          ],
          folder,
        );
    for (const out of ["s3://bkt/tables", "tables"])
      await run(["archive", "s3://bkt/archive", "--no-wandb", "--format", "csv", "-q", "-o", out], folder);
    for (const out of ["s3://bkt/logs", "logs"])
      await run(["parse", "s3://bkt/archive/models/en-hu/snake/", "big.log", "-q", "-o", out], folder);
    const [found, uploads] = await stored();
    expect(uploads).toBe(0);
    const local = filesBelow(folder).filter(
      (path) => /\.(?:csv|ndjson)$/.test(path) && !/ledger|metrics/.test(path),
    );
    expect(local.length).toBeGreaterThan(15);
    for (const path of local) {
      const digest = createHash("sha256")
        .update(readFileSync(join(folder, path)))
        .digest("hex");
      expect([path, found[path]]).toEqual([path, digest]);
    }
  }, 120_000);
});
