import { gunzipSync } from "node:zlib";
import { Agent } from "undici";
import { afterEach, expect } from "vitest";
import { type Clock, type SleepPurpose, systemClock } from "../../../src/http/index.js";
import type { ArtifactRef } from "../../../src/taskcluster/client/index.js";
import { Queue, type QueueOptions } from "../../../src/taskcluster/client/index.js";

export { IDS } from "./ids.js";

import { ownGroup, type StandInOptions, TaskclusterStandIn } from "../../servers/taskcluster/index.js";

/** A clock that stands still: every sleep moves it forward and ends in the next turn of the event loop. */
export class TestClock implements Clock {
  /** Every sleep that was asked for, in order, in milliseconds. */
  readonly slept: number[] = [];
  #now = Date.parse("2026-11-23T20:00:00Z");

  now(): number {
    return this.#now;
  }

  async sleep(milliseconds: number, signal?: AbortSignal, purpose?: SleepPurpose): Promise<void> {
    // Of a server that really hangs, real time has to pass.
    if (purpose === "deadline") return systemClock.sleep(milliseconds, signal);
    this.slept.push(milliseconds);
    this.#now += milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A stand-in, a queue that speaks to it, and the clock that both the queue and the test look at. */
export interface Harness {
  readonly server: TaskclusterStandIn;
  readonly queue: Queue;
  readonly clock: TestClock;
}

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Something to be done after the test. */
export function afterTest(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

/** Starts a stand-in with the groups of the repository's own; it ends after the test, and must have had no complaints. */
export async function standIn(options: StandInOptions = {}): Promise<TaskclusterStandIn> {
  const groups = (["fjord", "coast", "brook", "push"] as const).map(ownGroup);
  const server = await TaskclusterStandIn.start({ groups, ...options });
  afterTest(async () => {
    await server.close();
    expect(server.violations).toEqual([]);
  });
  return server;
}

/** Starts a stand-in and a queue; both end after the test. */
export async function harness(
  serverOptions: StandInOptions = {},
  queueOptions: Partial<QueueOptions> = {},
): Promise<Harness> {
  const server = await standIn(serverOptions);
  const clock = new TestClock();
  const queue = queueFor(server, { clock, ...queueOptions });
  return { server, queue, clock };
}

/** A queue that speaks to a stand-in and ends after the test. */
export function queueFor(server: TaskclusterStandIn, options: Partial<QueueOptions> = {}): Queue {
  const queue = new Queue({
    rootUrl: server.url,
    userAgent: "marian-tracking/test",
    // Proxies of the machine the tests run on must not come in between.
    dispatcher: new Agent(),
    random: () => 0.5,
    ...options,
  });
  afterTest(() => queue.close());
  return queue;
}

/** All items of an asynchronous iterable. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The whole content of an artifact, unpacked. */
export function contentOf(queue: Queue, ref: ArtifactRef): Promise<Buffer> {
  return queue.download(ref, async ({ gzip, chunks }) => {
    const bytes = Buffer.concat(await all(chunks));
    return gzip ? gunzipSync(bytes) : bytes;
  });
}
