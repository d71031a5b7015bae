import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { QueueOptions } from "../../../src/taskcluster/client/index.js";
import type { Fault } from "../../servers/taskcluster/index.js";
import { all, contentOf, harness, IDS } from "./harness.js";

const LOG = { taskId: IDS.teacher1, runId: 1, name: "public/build/train.log" };
const TEXT = Buffer.from(
  Array.from({ length: 5000 }, (_, index) => `line ${index} ${index * index}\n`).join(""),
);
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server of one answer, for what no storage should say. */
async function oneAnswer(
  headers: Record<string, string>,
  body: Buffer | string,
  status = 200,
): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("an artifact", () => {
  it.each(["s3", "object", "reference"])(
    "of the storage %s is found behind the redirect",
    async (storageType) => {
      const { queue, server } = await harness();
      server.setContent(LOG.taskId, LOG.runId, LOG.name, TEXT);
      server.store.artifact(LOG.taskId, LOG.name).storageType = storageType;
      expect(await contentOf(queue, LOG)).toEqual(TEXT);
      expect(await queue.download(LOG, async (download) => download.storageType)).toBe(storageType);
      expect([server.count("artifact"), server.count("content")]).toEqual([2, 2]);
    },
  );

  it("is passed on as it was sent", async () => {
    const { queue, server } = await harness();
    server.setContent(LOG.taskId, LOG.runId, LOG.name, TEXT);
    const sent = await queue.download(LOG, async ({ gzip, chunks }) => {
      expect(gzip).toBe(true);
      return Buffer.concat(await all(chunks));
    });
    expect(sent).toEqual(gzipSync(TEXT));
  });

  it("behind a link is what the link leads to", async () => {
    const { queue, server } = await harness();
    server.setContent(LOG.taskId, LOG.runId, "public/logs/live_backing.log", TEXT);
    server.store.artifact(LOG.taskId, "public/logs/live.log").storageType = "link";
    expect(await contentOf(queue, { ...LOG, name: "public/logs/live.log" })).toEqual(TEXT);
  });

  it("that the worker could not store says why, at once", async () => {
    const { queue, server } = await harness();
    server.store.artifact(LOG.taskId, LOG.name).storageType = "error";
    const failure = await contentOf(queue, LOG).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "no-artifact" });
    expect(String(failure)).toMatch(
      /not stored by the worker \(HTTP 424\): file-missing-on-worker: Artifact/,
    );
    expect(server.count()).toBe(1);
  });

  it("that is not there, has expired or is private says so, at once", async () => {
    const { queue, server } = await harness();
    await expect(contentOf(queue, { ...LOG, name: "public/nope" })).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(contentOf(queue, { ...LOG, name: "private/x" })).rejects.toMatchObject({
      code: "forbidden",
    });
    await expect(contentOf(queue, { ...LOG, runId: 7 })).rejects.toThrow(/Run not found/);
    server.inject({
      endpoint: "content",
      fault: { kind: "status", status: 403, body: "<Error><Code>AccessDenied</Code></Error>" },
    });
    await expect(contentOf(queue, LOG)).rejects.toThrow(/gone from the storage \(HTTP 403\)/);
    expect(server.count("content")).toBe(1);
  });

  it("may have any name", async () => {
    const { queue, server } = await harness();
    const name = "public/build/a b#c?d=é%2F..\u001b[31m.log";
    server.setContent(LOG.taskId, LOG.runId, name, TEXT);
    expect(await contentOf(queue, { ...LOG, name })).toEqual(TEXT);
    server.store.removeArtifact(LOG.taskId, name);
    const failure = await contentOf(queue, { ...LOG, name }).catch((error: unknown) => error);
    expect(String(failure)).toContain(`artifact ${name} of task`);
  });

  it("is fetched from the storage with none of the queue's headers", async () => {
    const { queue, server } = await harness();
    await contentOf(queue, LOG);
    const [request] = server.requests.filter(({ endpoint }) => endpoint === "content");
    expect(Object.keys(request?.headers ?? {}).sort()).toEqual([
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
    ]);
  });
});

