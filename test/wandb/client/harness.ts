import { Agent } from "undici";
import { afterEach } from "vitest";
import {
  ApiKey,
  Budget,
  type RunOptions,
  WandbClient,
  type WandbClientOptions,
  WandbRun,
  type WandbSettings,
} from "../../../src/wandb/client/index.js";
import { type StandInOptions, StandInServer } from "../../servers/wandb/index.js";
import { TestClock } from "./test-clock.js";

/** A server, a client that speaks to it, and the clock that both the client and the test look at. */
export interface Harness {
  readonly server: StandInServer;
  readonly client: WandbClient;
  readonly clock: TestClock;
  /** Starts a run in project "ru-en". */
  start(options?: Partial<RunOptions>): Promise<WandbRun>;
}

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Settings for a stand-in server. */
export function settingsFor(server: StandInServer, key: string = server.apiKey): WandbSettings {
  return {
    baseUrl: server.url,
    uiUrl: server.url,
    apiKey: new ApiKey(key, "the test"),
    entity: undefined,
    mode: "online",
    dir: ".",
  };
}

/** Starts a server and a client; both end after the test. */
export async function harness(
  serverOptions: StandInOptions = {},
  clientOptions: WandbClientOptions = {},
): Promise<Harness> {
  const server = await StandInServer.start(serverOptions);
  cleanups.push(() => server.close());
  const clock = new TestClock();
  const client = new WandbClient(settingsFor(server), {
    version: "marian-tracking/test",
    // Proxies of the machine the tests run on must not come in between.
    dispatcher: new Agent(),
    clock,
    random: () => 0,
    timeouts: { graphql: 2000, fileStream: 2000, transfer: 2000 },
    ...clientOptions,
  });
  cleanups.push(() => client.close());
  return {
    server,
    client,
    clock,
    start: (options = {}) => WandbRun.start({ client, project: "ru-en", id: "student_MjcJG", ...options }),
  };
}

/** A budget on the harness's clock. */
export function budgetOf(clock: TestClock, milliseconds: number): Budget {
  return new Budget(milliseconds, clock);
}

/** Waits until something is the case; fails after many turns of the event loop rather than after some time. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("what the test waits for did not come");
}

/** Lets the client's clock go on until something is the case; says how many milliseconds passed on it. */
export async function within(stage: Harness, milliseconds: number, holds: () => boolean): Promise<void> {
  for (let passed = 0; !holds(); passed += 500) {
    if (passed >= milliseconds)
      throw new Error(`what the test waits for did not come within ${milliseconds} ms`);
    stage.clock.advance(500);
    // Requests need turns of the event loop, on which the client's clock does not run.
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
