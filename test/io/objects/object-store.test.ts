/** Objects over HTTP, from a server with faults. */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openObjectArchive } from "../../../src/archive/object-archive.js";
import { InputError, isTransient } from "../../../src/io/input-error.js";
import { ObjectStore } from "../../../src/io/objects/object-store.js";
import { isObjectUrl, printableUrl } from "../../../src/io/objects/object-url.js";
import type { Source } from "../../../src/io/source.js";
import { ObjectServer } from "../../servers/objects/server.js";

let server: ObjectServer;
let store: ObjectStore;
beforeEach(async () => {
  server = await ObjectServer.start();
  store = ObjectStore.fromEnvironment(
    { STORAGE_EMULATOR_HOST: server.url },
    { userAgent: "test", retryMs: 1 },
  );
});
afterEach(async () => {
  await store.close();
  await server.close();
});

async function bytesOf(source: Source): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source.chunks()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function listed(url: string) {
  const found: string[] = [];
  for await (const object of store.list(url)) found.push(object.url);
  return found;
}

const CONTENT = randomBytes(300_000);

describe("a list", () => {
  test("comes in pages, each asked for again after 429, 500 and a lost connection", async () => {
    const names = Array.from({ length: 23 }, (_, index) => `logs/${String(index).padStart(2, "0")} ä.log`);
    for (const name of names) server.put("b", name, "x");
    server.put("b", "other/1", "x");
    server.pageSize = 5;
    server.fail(/pageToken/, { kind: "status", status: 429, retryAfter: "0" });
    server.fail(/pageToken/, { kind: "status", status: 500 }, 2);
    server.fail(/pageToken/, { kind: "drop" });
    expect(await listed("gs://b/logs/")).toEqual(names.map((name) => `gs://b/${name}`));
  });

  test("tells size, generation and time", async () => {
    server.put("b", "a/train.log", "12345");
    const found = [];
    for await (const object of store.list("gs://b/a/")) found.push(object);
    expect(found).toEqual([
      {
        url: "gs://b/a/train.log",
        size: 5,
        etag: expect.stringMatching(/^\d{16}$/),
        changed: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      },
    ]);
  });

  test("of a bucket that is not there, of pages that repeat, and below https: is an error in words", async () => {
    await expect(listed("gs://none/")).rejects.toThrow(/is not there/);
    server.put("b", "a", "x");
    server.endless = true;
    await expect(listed("gs://b/")).rejects.toThrow(/does not end/);
    await expect(listed(`${server.url}/files/b/`)).rejects.toThrow(/can't be listed/);
  });

  test("from a server that stays away is unreachable: another try may succeed", async () => {
    server.put("b", "a", "x");
    server.fail(/./, { kind: "status", status: 503 }, 100);
    await expect(listed("gs://b/")).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("reading", () => {
  const places: [string, () => string, RegExp][] = [
    ["gs:", () => "gs://b/a/train.log", /alt=media/],
    ["http:", () => `${server.url}/files/b/a/train.log`, /files/],
  ];

  test.each(places)("%s goes on where the connection ended", async (_kind, url, path) => {
    server.put("b", "a/train.log", CONTENT);
    for (const after of [1000, 70_000, 1]) server.fail(path, { kind: "cut", after });
    server.fail(path, { kind: "status", status: 502 });
    expect((await bytesOf(store.source(url()))).equals(CONTENT)).toBe(true);
    const ranges = server.requests.filter((request) => path.test(request.path)).map(({ range }) => range);
    expect(ranges.slice(0, 2)).toEqual([undefined, "bytes=1000-"]);
    // What was still on its way to the reader is asked for again.
    const third = Number(/^bytes=(\d+)-$/.exec(ranges[2] ?? "")?.[1]);
    expect(third).toBeGreaterThan(1000);
    expect(third).toBeLessThanOrEqual(71_000);
  });

  test.each(places)("%s passes over what a server without ranges sends twice", async (_kind, url, path) => {
    server.put("b", "a/train.log", CONTENT);
    server.fail(path, { kind: "cut", after: 123_456 });
    server.fail(path, { kind: "no-range" });
    expect((await bytesOf(store.source(url()))).equals(CONTENT)).toBe(true);
  });

  test.each(places)(
    "%s unpacks what is stored packed for the way, also over a cut",
    async (_kind, url, path) => {
      const text = Buffer.from("Ep. 1 : Up. 1\n".repeat(50_000));
      const packed = gzipSync(Buffer.concat([text, CONTENT]));
      server.put("b", "a/train.log", packed, true);
      server.fail(path, { kind: "cut", after: 5000 });
      const expected = Buffer.concat([text, CONTENT]);
      expect((await bytesOf(store.source(url()))).equals(expected)).toBe(true);
    },
  );

  test.each(places)("%s does not mix two contents", async (_kind, url, path) => {
    server.put("b", "a/train.log", CONTENT);
    server.fail(path, { kind: "cut", after: 1000 });
    const reading = store.source(url()).chunks()[Symbol.asyncIterator]();
    await reading.next();
    server.put("b", "a/train.log", randomBytes(300_000));
    const rest = (async () => {
      while (!(await reading.next()).done);
    })();
    await expect(rest).rejects.toThrow(/has changed|it changed/);
  });

  test.each(places)("%s of another content than was listed is an error", async (_kind, url) => {
    server.put("b", "a/train.log", CONTENT);
    const { etag, size } = await store.find(url());
    expect(size).toBe(CONTENT.length);
    server.put("b", "a/train.log", CONTENT.subarray(1));
    const source = store.source(url(), { ...(etag === undefined ? {} : { etag }) });
    await expect(bytesOf(source)).rejects.toThrow(/make the manifest again/);
  });

  test("what is gone stays so; a connection that never holds may do so the next time", async () => {
    await expect(bytesOf(store.source("gs://b/none"))).rejects.toBeInstanceOf(InputError);
    const fault = await bytesOf(store.source(`${server.url}/files/b/none`)).catch((error) => error);
    expect(isTransient(fault)).toBe(false);
    server.put("b", "a", CONTENT);
    server.fail(/alt=media/, { kind: "cut", after: 0 }, 1000);
    const unreachable = await bytesOf(store.source("gs://b/a")).catch((error) => error);
    expect(isTransient(unreachable)).toBe(true);
  });

  test("follows redirects, but not to other schemes", async () => {
    server.put("b", "a", "content");
    const moved = (to: string) => store.source(`${server.url}/moved?to=${encodeURIComponent(to)}`);
    expect((await bytesOf(moved("/files/b/a"))).toString()).toBe("content");
    await expect(bytesOf(moved("file:///etc/hostname"))).rejects.toThrow(/redirect leads to file:/);
  });
});

test("signatures and passwords in URLs are not printed", () => {
  expect(printableUrl("https://me:secret@host/a/b.log?X-Signature=abc")).toBe("https://host/a/b.log");
  expect(store.source("https://host/a?token=secret").name).toBe("https://host/a");
  expect(["gs://b/a", "https://h", "HTTP://h"].every(isObjectUrl)).toBe(true);
  expect(["logs/a", "C:\\a", "-", "gs:/a"].some(isObjectUrl)).toBe(false);
});

describe("an archive in a bucket", () => {
  const GROUP = "base_aY25-4fXTcuJNuMcWXUYtQ";

  test("has the runs of a folder, also where only a part of it is named", async () => {
    server.put("b", `data/logs/en-hu/${GROUP}/student/train.log`, "x".repeat(10));
    server.put("b", `data/models/en-hu/${GROUP}/evaluation/student/flores_devtest.metrics`, "1\n2\n");
    server.put("b", `data/experiments/en-hu/${GROUP}/config.yml`, "a: 1\n");
    server.put("b", `data/models/en-hu/${GROUP}/student/model.npz`, "x");
    for (const url of ["gs://b/data", "gs://b", "gs://b/data/", `gs://b/data/logs/en-hu/${GROUP}`]) {
      const archive = await openObjectArchive(url, store);
      const [group] = archive.groups;
      expect(group).toMatchObject({ project: "en-hu", name: GROUP, runs: [{ id: "student_aY25-" }] });
      expect(group?.evaluations).toHaveLength(1);
      expect(archive.objectAt(group?.runs[0]?.log?.path ?? "")).toMatchObject({
        url: `gs://b/data/logs/en-hu/${GROUP}/student/train.log`,
        size: 10,
      });
      await archive.close();
    }
  });

  test("one log is named by its folders", async () => {
    server.put("b", "x/en-hu/base/student/train.log", "x");
    for (const url of [
      "gs://b/x/en-hu/base/student/train.log",
      `${server.url}/files/b/x/en-hu/base/student/train.log`,
    ]) {
      const archive = await openObjectArchive(url, store);
      expect(archive.groups).toMatchObject([{ project: "en-hu", name: "base", runs: [{ name: "student" }] }]);
      await archive.close();
    }
    server.put("b", "train.log", "x");
    await expect(openObjectArchive("gs://b/train.log", store)).rejects.toThrow(/<project>\/<group>\/<model>/);
  });

  test("names that are no paths of files are told, and lead to no file", async () => {
    server.put("b", "logs/en-hu/base/student/train.log", "x");
    server.put("b", "logs/en-hu/../../../../tmp/escaped/train.log", "x");
    server.put("b", "logs/en-hu//student/train.log", "x");
    server.put("b", "logs/en-hu/base/student/train.log/train.log", "x");
    const archive = await openObjectArchive("gs://b/", store);
    expect(archive.problems.map(({ source }) => source).sort()).toEqual([
      "gs://b/logs/en-hu/../../../../tmp/escaped/train.log",
      "gs://b/logs/en-hu//student/train.log",
      "gs://b/logs/en-hu/base/student/train.log/train.log",
    ]);
    expect(archive.groups).toHaveLength(1);
    await archive.close();
    await expect(openObjectArchive("gs://b/nothing", store)).rejects.toThrow(/no object with the name/);
  });
});
