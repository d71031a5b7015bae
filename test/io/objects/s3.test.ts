/** Objects in S3, from a server that checks signatures and has faults. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ObjectStore } from "../../../src/io/objects/object-store.js";
import { S3Server } from "../../servers/objects/s3-server.js";

const KEY = "AKIDEXAMPLE1234567890";
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MIB = 1 << 20;

let server: S3Server;
let folder: string;
const stores: ObjectStore[] = [];

beforeEach(async () => {
  server = await S3Server.start();
  server.accounts.set(KEY, { secret: SECRET });
  server.makeBucket("bkt");
  folder = mkdtempSync(join(tmpdir(), "s3-test-"));
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
  vi.stubEnv("AWS_ENDPOINT_URL_S3", server.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A store with the credentials of the environment. */
function storeOf(
  more: Readonly<Record<string, string>> = { AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET },
) {
  for (const [name, value] of Object.entries(more)) vi.stubEnv(name, value);
  const store = ObjectStore.fromEnvironment(process.env, { userAgent: "test", retryMs: 1 });
  stores.push(store);
  return store;
}

async function bytesOf(store: ObjectStore, url: string, known = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.source(url, known).chunks()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function listed(store: ObjectStore, url: string) {
  const found = [];
  for await (const object of store.list(url)) found.push(object);
  return found;
}

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  return path;
}

describe("credentials", () => {
  test("come from the environment", async () => {
    server.put("bkt", "a/train.log", "hello");
    expect(String(await bytesOf(storeOf(), "s3://bkt/a/train.log"))).toBe("hello");
    expect(server.requests.map(({ account }) => account)).toEqual([KEY]);
  });

  test("come from the profile, with its region, its endpoint and a session", async () => {
    server.put("far", "a", "hello");
    server.regions.set("far", "eu-west-3");
    server.accounts.set("AKIDPROFILE", { secret: SECRET, token: "the token" });
    const profile = `[other]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = ${SECRET}\naws_session_token = the token\n`;
    writeFileSync(join(folder, "credentials"), profile);
    const config = `[default]\nregion = x\n[profile other]\nregion = eu-west-3\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = ${server.url}/\n`;
    writeFileSync(join(folder, "config"), config);
    vi.stubEnv("AWS_ENDPOINT_URL_S3", undefined);
    expect(String(await bytesOf(storeOf({ AWS_PROFILE: "other" }), "s3://far/a"))).toBe("hello");
    expect(server.requests).toMatchObject([{ account: "AKIDPROFILE", region: "eu-west-3" }]);
  });

  test("are not needed for a public bucket, and are missed in words for another", async () => {
    server.put("bkt", "a", "hello");
    await expect(bytesOf(storeOf({}), "s3://bkt/a")).rejects.toThrow(
      /^the object may not be read without credentials; none were found: .+ \(HTTP 403\): AccessDenied: Access Denied$/,
    );
    server.publicBuckets.add("bkt");
    expect(String(await bytesOf(storeOf({}), "s3://bkt/a"))).toBe("hello");
    expect(server.requests.map(({ account }) => account)).toEqual([undefined, undefined]);
  });

  test.each([
    [
      "unknown",
      { AWS_ACCESS_KEY_ID: "AKIDNOBODY1234567" },
      /may not be read with these credentials \(HTTP 403\): InvalidAccessKeyId/,
    ],
    [
      "of another secret",
      { AWS_SECRET_ACCESS_KEY: "another secret of the same" },
      /\(HTTP 403\): SignatureDoesNotMatch/,
    ],
    [
      "expired",
      { AWS_SESSION_TOKEN: "an old token of a session" },
      /the credentials have expired \(HTTP 400\).*renew them/,
    ],
  ])("that are %s are refused in words, without a key or a signature", async (_what, wrong, message) => {
    server.put("bkt", "a", "hello");
    server.accounts.set(KEY, { secret: SECRET, ...("AWS_SESSION_TOKEN" in wrong ? { token: "new" } : {}) });
    const store = storeOf({ AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET, ...wrong });
    const error = (await bytesOf(store, "s3://bkt/a").catch((one: unknown) => one)) as Error;
    expect(error.message).toMatch(message);
    expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toMatch(
      /AKID|wJalr|secret of|old token|AWS4|Signature=/,
    );
  });
});

