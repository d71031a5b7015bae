/** How long the client waits: between tries, for its turn, and while other requests get through. */
import fc from "fast-check";
import { MockAgent } from "undici";
import { describe, expect, test } from "vitest";
import { HttpClient } from "../../src/http/index.js";
import { askedPause, limitPause } from "../../src/http/rate-limit.js";
import { FakeClock } from "./fake-clock.js";
import { FIRST_MS, LONGEST_MS, POLICY } from "./policy.js";

const ORIGIN = "http://server.test";
interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** A client whose server answers each path by a function; requests are counted by path. */
function clientOf(answer: (path: string, count: number) => Answer, concurrency?: number) {
  const clock = new FakeClock();
  const counts = new Map<string, number>();
  /** When requests of any path were sent, in milliseconds since the start. */
  const sent: number[] = [];
  const start = clock.now();
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get(ORIGIN)
    .intercept({ path: () => true })
    .reply(({ path }) => {
      const count = (counts.get(path) ?? 0) + 1;
      counts.set(path, count);
      sent.push(clock.now() - start);
      const { status, headers } = answer(path, count);
      return { statusCode: status, data: "{}", responseOptions: { headers: headers ?? {} } };
    })
    .persist();
  const http = new HttpClient(POLICY, {
    userAgent: "t",
    clock,
    dispatcher: agent,
    random: () => 0,
    concurrency,
  });
  return { http, clock, start, sent, count: (path: string) => counts.get(path) ?? 0 };
}

const NOW = Date.parse("2026-01-01T00:00:00Z");
const SERVED = "Thu, 01 Jan 2026 05:00:00 GMT";

describe("what a server asks to wait", () => {
  test.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "-7" }, 0],
    [{ "retry-after": "-0.5" }, 0],
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": " +7 " }, 7000],
    [{ "retry-after": "007" }, 7000],
    [{ "retry-after": "0.25" }, 250],
    [{ "retry-after": "2147484" }, 2_147_484_000],
    [{ "retry-after": "1000000000000" }, 1e15],
    [{ "retry-after": "9".repeat(400) }, Number.POSITIVE_INFINITY],
    ...[
      "",
      "soon",
      "1e12",
      "NaN",
      "Infinity",
      "7s",
      "7,",
      "0x10",
      "May",
      "5, 10",
      "2026-01-01T00:00:07Z",
    ].map((text): [Record<string, string>, undefined] => [{ "retry-after": text }, undefined]),
    // The three forms of a date that HTTP knows; each of them is in GMT, whatever zone this machine is in.
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT" }, 7000],
    [{ "retry-after": "Thursday, 01-Jan-26 00:00:07 GMT" }, 7000],
    [{ "retry-after": "Thu Jan  1 00:00:07 2026" }, 7000],
    [{ "retry-after": "Thu, 01 Jan 2026 01:00:07 +0100" }, 7000],
    [{ "retry-after": "Wed, 31 Dec 2025 23:59:53 GMT" }, 0],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }, 0],
    // The clock of the server is five hours ahead, and the other way round.
    [{ "retry-after": "Thu, 01 Jan 2026 05:00:07 GMT", date: SERVED }, 7000],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT", date: SERVED }, 7000],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT", date: "Wed, 31 Dec 2025 00:00:00 GMT" }, 7000],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:07 GMT", date: "no date" }, 7000],
  ])("%j is %s ms", (headers, expected) => {
    expect(askedPause(headers, NOW)).toBe(expected);
  });

  test.each<[string, string | undefined, number | undefined]>([
    ["1", "60", undefined],
    ["", "60", undefined],
    ["0", undefined, undefined],
    ["0", "0", undefined],
    ["0", "-60", undefined],
    ["0", "soon", undefined],
    ["0", "60", 60_000],
    [" 0 ", "0.5", 500],
    ["0", "1767243660", 60_000],
    ["0", "1767243540", 0],
  ])("RateLimit-Remaining: %j, RateLimit-Reset: %j is %s ms", (remaining, reset, expected) => {
    const headers = { "ratelimit-remaining": remaining, "ratelimit-reset": reset, date: SERVED };
    expect(limitPause(headers, NOW)).toBe(expected);
  });
});

