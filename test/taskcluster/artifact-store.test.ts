import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OWNER } from "../../src/io/owner.js";
import { decompress } from "../../src/io/packed/decompress.js";
import { cacheFolder } from "../../src/taskcluster/artifact-cache.js";
import { ArtifactSource, ArtifactStore } from "../../src/taskcluster/artifact-store.js";
import { afterTest, all, harness, IDS, queueFor } from "./client/harness.js";
import { emptyFolder, filesBelow } from "./folders.js";

/** This machine, as names of files tell it. */
const HOST = OWNER.replace(/-\d+-\d+$/, "");

const REF = { taskId: IDS.teacher1, runId: 1, name: "public/build/train.log" };
const TEXT = Buffer.from("one\ntwo\n".repeat(2000));

async function setUp({ folder }: { folder: string | undefined } = { folder: emptyFolder() }) {
  const both = await harness();
  both.server.setContent(REF.taskId, REF.runId, REF.name, TEXT);
  const store = new ArtifactStore(both.queue, { folder });
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
    const next = new ArtifactStore(queueFor(server), { folder });
    expect(await next.bytes(REF)).toEqual(TEXT);
    expect(await next.list(REF.taskId, REF.runId)).toHaveLength(4);
    expect(server.count()).toBe(3);
    expect(filesBelow(folder).map((path) => path.replace(/^127\.0\.0\.1_\d+\//, ""))).toEqual([
      expect.stringMatching(/^LCi0szo2RuGr-iRSP6-nRg\/1\/[0-9a-f]{16}-train\.log\.[0-9a-f]{64}$/),
      expect.stringMatching(/^LCi0szo2RuGr-iRSP6-nRg\/1\/artifacts\.json\.[0-9a-f]{64}$/),
    ]);
  });

  it("is a source, packed as it was sent, whose stamp tells that it is the same", async () => {
    const { store } = await setUp();
    const source = new ArtifactSource(store, REF, await store.size(REF));
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
    const next = new ArtifactStore(queueFor(server), { folder });
    await next.bytes(REF);
    await next.close();
    expect(server.count("content")).toBe(2);
  });

  it("is kept for the command alone without a folder", async () => {
    const { server, store } = await setUp({ folder: undefined });
    await store.bytes(REF);
    await store.bytes(REF);
    expect(server.count("content")).toBe(1);
    await store.close();
    await store.bytes(REF);
    expect(server.count("content")).toBe(2);
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
    const place = new RegExp(
      `^127\\.0\\.0\\.1_\\d+/${REF.taskId}/1/[0-9a-f]{16}-[\\w.-]{1,80}\\.[0-9a-f]{64}$`,
    );
    expect(filesBelow(folder)).toHaveLength(names.length);
    for (const path of filesBelow(folder)) expect(path).toMatch(place);
  });

  it("is fetched anew where the file that is kept is another than was written", async () => {
    const { server, store, folder = "" } = await setUp();
    const list = () => store.list(REF.taskId, REF.runId);
    await list();
    await store.bytes(REF);
    const kept = filesBelow(folder).map((path) => join(folder, path));
    expect(kept).toHaveLength(2);
    const damages: readonly ((bytes: Buffer) => Buffer)[] = [
      () => Buffer.alloc(0),
      (bytes) => bytes.subarray(0, -1),
      (bytes) => Buffer.concat([bytes, Buffer.from("x")]),
      (bytes) => Buffer.from(bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte))),
      () => Buffer.from('{"artifacts":[]}'),
    ];
    for (const [index, damage] of damages.entries()) {
      for (const path of kept) writeFileSync(path, damage(readFileSync(path)));
      const next = new ArtifactStore(queueFor(server), { folder });
      expect(await next.list(REF.taskId, REF.runId)).toHaveLength(4);
      expect(await next.bytes(REF)).toEqual(TEXT);
      expect(next.notes).toEqual(["2 damaged files in the cache: fetched again"]);
      await next.close();
      expect([server.count("artifacts"), server.count("content")]).toEqual([index + 2, index + 2]);
    }
    const whole = new ArtifactStore(queueFor(server), { folder });
    expect(await whole.bytes(REF)).toEqual(TEXT);
    expect(whole.notes).toEqual([]);
  });

  it("of an earlier version, without a digest, is set aside with a word", async () => {
    const { server, store, folder = "" } = await setUp();
    await store.bytes(REF);
    const [path = ""] = filesBelow(folder).map((name) => join(folder, name));
    renameSync(path, path.slice(0, -65));
    const next = new ArtifactStore(queueFor(server), { folder });
    expect(await next.bytes(REF)).toEqual(TEXT);
    expect(next.notes).toEqual([
      expect.stringMatching(/^1 file of an earlier version in the cache: not used/),
    ]);
    expect(server.count("content")).toBe(2);
    expect(filesBelow(folder)).toEqual([path.slice(folder.length + 1)]);
  });

  it("is fetched again where another command has made room since it was found", async () => {
    const { server, store, folder = "" } = await setUp();
    const source = new ArtifactSource(store, REF, await store.size(REF));
    rmSync(join(folder, filesBelow(folder)[0] ?? ""));
    expect((await all(decompress(source.chunks()))).length).toBeGreaterThan(0);
    expect(await store.bytes(REF)).toEqual(TEXT);
    expect(server.count("content")).toBe(2);
  });

  it("stays open for a reader while another command makes room", async () => {
    const { server, store, folder = "" } = await setUp();
    const large = Buffer.from(Array.from({ length: 3 << 20 }, (_, at) => (at * 2654435761) >>> 24));
    server.setContent(REF.taskId, REF.runId, REF.name, large);
    const chunks: Buffer[] = [];
    for await (const chunk of decompress(store.chunks(REF))) {
      chunks.push(Buffer.from(chunk));
      if (chunks.length === 1) await new ArtifactStore(queueFor(server), { folder, limit: 0 }).close();
    }
    expect(Buffer.concat(chunks).equals(large)).toBe(true);
    expect(filesBelow(folder)).toEqual([]);
    expect(server.count("content")).toBe(1);
  });

  it("goes from the cache when the limit is reached, what was used longest ago first", async () => {
    const { server, queue, folder = "" } = await setUp();
    const noise = (seed: number) =>
      Buffer.from(Array.from({ length: 30_000 }, (_, at) => ((at + seed) * 2654435761) >>> 13));
    const refs = ["a.log", "b.log", "c.log", "d.log"].map((name) => ({ ...REF, name: `public/${name}` }));
    for (const [index, { name }] of refs.entries())
      server.setContent(REF.taskId, REF.runId, name, noise(index * 977));
    const keep = async (limit: number, used: readonly (typeof REF)[]) => {
      const store = new ArtifactStore(queue, { folder, limit });
      for (const ref of used) {
        await store.size(ref);
        // Times of files are as fine as the disk keeps them.
        for (const path of filesBelow(folder).filter((one) => one.includes(ref.name.slice(7)))) {
          at += 1000;
          utimesSync(join(folder, path), at, at);
        }
      }
      await store.close();
      return filesBelow(folder)
        .map((path) => /-(\w)\.log\./.exec(path)?.[1])
        .sort();
    };
    let at = 1_700_000_000;
    expect(await keep(1e9, refs)).toEqual(["a", "b", "c", "d"]);
    const [a, b, , d] = refs as [typeof REF, typeof REF, typeof REF, typeof REF];
    const size = await new ArtifactStore(queue, { folder }).size(a);
    expect(await keep(size * 3.5, [a])).toEqual(["a", "c", "d"]);
    expect(await keep(size * 2.5, [d, b, a])).toEqual(["a", "b"]);
    expect(await keep(0, [])).toEqual([]);
    // No folder of a task is left.
    for (const name of readdirSync(folder)) expect(readdirSync(join(folder, name))).toEqual([]);
  });

  it("leaves no part of a command that was killed, and none of another's work", async () => {
    const { store, folder = "" } = await setUp();
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    const part = (host: string, pid: number) => join(folder, ".parts", `x.${host}-${pid}-0.partial`);
    mkdirSync(join(folder, ".parts"), { recursive: true });
    const parts = [part(HOST, gone), part(HOST, process.pid), part("elsewhere", gone), part("long-ago", 1)];
    for (const path of parts) writeFileSync(path, "half");
    utimesSync(parts[3] ?? "", 1_700_000_000, 1_700_000_000);
    await store.bytes(REF);
    await store.close();
    expect(parts.map((path) => existsSync(path))).toEqual([false, true, true, false]);
  });

  it("leaves no part that an earlier version left beside an entry, after seven days", async () => {
    const { store, folder = "" } = await setUp();
    const place = join(folder, REF.taskId, "0");
    mkdirSync(place, { recursive: true });
    const [old, fresh] = ["0f8fad5b", "7c9e6679"].map((id) =>
      join(place, `live.log.${id}-d9cb-469f-a165-70867728950e.part`),
    ) as [string, string];
    for (const path of [old, fresh]) writeFileSync(path, "half");
    utimesSync(old, 1_700_000_000, 1_700_000_000);
    await store.bytes(REF);
    await store.close();
    expect([old, fresh].map((path) => existsSync(path))).toEqual([false, true]);
  });

  it("is right for commands that fetch, read and make room at the same time", async () => {
    const { server, folder = "" } = await setUp();
    const refs = Array.from({ length: 6 }, (_, index) => ({ ...REF, name: `public/${index}.log` }));
    const text = (name: string) => Buffer.from(`${name}\n`.repeat(500));
    for (const { name } of refs) server.setContent(REF.taskId, REF.runId, name, text(name));
    const command = async (offset: number) => {
      const store = new ArtifactStore(queueFor(server), { folder, limit: 100 });
      for (let step = 0; step < 12; step += 1) {
        const ref = refs[(step + offset) % refs.length] ?? REF;
        expect(await store.bytes(ref)).toEqual(text(ref.name));
        if (step % 4 === 3) await store.close();
      }
      await store.close();
      expect(store.notes).toEqual([]);
    };
    await Promise.all([0, 1, 2, 3].map(command));
  });

  it("is not read into memory when it is large", async () => {
    const { server, store } = await setUp();
    server.setContent(REF.taskId, REF.runId, REF.name, Buffer.alloc(17 * 1024 * 1024));
    await expect(store.bytes(REF)).rejects.toThrow(/larger than 16777216 bytes/);
  });
});
