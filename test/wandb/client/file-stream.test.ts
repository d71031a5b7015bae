import { describe, expect, it } from "vitest";
import { FileStream, type FileStreamOptions } from "../../../src/wandb/client/file-stream.js";
import { Budget, type UndeliveredLines } from "../../../src/wandb/client/index.js";
import { type Harness, harness, until } from "./harness.js";

const HISTORY = "wandb-history.jsonl";

async function streamOn(setup: Harness, options: Partial<FileStreamOptions> = {}): Promise<FileStream> {
  const { client, server, clock } = setup;
  server.store.createRun("team", "p", "r");
  return new FileStream({
    client,
    scope: { budget: new Budget(60_000, clock), requests: 0 },
    entity: "team",
    project: "p",
    runId: "r",
    pacing: "bulk",
    gzip: false,
    ...options,
  });
}

const lines = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ _step: from + index }));

describe("the stream of lines", () => {
  it("numbers the lines of each file from its offset, and sends batches in order", async () => {
    const setup = await harness();
    const stream = await streamOn(setup, { requestBytes: 200 });
    await stream.push(HISTORY, lines(0, 40));
    await stream.push("output.log", ["2026-01-01T00:00:00.000000 hello"]);
    await stream.complete(0);
    const bodies = setup.server.requestsOf("file_stream").map(
      (request) =>
        JSON.parse(request.body.toString()) as {
          files?: Record<string, { offset: number; content: string[] }>;
        },
    );
    expect(bodies.length).toBeGreaterThan(3);
    let next = 0;
    for (const { files } of bodies) {
      const part = files?.[HISTORY];
      if (part === undefined) continue;
      expect(part.offset).toBe(next);
      next += part.content.length;
    }
    expect(next).toBe(40);
    expect(bodies.filter((body) => "complete" in body)).toEqual([bodies.at(-1)]);
    expect(setup.server.run("p", "r").lines[HISTORY]).toEqual(lines(0, 40));
  });

  it("holds the caller back while the server doesn't acknowledge, and keeps memory bounded", async () => {
    const setup = await harness({}, { timeouts: { fileStream: 200 } });
    const stream = await streamOn(setup, { requestBytes: 1000, bufferBytes: 2000 });
    setup.server.inject({ endpoint: "file_stream", fault: { kind: "hang" } });
    let pushed = 0;
    let largest = 0;
    const pushing = (async () => {
      for (; pushed < 1000; pushed += 1) {
        await stream.push(HISTORY, lines(pushed, 1));
        largest = Math.max(largest, stream.bufferedBytes);
      }
    })();
    await until(() => setup.server.requestsOf("file_stream").length === 1);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const whileHanging = pushed;
    expect(whileHanging).toBeLessThan(200);
    // The hanging request is ended by its timeout and sent again.
    await pushing;
    await stream.complete(0);
    expect(setup.server.run("p", "r").lines[HISTORY]).toEqual(lines(0, 1000));
    expect(largest).toBeLessThan(2200);
    expect(stream.counts(HISTORY)).toMatchObject({ pushed: 1000, acknowledged: 1000, undelivered: 0 });
  });

  it("refuses a line that is too long, and goes on", async () => {
    const setup = await harness();
    const refused: number[] = [];
    const stream = await streamOn(setup, { onLineTooLong: (_file, bytes) => refused.push(bytes) });
    const limit = 10 * 1024 * 1024 - 100 * 1024;
    await stream.push(HISTORY, [
      JSON.stringify("x".repeat(limit)),
      JSON.stringify("é".repeat(limit / 2 - 1)),
      '{"_step":1}',
    ]);
    await stream.complete(0);
    expect(refused).toEqual([limit + 2]);
    expect(stream.counts(HISTORY)).toMatchObject({ tooLong: 1, pushed: 2, acknowledged: 2 });
    expect(setup.server.run("p", "r").lines[HISTORY]).toHaveLength(2);
    for (const request of setup.server.requestsOf("file_stream")) {
      expect(request.body.length).toBeLessThan(10 * 1024 * 1024);
    }
  });

  it("gives undelivered lines to the caller with their place in the file, and later ones too", async () => {
    const setup = await harness();
    const undelivered: UndeliveredLines[] = [];
    const offsets = { [HISTORY]: 7 };
    const onUndelivered = (part: UndeliveredLines): number => undelivered.push(part);
    setup.server.inject({
      endpoint: "file_stream",
      fault: { kind: "status", status: 503 },
      times: Number.POSITIVE_INFINITY,
    });
    setup.server.store.createRun("team", "p", "r");
    const stream = await streamOn(setup, { offsets, onUndelivered });
    await stream.push(HISTORY, lines(0, 2));
    await stream.flush();
    await stream.push(HISTORY, lines(2, 1));
    await stream.complete(0);
    expect(undelivered).toEqual([
      { file: HISTORY, offset: 7, lines: lines(0, 2) },
      { file: HISTORY, offset: 9, lines: lines(2, 1) },
    ]);
    expect(stream.counts(HISTORY)).toEqual({
      pushed: 3,
      sent: 2,
      acknowledged: 0,
      undelivered: 3,
      tooLong: 0,
    });
    expect(stream.failure?.message).toContain("HTTP 503");
    expect(stream.completed).toBe(false);
  });

  it("hands out the lines of a request that was refused for good", async () => {
    const setup = await harness();
    setup.server.inject({
      endpoint: "file_stream",
      fault: { kind: "status", status: 400, body: '{"error":"no"}' },
    });
    const undelivered: UndeliveredLines[] = [];
    const stream = await streamOn(setup, { onUndelivered: (part) => undelivered.push(part) });
    await stream.push(HISTORY, ['{"x":"ü\\n"}']);
    await stream.complete(0);
    expect(undelivered).toEqual([{ file: HISTORY, offset: 0, lines: ['{"x":"ü\\n"}'] }]);
    // A final answer kills the stream: the end of the run is not reported on top of missing rows.
    expect(setup.server.requestsOf("file_stream")).toHaveLength(1);
    expect(setup.server.run("p", "r").state).toBe("running");
  });

  it("sends the same lines to the same place when the answer was lost", async () => {
    const setup = await harness();
    setup.server.inject({ endpoint: "file_stream", fault: { kind: "drop-answer" } });
    const stream = await streamOn(setup);
    await stream.push(HISTORY, lines(0, 3));
    await stream.complete(0);
    expect(setup.server.requestsOf("file_stream")).toHaveLength(2);
    expect(setup.server.run("p", "r").lines[HISTORY]).toEqual(lines(0, 3));
  });

  it("packs bodies when it is told to, and not otherwise", async () => {
    const setup = await harness({ features: ["FILESTREAM_GZIP"] });
    const run = await setup.start();
    for (let step = 1; step <= 100; step += 1) await run.history({ cost: step }, { step, timestamp: step });
    await run.finish();
    const plain = await harness();
    const other = await plain.start();
    for (let step = 1; step <= 100; step += 1) await other.history({ cost: step }, { step, timestamp: step });
    await other.finish();
    const encoding = (one: Harness): unknown =>
      one.server.requestsOf("file_stream")[0]?.headers["content-encoding"];
    expect(encoding(setup)).toBe("gzip");
    expect(encoding(plain)).toBeUndefined();
    expect(setup.server.history("ru-en", "student_MjcJG")).toEqual(
      plain.server.history("ru-en", "student_MjcJG"),
    );
    expect(setup.server.violations).toEqual([]);
  });
});