const retryAfter = fc.oneof(
  fc.constantFrom("0", "-1", "soon", "", "1e12", "1000000000000", "2147483.648", "2147484", "0.001", "59.5"),
  fc.integer({ min: -10, max: 1000 }).map(String),
  fc.integer({ min: -1e9, max: 1e9 }).map((ms) => new Date(NOW + ms).toUTCString()),
);
const failing = fc.record({
  status: fc.constantFrom(429, 500, 503),
  headers: fc.record(
    {
      "retry-after": retryAfter,
      "ratelimit-remaining": fc.constantFrom("0", "1"),
      "ratelimit-reset": fc.constantFrom("0", "0.5", "30", "1000000000000", "-1"),
      date: fc.integer({ min: -1e8, max: 1e8 }).map((ms) => new Date(NOW + ms).toUTCString()),
    },
    { requiredKeys: [] },
  ),
});

test("whatever is asked, tries keep to the growing pauses and to the budget", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(failing, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 600_000 }),
      async (answers, budgetMs) => {
        const { http, clock, sent, start } = clientOf(
          (_path, count) => answers[(count - 1) % answers.length] as Answer,
        );
        const scope = http.scope(budgetMs);
        const outcome = await http.send({ url: `${ORIGIN}/a`, what: "a" }, scope).catch(String);
        expect(outcome).toMatch(/undelivered/);
        expect(clock.now() - start).toBeLessThanOrEqual(budgetMs);
        const pauses = sent.slice(1).map((moment, at) => moment - (sent[at] as number));
        // The last may be cut short by the end of the budget.
        for (const [at, pause] of pauses.slice(0, -1).entries())
          expect(pause).toBeGreaterThanOrEqual(Math.min(LONGEST_MS, FIRST_MS * 2 ** at));
        expect(sent.length).toBeLessThanOrEqual(
          2 + Math.log2(1 + budgetMs / FIRST_MS) + budgetMs / LONGEST_MS,
        );
        expect(scope.requests).toBe(sent.length);
      },
    ),
    { numRuns: 150 },
  );
});

test("the longer of Retry-After and the rate limit counts", async () => {
  const headers = { "ratelimit-remaining": "0", "ratelimit-reset": "5", "retry-after": "90" };
  const { http, sent } = clientOf((_path, count) =>
    count === 1 ? { status: 429, headers } : { status: 200 },
  );
  await http.send({ url: `${ORIGIN}/a`, what: "a" }, http.scope());
  expect(sent).toEqual([0, 90_000]);
});

describe("while other requests to the server get through", () => {
  test.each([
    [500, 1],
    [429, 10],
  ])("a request that is answered %s for ever is given up after %s budgets", async (status, budgets) => {
    const { http, clock, start } = clientOf((path) => ({ status: path === "/bad" ? status : 200 }));
    const scope = http.scope(60_000);
    let done = false;
    const bad = http
      .send({ url: `${ORIGIN}/bad`, what: "a" }, scope)
      .catch(String)
      .finally(() => {
        done = true;
      });
    while (!done) {
      await http.send({ url: `${ORIGIN}/good`, what: "b" }, scope);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await bad).toMatch(/undelivered/);
    expect(clock.now() - start).toBeLessThanOrEqual(budgets * 60_000);
  });

  test("the time in which a request waits for its turn is not its own", async () => {
    const { http, clock } = clientOf((_path, count) => ({ status: count === 1 ? 503 : 200 }), 1);
    clock.held = true;
    const scope = http.scope(10_000);
    let release: (() => void) | undefined;
    const first = http.retrying({ url: `${ORIGIN}/x`, what: "x" }, scope, async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    const second = http.send({ url: `${ORIGIN}/a`, what: "a" }, scope);
    while (release === undefined) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(60_000);
    release();
    await first;
    expect(await clock.settle(second)).toMatchObject({ status: 200 });
  });

  test("a request whose turn comes after the server asked all to wait waits too", async () => {
    const limit = { "ratelimit-remaining": "0", "ratelimit-reset": "30" };
    const { http, sent } = clientOf(
      (path) => ({ status: 200, ...(path === "/1" ? { headers: limit } : {}) }),
      1,
    );
    const scope = http.scope();
    await Promise.all(["/1", "/2"].map((path) => http.send({ url: `${ORIGIN}${path}`, what: path }, scope)));
    expect(sent).toEqual([0, 30_000]);
  });
});
