/** Shards in buckets of a real server of S3 that also answers 503, cuts its answers and loses some: all rows are there. */
import { mkdirSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { freePort } from "../servers/local-server.js";
import {
  type Ended,
  isWhole,
  type Prepared,
  PYTHON,
  prepare,
  type Running,
  rowsAt,
  start,
  WORKER,
  workFolder,
} from "./work.js";

const MOTO = process.env["SCALE_MOTO"] ?? "";
const MINIO = process.env["SCALE_MINIO"] ?? "";
if (MOTO === "")
  process.stderr.write("skipped: the tests with a server of S3 (run them by `npm run test:scale`)\n");

const [NODE = "", PROGRAM = ""] = WORKER.split(" ");
const SHARDS = 4;
const KEYS = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE1234567890",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

/** Fills a bucket from a folder, or a folder from the bucket, and prints how many uploads were never ended. */
const CLIENT = `
import boto3, os, sys
url, way, folder = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
if way == "fill":
    s3.create_bucket(Bucket="bkt")
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            s3.upload_file(path, "bkt", os.path.join("archive", os.path.relpath(path, folder)))
else:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="bkt", Prefix="tables/"):
        for item in page["Contents"]:
            path = os.path.join(folder, item["Key"])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            s3.download_file("bkt", item["Key"], path)
    print(len(s3.list_multipart_uploads(Bucket="bkt").get("Uploads", [])))
`;

/** What went wrong on the way, by its kind. */
type Faults = Record<"busy" | "cut" | "lost", number>;

/** Hands requests on to the server; some are refused, some answers are cut, and some are lost. */
function faulty(port: number, faults: Faults) {
  let requests = 0;
  return createServer((incoming: IncomingMessage, response: ServerResponse) => {
    requests += 1;
    const number = requests;
    if (number % 7 === 0) {
      faults.busy += 1;
      incoming.resume();
      response.writeHead(503, { "content-type": "application/xml" });
      response.end("<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>");
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
      const length = Number(answer.headers["content-length"] ?? 0);
      if (method !== "GET" && number % 11 === 0) {
        faults.lost += 1;
        answer.resume();
        answer.once("end", () => response.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (method !== "GET" || length < 2000 || number % 5 !== 0) return void answer.pipe(response);
      faults.cut += 1;
      let left = Math.floor(length / 2);
      answer.on("data", (chunk: Buffer) => {
        if (left > 0) response.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) answer.destroy();
      });
      answer.once("close", () => setImmediate(() => response.destroy()));
    });
    onward.once("error", () => response.destroy());
    incoming.pipe(onward);
  });
}

const SERVERS = [
  { name: "moto", program: MOTO },
  { name: "MinIO", program: MINIO },
];

describe.each(SERVERS)("a bucket of $name", ({ name, program }) => {
  describe.skipIf(program === "" || MOTO === "" || PYTHON === "")("behind a bad network", () => {
    const folder = workFolder();
    let prepared: Prepared;
    let server: Running;
    let direct = "";
    const faults: Faults = { busy: 0, cut: 0, lost: 0 };
    let proxy: ReturnType<typeof faulty>;

    const client = (...args: string[]) =>
      start(MOTO, ["-c", CLIENT, direct, ...args], { env: { ...process.env, ...KEYS } }).done;

    beforeAll(async () => {
      prepared = prepare(folder, 40);
      const port = await freePort();
      direct = `http://127.0.0.1:${port}`;
      const data = join(folder, "data");
      mkdirSync(data);
      const args =
        name === "moto"
          ? ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)]
          : ["server", data, "--address", `127.0.0.1:${port}`, "--console-address", "127.0.0.1:0", "--quiet"];
      server = start(program, args, {
        env: {
          ...process.env,
          MINIO_ROOT_USER: KEYS.AWS_ACCESS_KEY_ID,
          MINIO_ROOT_PASSWORD: KEYS.AWS_SECRET_ACCESS_KEY,
        },
      });
      await vi.waitFor(() => fetch(direct), { timeout: 120_000, interval: 300 });
      const filled = await vi.waitFor(
        async () => {
          const ended = await client("fill", prepared.archive);
          expect(ended.code, ended.stderr).toBe(0);
          return ended;
        },
        { timeout: 120_000, interval: 1000 },
      );
      expect(filled.code).toBe(0);
      proxy = faulty(port, faults);
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    });
    afterAll(async () => {
      proxy?.closeAllConnections();
      proxy?.close();
      if (server !== undefined) {
        process.kill(server.pid, "SIGTERM");
        await server.done;
      }
    });

    function run(args: readonly string[]): Promise<Ended> {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const env = { ...process.env, ...KEYS, AWS_ENDPOINT_URL: url, AWS_REGION: "us-east-1" };
      return start(NODE, [PROGRAM, ...args], { env: { ...env, AWS_EC2_METADATA_DISABLED: "true" } }).done;
    }

    test("the shards are complete and equal, or have failed and said so", async () => {
      const plan = await run([
        "plan",
        "s3://bkt/archive",
        "--shards",
        String(SHARDS),
        "-q",
        "-o",
        join(folder, "plan"),
      ]);
      expect(plan.code, plan.stderr).toBe(0);
      const shard = async (index: number) => {
        const words = ["--manifest", join(folder, "plan"), "--shard", `${index}/${SHARDS}`];
        for (let attempt = 1; attempt <= 4; attempt += 1) {
          const ended = await run([
            "archive",
            ...words,
            "--format",
            "parquet",
            "-q",
            "-o",
            "s3://bkt/tables",
          ]);
          if (ended.code === 0) return attempt;
          expect([1, 3]).toContain(ended.code);
          expect(ended.stderr).toMatch(/not read, run this again|not written/);
        }
        return undefined;
      };
      const attempts = [...(await Promise.all([1, 2].map(shard))), ...(await Promise.all([3, 4].map(shard)))];
      expect(attempts).not.toContain(undefined);
      const fetched = await client("fetch", folder);
      expect([fetched.code, fetched.stdout.trim()], fetched.stderr).toEqual([0, "0"]);
      isWhole({ ...prepared, rows: rowsAt(prepared, "s3://bkt/archive") }, join(folder, "tables"), SHARDS);
      // Each kind of fault has happened.
      for (const count of Object.values(faults)) expect(count).toBeGreaterThan(2);
      process.stderr.write(`${name}: ${JSON.stringify({ ...faults, attempts })}\n`);
    });
  });
});