describe("a run whose server goes away", () => {
  it("finishes with a receipt that says what is missing, and hands the rows out", async () => {
    const { server, start } = await harness();
    const undelivered: string[] = [];
    const run = await start({ onUndelivered: ({ lines }) => undelivered.push(...lines) });
    await run.history({ cost: 1 }, { step: 1, timestamp: 1 });
    await run.flush();
    server.inject({ fault: { kind: "status", status: 503 }, times: Number.POSITIVE_INFINITY });
    await run.history({ cost: 2 }, { step: 2, timestamp: 2 });
    const before = server.requests.length;
    const receipt = await run.finish();
    expect(receipt).toMatchObject({ complete: false, rows: { acknowledged: 1, undelivered: 1 } });
    expect(receipt.failure).toContain("not delivered");
    expect(receipt.failedFiles.map((file) => file.name)).toContain("config.yaml");
    expect(undelivered).toEqual(['{"cost":2,"_step":2,"_runtime":1,"_timestamp":2}']);
    // One budget is used up once, not for every part of the end.
    expect(server.requests.length - before).toBeLessThan(20);
  });

  it("stops at once when it is told to", async () => {
    const { server, start } = await harness();
    const stop = new AbortController();
    const run = await start({ signal: stop.signal });
    server.inject({ fault: { kind: "hang" }, times: Number.POSITIVE_INFINITY });
    await run.history({ cost: 2 }, { step: 2, timestamp: 2 });
    const ending = run.finish();
    await until(() => server.requests.some((request) => request.status === undefined));
    stop.abort();
    const receipt = await ending;
    expect(receipt).toMatchObject({ complete: false, rows: { undelivered: 1 } });
  });
});
