/** Before there is an answer: look-up, connection, proxy, TLS and head each end in their time, and at a signal. */
import dns from "node:dns";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HttpClient } from "../../src/http/index.js";
import { type DeafServer, startDeafServer } from "../servers/deaf.js";
import { CONNECTION_FAULTS, type ConnectionFault } from "../servers/faults.js";
import { FakeClock } from "./fake-clock.js";
import { POLICY } from "./policy.js";

const BUDGET_MS = 60_000;

const closing: (() => void)[] = [];
let connections = 0;
let open: Set<Socket>;
let deaf: DeafServer | undefined;
beforeEach(() => {
  connections = 0;
  open = new Set();
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) close();
});

/** A server of connections; its port. */
async function listen(take: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => open.delete(socket));
    take(socket);
    // Else the end of a connection goes unnoticed.
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

interface Way {
  readonly name: string;
  readonly url: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Where a connection may fail: by a fault, the way to the place where it is. */
const PLACES: Readonly<Record<string, (fault: ConnectionFault) => Promise<Way>>> = {
  "a server": async ({ take, name }) => ({ name, url: `http://127.0.0.1:${await listen(take)}/` }),
  "a server of TLS": async ({ take, name }) => ({ name, url: `https://127.0.0.1:${await listen(take)}/` }),
  "a proxy": async ({ take, name }) => ({
    name,
    url: "https://server.test/",
    environment: { HTTPS_PROXY: `http://127.0.0.1:${await listen(take)}` },
  }),
  "a proxy of TLS": async ({ take, name }) => ({
    name,
    url: "https://server.test/",
    environment: { HTTPS_PROXY: `https://127.0.0.1:${await listen(take)}` },
  }),
  "a server behind a proxy": async ({ take, name }) => {
    const port = await listen((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\n", () => take(socket)));
    });
    return {
      name,
      url: "https://server.test/",
      environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
    };
  },
};

function clientFor({ environment = {} }: Way) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const http = new HttpClient(POLICY, { userAgent: "t", clock, environment, random: () => 0 });
  closing.push(() => void http.close());
  return { http, clock, stop, scope: http.scope(BUDGET_MS, stop.signal) };
}

/** Holds a request to its budget and to few tries. */
async function expectToEnd(way: Way, tries = 8): Promise<void> {
  const { http, clock, scope } = clientFor(way);
  const start = clock.now();
  const outcome = await clock.settle(http.send({ url: way.url, what: "a" }, scope));
  expect(String(outcome)).toMatch(/undelivered|unusable|refused/);
  expect(clock.now() - start).toBeLessThanOrEqual(BUDGET_MS + 1000);
  expect(scope.requests).toBeLessThanOrEqual(tries);
  // Undici makes one more for a request that was ended, and sends nothing there.
  expect(connections).toBeLessThanOrEqual(2 * scope.requests);
}

/** Holds a request that waits to ending at a signal, without any time going by, and to leaving no connection. */
async function expectToStop(way: Way, waiting: () => boolean): Promise<void> {
  const { http, clock, stop, scope } = clientFor(way);
  const start = clock.now();
  const call = http.send({ url: way.url, what: "a" }, scope).catch(String);
  while (!waiting()) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  expect(await call).toMatch(/stopped/);
  expect(clock.now()).toBe(start);
  await http.close();
  while (open.size > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(Object.entries(PLACES))("%s", (place, wayTo) => {
  test.each(CONNECTION_FAULTS)("that $name costs a few tries within the budget", async (fault) => {
    await expectToEnd(await wayTo(fault), place === "a proxy" && fault.final === true ? 1 : 8);
  });

  test.each(CONNECTION_FAULTS.filter(({ slow }) => slow))("that $name is left at a signal", async (fault) => {
    await expectToStop(await wayTo(fault), () => connections > 0);
  });
});

describe("a connection that is neither made nor refused", () => {
  beforeEach(async () => {
    deaf = await startDeafServer();
    closing.push(deaf.close);
  });

  test.each([
    ["to a server", (port: number) => ({ name: "", url: `http://127.0.0.1:${port}/` })],
    [
      "to a proxy",
      (port: number) => ({
        name: "",
        url: "https://server.test/",
        environment: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
      }),
    ],
  ] as const)("%s ends in its time, and at a signal", async (_to, way) => {
    await expectToEnd(way(deaf?.port ?? 0));
    await expectToStop(way(deaf?.port ?? 0), () => true);
  });
});

describe("a name", () => {
  const way = { name: "", url: "http://server.test/" };

  test("whose look-up never ends is given up in its time, and at a signal", async () => {
    const lookup = vi.spyOn(dns, "lookup").mockImplementation((() => {}) as unknown as typeof dns.lookup);
    await expectToEnd(way);
    const before = lookup.mock.calls.length;
    expect(before).toBeGreaterThan(1);
    await expectToStop(way, () => lookup.mock.calls.length > before);
  });

  test("that nobody knows is looked up a few times", async () => {
    const lookup = vi.spyOn(dns, "lookup").mockImplementation(((
      _host: string,
      _options: unknown,
      callback: (error: Error) => void,
    ) => {
      process.nextTick(
        callback,
        Object.assign(new Error("getaddrinfo ENOTFOUND server.test"), { code: "ENOTFOUND" }),
      );
    }) as unknown as typeof dns.lookup);
    await expectToEnd(way);
    expect(lookup.mock.calls.length).toBeLessThanOrEqual(8);
  });
});

test("the end of a connection, while the reader of its answer is slow, is an error that is followed by another try", async () => {
  const bytes = 100_000;
  let ended: () => void = () => {};
  const isOver = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const port = await listen((socket) => {
    socket.once("close", () => ended());
    socket.end(`HTTP/1.0 200 OK\r\ncontent-length: ${bytes}\r\n\r\n${"x".repeat(bytes)}`);
  });
  const http = new HttpClient(POLICY, { userAgent: "test", environment: {} });
  const answer = await http.open({ url: `http://127.0.0.1:${port}/`, what: "it" }, http.scope());
  await isOver;
  const read = async () => {
    let all = 0;
    for await (const chunk of answer.body) all += chunk.length;
    return all;
  };
  await expect(read().catch((error: { code?: unknown }) => error.code)).resolves.toBeOneOf([
    bytes,
    "connection",
  ]);
  await http.close();
});
