/** The request to stop, in a process whose signals belong to the tests. */
import { getMaxListeners } from "node:events";
import { expect, test } from "vitest";
import { watchStopSignals } from "../../src/cli/stop-signal.js";

test("as many runs as there are may wait for it without a word of Node's about a leak", () => {
  const before = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map(
    (name) => [name, process.listeners(name)] as const,
  );
  try {
    expect(getMaxListeners(watchStopSignals().signal)).toBe(0);
  } finally {
    for (const [name, listeners] of before)
      for (const listener of process.listeners(name))
        if (!listeners.includes(listener)) process.removeListener(name, listener);
  }
});