describe("a bucket in another region", () => {
  test.each([301, 400] as const)(
    "that the server names by %d is asked there, for all requests",
    async (status) => {
      server.put("far", "logs/a", "hello");
      server.regions.set("far", "eu-west-3");
      server.redirect = status;
      const store = storeOf();
      expect(await listed(store, "s3://far/logs/")).toHaveLength(1);
      expect(String(await bytesOf(store, "s3://far/logs/a"))).toBe("hello");
      await store.put("s3://far/b", fileOf(Buffer.from("x")));
      expect(server.requests.map(({ region }) => region)).toEqual([
        "us-east-1",
        ...Array(3).fill("eu-west-3"),
      ]);
    },
  );
});

describe("a list", () => {
  test("comes in pages over faults, with size, ETag and time, and any name", async () => {
    const names = Array.from(
      { length: 23 },
      (_, index) => `logs/${String(index).padStart(2, "0")} ä+&'(*)\u0001.log`,
    );
    for (const name of names) server.put("bkt", name, "12345");
    server.put("bkt", "other", "x");
    server.pageSize = 5;
    server.fail(/continuation/, { kind: "status", status: 503, retryAfter: "0" }, 2);
    server.fail(/continuation/, { kind: "drop" });
    server.fail(/continuation/, { kind: "cut", after: 100 });
    const found = await listed(storeOf(), "s3://bkt/logs/");
    expect(found.map(({ url }) => url)).toEqual(names.map((name) => `s3://bkt/${name}`));
    expect(found[0]).toMatchObject({
      size: 5,
      etag: "827ccb0eea8a706c4c34a16891f84e7b",
      changed: Date.UTC(2026, 0, 2, 3, 4, 5),
    });
    for (const { url } of found) expect(String(await bytesOf(storeOf(), url))).toBe("12345");
  });

  test("that goes on and does not say where is an error, as is one of no bucket", async () => {
    server.put("bkt", "a", "x");
    server.fail(/list-type/, { kind: "truncated" });
    await expect(listed(storeOf(), "s3://bkt/")).rejects.toThrow(/does not end/);
    await expect(listed(storeOf(), "s3://none/")).rejects.toThrow(
      /the list of s3:\/\/none is not there .*NoSuchBucket/,
    );
  });
});

describe("reading", () => {
  test("goes on where a connection broke, and refuses another content", async () => {
    const bytes = randomBytes(300_000);
    server.put("bkt", "a", bytes);
    const store = storeOf();
    const { size, etag } = await store.find("s3://bkt/a");
    server.fail(/GET .bkt.a/, { kind: "status", status: 503 });
    server.fail(/GET .bkt.a/, { kind: "cut", after: 100_000 });
    expect((await bytesOf(store, "s3://bkt/a", { size, etag })).equals(bytes)).toBe(true);
    expect(server.requests.at(-1)?.headers).toMatchObject({
      range: "bytes=100000-",
      "if-match": `"${etag}"`,
    });
    server.fail(/GET .bkt.a/, { kind: "etag" });
    await expect(bytesOf(store, "s3://bkt/a", { size, etag })).rejects.toMatchObject({ code: "changed" });
    server.put("bkt", "a", "other");
    await expect(bytesOf(store, "s3://bkt/a", { size, etag })).rejects.toMatchObject({ code: "changed" });
    await expect(bytesOf(store, "s3://bkt/none")).rejects.toThrow(/is not there \(HTTP 404\): NoSuchKey/);
  });
});

