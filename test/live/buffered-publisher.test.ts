/** What a publisher that lags behind its log does at a signal. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BufferedPublisher, type LivePublisher } from "../../src/live/buffered-publisher.js";
// What a start of Marian has loaded; here the clock does not wait for it.
import "../../src/run/command-line.js";
import type { RunUpdate } from "../../src/run/run-reader.js";

const START = "[2024-03-04 09:00:00] [marian] Marian v1.12.14 2d067af\n";
const row = (up: number, cost: string) =>
  `[2024-03-04 10:00:00] Ep. 1 : Up. ${up} : Sen. ${up * 10} : Cost ${cost}\n`;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A publisher that notes what it gets; one that `hangs` takes nothing until it gives the server up. */
function stage({ hangs = false } = {}) {
  const values: number[] = [];
  const told: string[] = [];
  let free: () => void = () => {};
  const given = new Promise<void>((resolve) => {
    free = resolve;
  });
  const own: LivePublisher = {
    name: "W&B",
    async publish({ batch }) {
      if (hangs) await given;
      values.push(...batch.training.cost, ...batch.validation.value);
    },
    async flush() {
      told.push(`flush with ${values.length}`);
    },
    giveUp() {
      told.push("giveUp");
      free();
    },
    close: async () => ({ outputs: [] }),
    discard: async () => {},
  };
  const stop = new AbortController();
  const late = new BufferedPublisher(
    "W&B",
    Promise.resolve(() => own),
    { stop: stop.signal },
  );
  const say = (text: string) =>
    late.publish({ chunk: new TextEncoder().encode(text) } as Partial<RunUpdate> as RunUpdate);
  return {
    values,
    told,
    say,
    stop: () => stop.abort(),
    end: () => late.publish({ chunk: undefined } as Partial<RunUpdate> as RunUpdate).then(() => late.close()),
  };
}

/** Lets the clock go on, and what waits for it work. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 50) {
    await vi.advanceTimersByTimeAsync(50);
    // The parser's module is loaded in turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("after a signal", () => {
  test("a record that may be cut waits for the rest of it", async () => {
    const { values, told, say, stop, end } = stage();
    await say(`${START}${row(1, "9.00000000")}${row(2, "8.00000000")}`);
    await pass(200);
    await say(row(3, "7.12"));
    await pass(200);
    stop();
    await pass(1000);
    expect(values).toEqual([9, 8]);
    await say("345600\n");
    await say(row(4, "6.00000000"));
    await pass(200);
    expect(values.slice(0, 3)).toEqual([9, 8, 7.123456]);
    expect(told).toEqual([`flush with ${values.length}`]);
    await end();
  });

  test("it does not wait for ever: it is there within 10 s though nothing more comes", async () => {
    const { values, told, say, stop, end } = stage();
    await say(`${START}${row(1, "9.00000000")}${row(2, "8.00000000")}`);
    await say("[2024-03-04 10:00:01] [valid] Ep. 1 : Up. 2 : chrf : 50\n");
    await pass(200);
    stop();
    await pass(1000);
    expect(values).toEqual([9, 8]);
    await pass(6000);
    expect(values).toEqual([9, 8, 50]);
    expect(told).toEqual(["flush with 3"]);
    await end();
    expect(values).toEqual([9, 8, 50]);
  });

  test.each([
    ["a little", 1, 7000],
    ["much", 300_000, 0],
  ])(
    "of %s that waits, the server has the time that the disk does not need",
    async (_what, rows, patience) => {
      const { told, say, stop, end } = stage({ hangs: true });
      await say(START);
      await pass(200);
      const text = Array.from({ length: 1000 }, (_, index) => row(index + 1, "9.00000000")).join("");
      for (let said = 0; said < rows; said += 1000) await say(text);
      stop();
      await pass(patience);
      expect(told).toEqual([]);
      await pass(8000 - patience);
      expect(told[0]).toBe("giveUp");
      await end();
    },
  );
});
