/** The request to stop, in a process whose signals belong to the tests. */
import { expect, test } from "vitest";
import { watchStopSignals } from "../../src/cli/stop-signal.js";

test("as many runs as there are may wait for it without a word of Node's about a leak", async () => {
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const before = names.map((name) => ({ name, listeners: process.listeners(name) }));
  const warnings: string[] = [];
  const note = ({ name }: Error) => warnings.push(name);
  process.on("warning", note);
  try {
    const { signal } = watchStopSignals();
    for (let run = 0; run < 30; run += 1) signal.addEventListener("abort", () => {}, { once: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  } finally {
    process.off("warning", note);
    for (const { name, listeners } of before)
      for (const listener of process.listeners(name))
        if (!listeners.includes(listener)) process.removeListener(name, listener);
  }
});
