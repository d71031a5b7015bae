/** Private buckets of Cloud Storage, and uploads to them, from a server with faults. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findGoogleIdentity } from "../../../src/io/objects/google-identity.js";
import { ObjectStore } from "../../../src/io/objects/object-store.js";
import { ObjectServer } from "../../servers/objects/server.js";

const TOKEN = "ya29.EXAMPLE-TOKEN-of-somebody";
const MIB = 1 << 20;

let server: ObjectServer;
let folder: string;
const stores: ObjectStore[] = [];

beforeEach(async () => {
  server = await ObjectServer.start();
  server.put("b", "a/train.log", "hello");
  folder = mkdtempSync(join(tmpdir(), "gs-test-"));
  for (const name of Object.keys(process.env))
    if (/^(?:GOOGLE_|GCLOUD_|GCE_|CLOUDSDK_|STORAGE_EMULATOR)/.test(name)) vi.stubEnv(name, undefined);
  vi.stubEnv("CLOUDSDK_CONFIG", folder);
  vi.stubEnv("HOME", folder);
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  vi.stubEnv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", server.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function storeOf(signal?: AbortSignal): ObjectStore {
  const store = ObjectStore.fromEnvironment(process.env, { userAgent: "test", retryMs: 1, signal });
  stores.push(store);
  return store;
}

/** A store with the credentials of a machine of Google's. */
function machine(): ObjectStore {
  server.token = TOKEN;
  vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present");
  vi.stubEnv("GCE_METADATA_HOST", new URL(server.url).host);
  return storeOf();
}

async function textOf(store: ObjectStore, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of store.source(url).chunks()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  return path;
}

describe("credentials", () => {
  test("come from the machine, for lists and for reading", async () => {
    const store = machine();
    const found = [];
    for await (const { url } of store.list("gs://b/a/")) found.push(url);
    expect(found).toEqual(["gs://b/a/train.log"]);
    expect(await textOf(store, "gs://b/a/train.log")).toBe("hello");
  });

  test("come from the file that GOOGLE_APPLICATION_CREDENTIALS names, and a service gives the token", async () => {
    server.token = TOKEN;
    const path = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const credentials = {
      type: "external_account",
      audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${server.url}/token`,
      credential_source: { file: path("subject", "the subject's own token") },
    };
    vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", path("credentials.json", JSON.stringify(credentials)));
    expect(await textOf(storeOf(), "gs://b/a/train.log")).toBe("hello");
  });

  test("are not needed for a public bucket, and are missed in words for another", async () => {
    expect(await textOf(storeOf(), "gs://b/a/train.log")).toBe("hello");
    server.token = TOKEN;
    await expect(textOf(storeOf(), "gs://b/a/train.log")).rejects.toThrow(
      /^the object may not be read without credentials; none were found: .+ \(HTTP 401\): Invalid Credentials/,
    );
  });

  test("are looked for without a warning that the machine is not Google's", async () => {
    const broken = createServer((_, response) => void response.writeHead(500).end()).listen(0, "127.0.0.1");
    await once(broken, "listening");
    vi.stubEnv("METADATA_SERVER_DETECTION", "ping-only");
    vi.stubEnv("GCE_METADATA_HOST", `127.0.0.1:${(broken.address() as AddressInfo).port}`);
    const emitWarning = vi.spyOn(process, "emitWarning");
    const said = process.emitWarning;
    expect((await findGoogleIdentity()).kind).toBe("anonymous");
    expect(emitWarning).not.toHaveBeenCalled();
    expect(process.emitWarning).toBe(said);
    emitWarning.mockRestore();
    broken.close();
  });

  test("are not sent to an emulator, and a token is never in an error", async () => {
    const store = machine();
    server.token = "another one, of a later hour";
    const error = (await textOf(store, "gs://b/a/train.log").catch((one: unknown) => one)) as Error;
    expect(await textOf(store, "gs://b/a/train.log")).toBe("hello");
    expect(String(error.message)).not.toContain("ya29");
    vi.stubEnv("STORAGE_EMULATOR_HOST", server.url);
    await expect(textOf(storeOf(), "gs://b/a/train.log")).rejects.toThrow(/HTTP 401/);
    expect(server.requests.at(-1)?.headers.authorization).toBeUndefined();
  });
});

describe("writing", () => {
  test("goes on where the server stopped, after lost answers and refusals, and ends with the whole object", async () => {
    const bytes = randomBytes(20 * MIB + 5);
    server.fail(/upload_id/, { kind: "keeps", bytes: 300_000 });
    server.fail(/upload_id/, { kind: "lost" });
    server.fail(/upload_id/, { kind: "status", status: 503 });
    await machine().put("gs://b/t/big.parquet", fileOf(bytes));
    expect(server.get("b", "t/big.parquet")?.equals(bytes)).toBe(true);
    await machine().put("gs://b/empty", fileOf(Buffer.alloc(0)));
    expect(server.get("b", "empty")).toHaveLength(0);
  });

  test("that fails or is stopped leaves nothing, not even an upload", async () => {
    const store = machine();
    server.put("b", "x", "old");
    server.fail(/upload_id/, { kind: "status", status: 403 });
    await expect(store.put("gs://b/x", fileOf(randomBytes(9 * MIB)))).rejects.toThrow(
      /^gs:\/\/b\/x may not be written with these credentials \(HTTP 403\)/,
    );
    const stop = new AbortController();
    server.fail(/upload_id/, { kind: "hang" });
    const writing = storeOf(stop.signal).put("gs://b/x", fileOf(randomBytes(9 * MIB)));
    await expect.poll(() => server.requests.at(-1)?.method, { timeout: 20_000 }).toBe("PUT");
    stop.abort();
    await expect(writing).rejects.toThrow(/stopped/);
    expect(String(server.get("b", "x"))).toBe("old");
    await expect.poll(() => server.uploads.size, { timeout: 20_000 }).toBe(0);
  });

  test("can be tried before there is anything to write; an object is removed, also one that is not there", async () => {
    const store = machine();
    await store.checkWritable("gs://b/x");
    await expect(store.checkWritable("gs://none/x")).rejects.toThrow(/is not there \(HTTP 404\)/);
    await store.remove("gs://b/a/train.log");
    await store.remove("gs://b/a/train.log");
    expect([server.get("b", "a/train.log"), server.uploads.size]).toEqual([undefined, 0]);
  });
});