describe("an artifact that is not whole", () => {
  it.each<Fault>([
    { kind: "cut" },
    { kind: "short" },
    { kind: "empty" },
    { kind: "damage" },
    { kind: "stall" },
  ])("is fetched again, never taken for a shorter one: $kind", async (fault) => {
    const { queue, server, clock } = await harness({}, { idleMs: 100 });
    server.setContent(LOG.taskId, LOG.runId, LOG.name, TEXT);
    server.inject({ endpoint: "content", fault, times: 2 });
    const started: number[] = [];
    const bytes = await queue.download(LOG, async ({ chunks }) => {
      started.push(0);
      return Buffer.concat(await all(chunks));
    });
    expect(bytes).toEqual(gzipSync(TEXT));
    expect(started).toHaveLength(3);
    expect(clock.slept).toEqual([1000, 2000]);
    expect(server.count("content")).toBe(3);
  });

  it.each<[Fault["kind"], RegExp]>([
    ["cut", /the gzip data ends early/],
    ["empty", /the gzip data ends early/],
    ["short", /closed|terminated|aborted/],
    ["damage", /the gzip data is damaged \(/],
  ])("is an error when it never comes whole: %s", async (kind, reason) => {
    const { queue, server } = await harness();
    server.setContent(LOG.taskId, LOG.runId, LOG.name, TEXT);
    server.inject({ endpoint: "content", fault: { kind } as Fault, times: 6 });
    const failure = await contentOf(queue, LOG).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "unreachable" });
    expect(String(failure)).toMatch(reason);
    // The network is to blame only if connections break.
    expect(String(failure)).toMatch(
      kind === "short" ? /Check the network/ : /damaged or incomplete each time/,
    );
    expect(String(failure)).not.toContain("Signature");
    expect(server.count("content")).toBe(6);
  });

  it("is not fetched again for a fault of the one who takes it", async () => {
    const { queue, server } = await harness();
    const full = () => Promise.reject(new Error("the disk is full"));
    await expect(queue.download(LOG, full)).rejects.toThrow("the disk is full");
    expect(server.count()).toBe(2);
  });
});

describe("a storage that is not to be trusted", () => {
  async function redirectTo(location: string | undefined, options: Partial<QueueOptions> = {}) {
    const both = await harness({}, options);
    both.server.inject({
      endpoint: "artifact",
      fault: {
        kind: "status",
        status: 303,
        ...(location === undefined ? {} : { headers: { Location: location } }),
      },
      times: 6,
    });
    return contentOf(both.queue, LOG);
  }

  it.each([
    ["file:///etc/passwd", /leads to file:, which is not followed/],
    ["ftp://x/y", /leads to ftp:/],
    ["data:text/plain,x", /leads to data:/],
    ["http://", /a redirect leads nowhere/],
    [undefined, /a redirect leads nowhere/],
  ])("may not send us to %s", async (location, message) => {
    await expect(redirectTo(location)).rejects.toThrow(message);
  });

  it("may redirect a few times, and not in circles", async () => {
    const end = await oneAnswer({ "Content-Encoding": "gzip" }, gzipSync("here"));
    const hop = await oneAnswer({ Location: end }, "", 302);
    expect((await redirectTo(hop)).toString()).toBe("here");
    const self = await oneAnswer({ Location: "/" }, "", 307);
    await expect(redirectTo(self)).rejects.toThrow(/too many redirects/);
  });

  it("may not send an encoding that was not asked for", async () => {
    await expect(redirectTo(await oneAnswer({ "Content-Encoding": "br" }, "x"))).rejects.toThrow(
      /sent as 'br'/,
    );
  });

  it("may send no more than fits, packed or unpacked", async () => {
    const gzip = { "Content-Encoding": "gzip" };
    const zeros = Buffer.alloc(300_000);
    const limit = { largestArtifact: 200_000 };
    expect(gzipSync(zeros).length).toBeLessThan(1000);
    for (const url of [await oneAnswer(gzip, gzipSync(zeros)), await oneAnswer({}, zeros)]) {
      await expect(redirectTo(url, limit)).rejects.toThrow(/larger than 200000 bytes and is not taken/);
      expect(await redirectTo(url)).toEqual(zeros);
    }
  });
});

describe("the log of a run that goes on", () => {
  it("is read while it grows, outside the limit of requests", async () => {
    const { queue, server } = await harness({}, { concurrency: 1 });
    const log = server.live(IDS.teacher2);
    log.append("one\n");
    const ref = { taskId: IDS.teacher2, runId: 0, name: "public/logs/live.log" };
    const { gzip, chunks } = await queue.live(ref);
    expect(gzip).toBe(false);
    const texts: string[] = [];
    for await (const chunk of chunks) {
      texts.push(Buffer.from(chunk).toString());
      await queue.status(IDS.teacher2);
      if (texts.length === 1) log.append("two\n");
      else log.end();
    }
    expect(texts.join("")).toBe("one\ntwo\n");
  });

  it("ends with an error when the connection breaks, and is let go when it is closed", async () => {
    const { queue, server } = await harness();
    const log = server.live(IDS.teacher2);
    log.append("one\n");
    const ref = { taskId: IDS.teacher2, runId: 0, name: "public/logs/live.log" };
    const first = await queue.live(ref);
    await expect(
      (async () => {
        for await (const _ of first.chunks) log.kill();
      })(),
    ).rejects.toThrow();
    const second = await queue.live(ref);
    expect(log.readers).toBe(1);
    second.close();
    while (log.readers > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
