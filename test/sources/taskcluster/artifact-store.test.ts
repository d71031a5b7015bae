import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decompress } from "../../../src/sources/decompress.js";
import { ArtifactSource } from "../../../src/sources/taskcluster/artifact-source.js";
import { ArtifactStore, cacheFolder } from "../../../src/sources/taskcluster/artifact-store.js";
import { afterTest, all, harness, IDS, queueFor } from "../../taskcluster/harness.js";
import { emptyFolder, filesBelow } from "./folders.js";

const REF = { taskId: IDS.teacher1, runId: 1, name: "public/build/train.log" };
const TEXT = Buffer.from("one\ntwo\n".repeat(2000));

async function setUp({ folder }: { folder: string | undefined } = { folder: emptyFolder() }) {
  const both = await harness();
  both.server.setContent(REF.taskId, REF.runId, REF.name, TEXT);
  const store = new ArtifactStore(both.queue, folder);
  afterTest(() => store.close());
  return { ...both, store, folder };
}

describe("the place of the cache", () => {
  it("is below XDG_CACHE_HOME when that is a path, else in the home folder", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/c" })).toBe("/c/marian-tracking/taskcluster");
    const home = join(homedir(), ".cache/marian-tracking/taskcluster");
    for (const given of ["", "relative/cache", undefined])
      expect(cacheFolder({ XDG_CACHE_HOME: given })).toBe(home);
  });
});

describe("an artifact of a run that is over", () => {
  it("is downloaded once, also for several readers at once, and by the next command not at all", async () => {
    const { server, store, folder = "" } = await setUp();
    const [one, other] = await Promise.all([store.bytes(REF), store.bytes(REF)]);
    expect([one, other]).toEqual([TEXT, TEXT]);
    expect(await store.list(REF.taskId, REF.runId)).toHaveLength(4);
    expect(server.count()).toBe(3);
    const next = new ArtifactStore(queueFor(server), folder);
    expect(await next.bytes(REF)).toEqual(TEXT);
    expect(await next.list(REF.taskId, REF.runId)).toHaveLength(4);
    expect(server.count()).toBe(3);
    expect(filesBelow(folder).map((path) => path.replace(/^127\.0\.0\.1_\d+\//, ""))).toEqual([
      expect.stringMatching(/^LCi0szo2RuGr-iRSP6-nRg\/1\/[0-9a-f]{16}-train\.log$/),
      `${REF.taskId}/1/artifacts.json`,
    ]);
  });

  it("is a source, packed as it was sent, whose stamp tells that it is the same", async () => {
    const { store } = await setUp();
    const source = new ArtifactSource(store, REF);
    expect(source).toMatchObject({
      name: `${REF.taskId}/1/${REF.name}`,
      stamp: `${REF.taskId}/1/${REF.name}`,
    });
    for (let reading = 0; reading < 2; reading += 1)
      expect(
        Buffer.concat((await all(decompress(source.chunks()))).map((chunk) => Buffer.from(chunk))),
      ).toEqual(TEXT);
    expect((await all(source.chunks()))[0]?.subarray(0, 2)).toEqual(Uint8Array.of(0x1f, 0x8b));
  });

  it("is kept whole or not at all", async () => {
    const { server, store, folder = "" } = await setUp();
    server.inject({ endpoint: "content", fault: { kind: "cut" }, times: 6 });
    await expect(store.bytes(REF)).rejects.toThrow(/ends early/);
    expect(filesBelow(folder)).toEqual([]);
    expect(await store.bytes(REF)).toEqual(TEXT);
    expect(filesBelow(folder)).toHaveLength(1);
  });

  it("is not kept where the task itself says what its content is", async () => {
    const { server, store, folder = "" } = await setUp();
    server.store.artifact(REF.taskId, REF.name).storageType = "reference";
    expect(await store.bytes(REF)).toEqual(TEXT);
    expect(filesBelow(folder)).toEqual([]);
    const next = new ArtifactStore(queueFor(server), folder);
    await next.bytes(REF);
    await next.close();
    expect(server.count("content")).toBe(2);
  });

  it("is kept for the command alone without a folder", async () => {
    const { server, store } = await setUp({ folder: undefined });
    const { path } = await store.file(REF);
    await store.bytes(REF);
    expect(server.count("content")).toBe(1);
    expect(existsSync(path)).toBe(true);
    await store.close();
    expect(existsSync(path)).toBe(false);
  });

  it.each(["/proc/marian-tracking", "a file"])(
    "is read all the same where nothing can be kept: %s",
    async (place) => {
      const file = join(emptyFolder(), "file");
      writeFileSync(file, "");
      const { store } = await setUp({ folder: place === "a file" ? file : place });
      expect(await store.bytes(REF)).toEqual(TEXT);
      expect(await store.list(REF.taskId, REF.runId)).toHaveLength(4);
      expect(store.notes).toEqual([
        expect.stringMatching(/nothing is kept for the next time, because .* can't be made/),
      ]);
    },
  );

  it("stays in its folder whatever it is called", async () => {
    const { server, store, folder = "" } = await setUp();
    const names = [
      "public/../../../../../tmp/x",
      "public/..",
      "/etc/passwd",
      "a\\..\\b",
      `${"n".repeat(900)}`,
    ];
    for (const name of names) {
      server.setContent(REF.taskId, REF.runId, name, TEXT);
      expect(await store.bytes({ ...REF, name })).toEqual(TEXT);
    }
    const place = new RegExp(`^127\\.0\\.0\\.1_\\d+/${REF.taskId}/1/[0-9a-f]{16}-[\\w.-]{1,80}$`);
    expect(filesBelow(folder)).toHaveLength(names.length);
    for (const path of filesBelow(folder)) expect(path).toMatch(place);
  });

  it("is asked for again when what is kept of a list is damaged", async () => {
    const { server, store, folder = "" } = await setUp();
    await store.list(REF.taskId, REF.runId);
    const [path = ""] = filesBelow(folder);
    expect(JSON.parse(readFileSync(join(folder, path), "utf8"))).toHaveProperty("artifacts");
    for (const damaged of ["", "{", "[]", '{"artifacts":[{"name":7}]}']) {
      writeFileSync(join(folder, path), damaged);
      expect(await store.list(REF.taskId, REF.runId)).toHaveLength(4);
    }
    expect(server.count("artifacts")).toBe(5);
  });

  it("is not read into memory when it is large", async () => {
    const { server, store } = await setUp();
    server.setContent(REF.taskId, REF.runId, REF.name, Buffer.alloc(17 * 1024 * 1024));
    await expect(store.bytes(REF)).rejects.toThrow(/larger than 16777216 bytes/);
  });
});