describe("writing", () => {
  test("a small file is one request, repeated after faults", async () => {
    server.fail(/PUT/, { kind: "status", status: 503 });
    server.fail(/PUT/, { kind: "drop" });
    server.fail(/PUT/, { kind: "lost" });
    await storeOf().put("s3://bkt/t/runs (1).csv", fileOf(Buffer.from("a,b\r\n")));
    expect(String(server.get("bkt", "t/runs (1).csv"))).toBe("a,b\r\n");
    expect(server.headersOf("bkt", "t/runs (1).csv")).toMatchObject({
      "content-type": "text/csv; charset=utf-8",
    });
    await storeOf().put("s3://bkt/empty", fileOf(Buffer.alloc(0)));
    expect(server.get("bkt", "empty")).toHaveLength(0);
  });

  test("a large file comes in parts over faults, and is seen when it is whole", async () => {
    const bytes = randomBytes(20 * MIB + 5);
    server.fail(/PUT .*partNumber=2/, { kind: "status", status: 503 });
    server.fail(/PUT .*partNumber=3/, { kind: "lost" });
    server.fail(/POST .*uploadId/, { kind: "late-error", code: "InternalError" });
    await storeOf().put("s3://bkt/big", fileOf(bytes));
    expect(server.get("bkt", "big")?.equals(bytes)).toBe(true);
    expect(server.uploads.size).toBe(0);
  });

  test("whose last answer was lost is known again by its mark", async () => {
    server.fail(/POST .*uploadId/, { kind: "lost" });
    await storeOf().put("s3://bkt/big", fileOf(randomBytes(9 * MIB)));
    expect(server.keys("bkt")).toEqual(["big"]);
  });

  test.each([
    ["a part that is refused", /PUT .*partNumber=2/, { kind: "status", status: 403 } as const],
    [
      "parts that can't be put together",
      /POST .*uploadId/,
      { kind: "late-error", code: "InternalError" } as const,
    ],
    ["a part of other bytes", /PUT .*partNumber=1/, { kind: "etag" } as const],
  ])("fails after %s, and leaves nothing", async (_what, match, fault) => {
    server.put("bkt", "big", "old");
    server.fail(match, fault, 100);
    await expect(storeOf().put("s3://bkt/big", fileOf(randomBytes(9 * MIB)))).rejects.toThrow(
      /^s3:\/\/bkt\/big (?:may not|can't) be written/,
    );
    expect(server.uploads.size).toBe(0);
    expect(String(server.get("bkt", "big"))).toBe("old");
  });

  test("that is stopped leaves nothing", async () => {
    const stop = new AbortController();
    vi.stubEnv("AWS_ACCESS_KEY_ID", KEY);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", SECRET);
    const store = ObjectStore.fromEnvironment(process.env, { userAgent: "test", signal: stop.signal });
    stores.push(store);
    server.fail(/PUT .*partNumber=2/, { kind: "hang" });
    const writing = store.put("s3://bkt/big", fileOf(randomBytes(9 * MIB)));
    await expect
      .poll(() => server.requests.some(({ path }) => path.includes("partNumber=2")), { timeout: 20_000 })
      .toBe(true);
    stop.abort();
    await expect(writing).rejects.toThrow(/stopped/);
    expect([server.keys("bkt"), server.uploads.size]).toEqual([[], 0]);
  });

  test("aborts uploads of the same object that were killed long ago, and no others", async () => {
    const upload = { headers: {}, parts: new Map() };
    server.uploads.set("old", { ...upload, key: "big", initiated: "2026-01-01T00:00:00.000Z" });
    server.uploads.set("new", { ...upload, key: "big", initiated: new Date().toISOString() });
    server.uploads.set("of-another", { ...upload, key: "bigger", initiated: "2026-01-01T00:00:00.000Z" });
    await storeOf().put("s3://bkt/big", fileOf(randomBytes(9 * MIB)));
    expect([...server.uploads.keys()].sort()).toEqual(["new", "of-another"]);
  });

  test("can be tried before there is anything to write, and makes nothing", async () => {
    const store = storeOf();
    await store.checkWritable("s3://bkt/x");
    await expect(store.checkWritable("s3://none/x")).rejects.toThrow(/NoSuchBucket/);
    await store.remove("s3://bkt/x");
    expect([server.keys("bkt"), server.uploads.size]).toEqual([[], 0]);
  });
});
